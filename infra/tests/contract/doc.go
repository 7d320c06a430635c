// Package contract holds the built functions to the project's contract from
// outside: over HTTP, on the local stack, with a Webex cloud in memory.
//
// It has tests only. They know what is promised (codes, statuses, headers, what
// happens at Webex) and nothing of how it is done: the one thing of the product
// that they import is what seals the local secrets. Expectations are written
// from the contract, so that a test which fails is a question of who is right.
//
// The tests share one stack, each with organizations of its own. Those that
// need another deployment start one.
package contract
