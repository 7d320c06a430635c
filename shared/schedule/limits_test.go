package schedule

import (
	"testing"
	"time"
)

// TestRateOfARunWithoutShards: a run that only takes over stalled shards keeps a rate, too.
func TestRateOfARunWithoutShards(t *testing.T) {
	for shards, want := range map[int]float64{0: 2, 1: 2, 16: 32} {
		if got := newLimits(Run{Rate: 32, Concurrency: 8}, shards, time.Now).limiter; got == nil || float64(got.Limit()) != want {
			t.Errorf("%d shards: %v", shards, got)
		}
	}
	if newLimits(Run{Concurrency: 8}, 0, time.Now).limiter != nil {
		t.Error("a run without a rate is limited")
	}
}
