//go:build !race

package lifecycle_test

// raceDetector: allocations are counted.
const raceDetector = false
