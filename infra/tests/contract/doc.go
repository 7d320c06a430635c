// Package contract checks the built functions against the contract, from outside:
// over HTTP, on the local stack, with a Webex cloud in memory.
//
// It has tests only. They know what is promised (codes, statuses, headers, the
// effects at Webex) and not how it is implemented. Their expectations come from
// the contract: when one fails, the code or the contract may be wrong.
//
// The tests share one stack, in which each has its own organizations. Those that
// need another deployment start one.
package contract
