package coldstart

import (
	"fmt"
	"os"

	"signpost/infra/bench/report"
	"signpost/infra/bench/testbed"
)

// The targets for the size, as multiples of the floor.
const (
	maxHotSize   = 1.3
	maxOtherSize = 1.6
)

// addSizes compares the built programs with the floor.
func addSizes(t *testbed.Testbed, results *report.Report) error {
	floor, err := size(t.Built("bench", "floor"))
	if err != nil {
		return err
	}
	plain, err := size(t.Built("bench", "floor-plain"))
	if err != nil {
		return err
	}
	sizes := map[string]float64{}
	for _, f := range t.Functions {
		bytes, err := size(t.Binary(f))
		if err != nil {
			return err
		}
		sizes[f.LogicalID] = float64(bytes)
	}
	largestOfHot, largestOfRest := worst(t, func(id string) float64 { return sizes[id] / float64(floor) })
	how := fmt.Sprintf("The floor, built with the functions' own flags, has %s.", megabytes(floor))
	against := largestOfRest.ratio * float64(floor) / float64(plain)
	results.Add(
		largestOfHot.row("binary, cross-launch and launches", maxHotSize, how),
		report.Row{
			What: "binary, the rest", Target: fmt.Sprintf("≤ %.1f × the floor", maxOtherSize),
			Figure: fmt.Sprintf("%.2f × (%s), %.2f × with the tag", against, largestOfRest.name, largestOfRest.ratio), Met: against <= maxOtherSize,
			Notes: []string{how, fmt.Sprintf("The target was set by a floor of 10.2 MB, one built without the tag lambda.norpc, which has %s here; the second figure is against the floor with it.", megabytes(plain)),
				"Beyond the floor it is mostly Tink with protobuf, which looks up methods by name, so that the linker keeps every exported method."},
		},
	)
	return nil
}

func size(file string) (int64, error) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, fmt.Errorf("%w: run `make bench`, which builds it", err)
	}
	return info.Size(), nil
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
