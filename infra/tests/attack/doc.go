// Package attack sends the built functions what an attacker would send, from
// outside: over HTTP, on the local stack, with a Webex cloud in memory.
//
// It has tests only. Each row of their tables names one hostile request and the
// answer that it must get, and after every row nothing may have changed: not a
// byte of the table, no request at Webex, no configuration. What an honest
// caller may expect is package contract's to say.
//
// One region's key set is the tests' own, so that tokens can be signed which
// Webex never would sign: with claims in any form, by keys of any kind. All
// addresses that a request tries to lead to are loopback ones or end in names
// that do not exist, and a canary listens for whoever comes.
package attack
