//go:build !race

package faults_test

// share: every case is run.
const share = 1
