// Package attack sends the built functions what an attacker would send, from
// outside: over HTTP, on the local stack, with a Webex cloud in memory.
//
// It has tests only. Each row of their tables names one hostile request and its
// expected answer. After the rows nothing may have changed: no byte of the table,
// no configuration, and no request at Webex. Package contract tests what honest
// callers may expect.
//
// One region's key set belongs to the tests, so that they can sign tokens that
// Webex never would: with claims in any form, by keys of any kind. All addresses
// in the requests are loopback ones or names that do not exist, and a canary
// notices calls to them.
package attack
