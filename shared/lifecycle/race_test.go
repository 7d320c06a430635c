//go:build race

package lifecycle_test

// raceDetector: allocations are not counted, since it makes some of its own.
const raceDetector = true
