// Package race tells tests whether the race detector is on. It makes each case
// take several times as long, and allocates on its own: with it, a test of very
// many cases runs a part of them, unless TEST_ALL is set in the environment, and
// all of them without it. Only tests may import it.
package race

import (
	"os"
	"strconv"
)

// all is whether every case runs.
var all = !Enabled || os.Getenv("TEST_ALL") != ""

// Share returns part under the race detector, and whole where all cases run.
func Share(whole, part int) int {
	if all {
		return whole
	}
	return part
}

// seed chooses the cases that Chosen reports; the Makefile varies it.
var seed, _ = strconv.ParseUint(os.Getenv("TEST_SEED"), 10, 32) // 0 where it is no number

// Chosen reports whether the n-th case of a test runs: every case where all run,
// and one of each `every` under the race detector. Which one depends on
// TEST_SEED, so that many runs together cover all cases.
func Chosen(n, every int) bool {
	return all || (uint64(n)+seed)%uint64(every) == 0
}
