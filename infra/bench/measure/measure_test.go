package measure_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/infra/bench/measure"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []time.Duration
		want   time.Duration
	}{{nil, 0}, {[]time.Duration{3}, 3}, {[]time.Duration{9, 1, 5}, 5}, {[]time.Duration{4, 1, 9, 5}, 4}} {
		if got := measure.Median(test.values); got != test.want {
			t.Errorf("Median(%v) = %d, want %d", test.values, got, test.want)
		}
	}
	values := []float64{2, 1}
	measure.Median(values)
	if values[0] != 2 {
		t.Error("the values were reordered")
	}
}

func TestInTurns(t *testing.T) {
	var order []string
	subject := func(name string, err error) measure.Subject[int] {
		return measure.Subject[int]{Name: name, Measure: func() (int, error) {
			order = append(order, name)
			return len(order), err
		}}
	}
	values, err := measure.InTurns(2, []measure.Subject[int]{subject("a", nil), subject("b", nil)})
	if err != nil || strings.Join(order, "") != "abab" || !slices.Equal(values["b"], []int{2, 4}) {
		t.Errorf("order %v, values %v, %v", order, values, err)
	}
	failure := errors.New("no")
	if _, err := measure.InTurns(2, []measure.Subject[int]{subject("c", failure)}); !errors.Is(err, failure) {
		t.Errorf("error = %v", err)
	}
}
