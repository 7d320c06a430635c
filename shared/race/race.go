// Package race tells tests whether the race detector is on. It makes each case
// take several times as long and allocates on its own: with it, a test of very
// many cases runs a part of them, for the detector, and all of them without it.
// Only tests may import it.
package race

// Share returns part under the race detector, and all without it.
func Share(all, part int) int {
	if Enabled {
		return part
	}
	return all
}
