// Package measure owns how a benchmark counts: medians, of things measured in
// turns, so that what the machine does meanwhile meets all of them alike. It
// knows nothing of what is measured.
package measure

import (
	"fmt"
	"slices"
	"time"
)

// Median is the middle of values, the lower one of two; the zero value of none.
func Median[T time.Duration | float64 | int64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// Ratio is a divided by b.
func Ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// Subject is one of several things that are measured against each other.
type Subject[T any] struct {
	Name    string
	Measure func() (T, error)
}

// InTurns measures every subject once a round: each meets what the machine does
// in that time. The values are by the subject's name, in the order of rounds.
func InTurns[T any](rounds int, subjects []Subject[T]) (map[string][]T, error) {
	values := make(map[string][]T, len(subjects))
	for range rounds {
		for _, subject := range subjects {
			value, err := subject.Measure()
			if err != nil {
				return nil, fmt.Errorf("measure %s: %w", subject.Name, err)
			}
			values[subject.Name] = append(values[subject.Name], value)
		}
	}
	return values, nil
}
