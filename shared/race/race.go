// Package race tells tests whether the race detector is on. It makes each case
// take several times as long, and allocates on its own: with it, a test of very
// many cases runs a part of them, and all of them without it. Only tests may
// import it.
package race

import (
	"os"
	"strconv"
)

// Share returns part under the race detector, and all without it.
func Share(all, part int) int {
	if Enabled {
		return part
	}
	return all
}

// seed chooses the cases that Chosen reports; the Makefile varies it.
var seed, _ = strconv.ParseUint(os.Getenv("TEST_SEED"), 10, 32) // 0 unless it is a number

// Chosen reports whether the n-th case of a test runs: every case without the
// race detector, and one in `every` with it. Which one depends on TEST_SEED, so
// that many runs together cover all cases.
func Chosen(n, every int) bool {
	return !Enabled || (uint64(n)+seed)%uint64(every) == 0
}
