// Package faults is test support: it breaks one outbound call of a use case at
// a time, in every way that a call can fail, and holds what is left behind to
// the invariants of the design.
//
// A [Process] stands for one process of a function. All that it sends to Webex
// and to DynamoDB goes through its transports, which give each call a name
// that is the same in every run: so the calls of a use case are discovered by
// running it once, and each of them can be struck by each [Fault] in a run of
// its own. [Check] then looks at Webex, the table and the log.
//
// It knows what the product promises and where that can be seen; of how the
// product keeps it, it must know nothing. The tests of this package enumerate
// the use cases in one process on a clock of their own; those of
// infra/local/faults kill real ones.
package faults
