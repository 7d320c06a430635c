// Package race tells tests whether the race detector is on, and whether they are to run a
// sample of their cases. The detector makes each case take several times as long, and
// allocates on its own: with it, or where TEST_SEED chooses a sample, a test of very many
// cases runs a part of them, otherwise all. Only tests may import it.
package race

import (
	"os"
	"strconv"
)

// sampled is whether only a part of the cases runs.
var sampled = Enabled || os.Getenv("TEST_SEED") != ""

// Share returns part where a sample of the cases runs, and all otherwise.
func Share(all, part int) int {
	if sampled {
		return part
	}
	return all
}

// seed chooses the cases that Chosen reports; the Makefile varies it.
var seed, _ = strconv.ParseUint(os.Getenv("TEST_SEED"), 10, 32) // 0 unless it is a number

// Chosen reports whether the n-th case of a test runs: one in `every` where a sample of the
// cases runs, and every case otherwise. Which one depends on TEST_SEED, so
// that many runs together cover all cases.
func Chosen(n, every int) bool {
	return !sampled || (uint64(n)+seed)%uint64(every) == 0
}
