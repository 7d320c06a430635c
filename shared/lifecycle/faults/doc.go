// Package faults is test support: it breaks one outbound call of a use case at
// a time, in every way that a call can fail, and holds what is left behind to
// the invariants of the design.
//
// A [Process] stands for one process of a function. All that it sends to Webex
// and to DynamoDB goes through its transports, which give each call a name
// that is the same in every run: so the calls of a use case are discovered by
// running it once, and each [Fault] can be injected into each of them in a run of
// its own. [Check] then looks at Webex, the table and the log.
//
// A fault at one call cannot show what two workers do to each other. So pairs of
// use cases on one organization are run side by side in a bubble of their own
// time, one call to the store or to Webex after the other, in every order that
// switches away from a use case that could continue a few times at most, and in some
// other orders, by seed.
//
// It knows what the product promises and where that can be observed. It must not know
// how the product keeps these promises. The tests of this package enumerate
// the use cases in one process on a clock of their own; those of
// infra/tests/faults kill real ones.
package faults
