// Package measure holds the benchmark's statistics: medians of subjects measured in
// turns, so that other load on the machine affects all of them alike.
package measure

import (
	"fmt"
	"slices"
	"time"
)

// Median returns the middle value, the lower of two, and 0 for no values.
func Median[T time.Duration | float64 | int64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// Ratio returns a divided by b.
func Ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// Milliseconds returns d in milliseconds, with microseconds as decimals.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Subject is one of several things that are compared.
type Subject[T any] struct {
	Name    string
	Measure func() (T, error)
}

// InTurns measures every subject once per round, so that all see the same load of
// the machine. It returns the values by the subject's name, in the order of rounds.
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
