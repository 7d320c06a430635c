// Package model holds the use cases of package lifecycle to a small model of
// what must hold, over random sequences of everything that Webex, admins and
// time can do to one deployment: duplicated, delayed, reordered, lost, at the
// same time, by workers that are slow, fail, or die in the middle.
//
// A sequence is data, drawn by rapid. It is played in a bubble of its own time
// (testing/synctest): every call of a worker to the store or to Webex takes a
// time that follows from the sequence's seed, so that the same sequence gives
// the same interleaving, leases run out as they would, and no test waits.
//
// What is checked, see oracle_test.go: at every write that it is one the tokens
// delivered so far justify; and, once faults have ended and the schedule has
// run, that nothing was lost. Of passes: that what they say was verified was asked of
// Webex, that all is healed within an interval and a run, and that nothing is written
// of what is in order. Of rollouts, which the vendor starts, pauses, resumes and aborts
// among all the rest: that nobody outside the stages is ever shown the new revision, and
// that each ends in one state. Planted bugs show that it finds what it is for.
//
// The package itself is a store in memory, which package dynamo's tests hold
// to the same behaviour as the real one. It is for tests only.
package model
