package model_test

import (
	"testing"
	"time"
)

// remembered are sequences that failed once, each with what was wrong: the
// product, or what is asked of it here. They are played as they were drawn.
var remembered = map[string]sequence{
	// The oracle took the run's work on the move, which may touch the newer
	// activation's row, for its work on the earlier one's.
	"one run proves a move and verifies, while a newer code is promoted": {
		Pace: stormy,
		Steps: []step{
			{Kind: activate, Deliveries: []delivery{{}}},
			{Kind: verify, Gap: 2 * time.Second, Deliveries: []delivery{{After: 2 * time.Hour}}},
			{Kind: activate, Gap: 2 * time.Second, Deliveries: []delivery{{After: 2 * time.Hour}}},
			{Kind: move, Gap: 2 * time.Second, Variant: 2, Deliveries: []delivery{{}}},
		},
	},
	// The region that the customer had left said that it stored nothing, and the
	// PUT arrived when the customer was back.
	"moved away and back while a configuration is put": {
		Seed: 0x142e78f, Pace: uneven,
		Steps: []step{
			{Kind: activate, Deliveries: []delivery{{}}},
			{Kind: activate, Gap: 2 * time.Second, Deliveries: []delivery{{}}},
			{Kind: move, Variant: 1, Deliveries: []delivery{{}}},
			{Kind: move, Gap: 2 * time.Second, Deliveries: []delivery{{}}},
		},
	},
	// The row still named the former actionsUrl, since the worker died between the PATCH
	// and its write: with the former setting nobody registered it again.
	"PUBLIC_URL is changed and changed back while its registration is not stored": {
		Crowd: true,
		Steps: []step{
			{Kind: activate, Deliveries: []delivery{{}}},
			{Kind: verify, Gap: time.Second, Deliveries: []delivery{{After: 40 * time.Millisecond, KillAfter: 7}}},
			{Kind: settings, Gap: 30 * time.Millisecond, Variant: 3},
			{Kind: settings, Gap: 16 * time.Minute, Variant: 1},
		},
	},
	// The row still said that we do not provide the feature, so nobody asked Webex what
	// it stores.
	"a feature is provided again and dropped again while its push is not stored": {
		Crowd: true,
		Steps: []step{
			{Kind: settings, Variant: 2},
			{Kind: verify, Gap: time.Second, Variant: 2, Deliveries: []delivery{{}}},
			{Kind: settings, Gap: 20 * time.Minute},
			{Kind: verify, Gap: time.Second, Variant: 2, Deliveries: []delivery{{KillAfter: 9}}},
			{Kind: settings, Gap: 16 * time.Minute, Variant: 2},
		},
	},
	// The region that the customer had left said that it stored nothing, so nobody asked
	// again when the customer was back.
	"moved away and back, unnoticed, while a feature is dropped": {
		Pace: uneven,
		Steps: []step{
			{Kind: activate, Deliveries: []delivery{{}}},
			{Kind: activate, Gap: 2 * time.Second, Deliveries: []delivery{{After: 3 * time.Minute}, {After: 20 * time.Hour}}},
			{Kind: settings, Gap: 2 * time.Second, Variant: 2},
			{Kind: move, Variant: 1, Deliveries: []delivery{{After: 3 * time.Minute, KillAfter: 1}}},
			{Kind: move, Gap: 6 * time.Minute, Deliveries: []delivery{{}}},
		},
	},
}

func TestRememberedSequences(t *testing.T) {
	for name, s := range remembered {
		t.Run(name, func(t *testing.T) {
			violations, trail := play(t, s, inMemory, plant{})
			for _, violation := range violations {
				t.Errorf("%s\n%s", violation, trail)
			}
		})
	}
}
