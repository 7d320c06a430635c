//go:build race

package faults_test

// share: with the race detector, which makes each take several times as long,
// every fourth case is run. That is for the detector; for the proof, all are run
// without it.
const share = 4
