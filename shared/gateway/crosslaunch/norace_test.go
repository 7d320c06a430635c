//go:build !race

package crosslaunch_test

// raceDetector: allocations are counted.
const raceDetector = false
