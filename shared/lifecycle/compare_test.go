package lifecycle_test

import (
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/race"
	"signpost/shared/webex"
)

// comparison is what a verification compares of one feature that is in sync.
func comparison(feature webex.Feature) (lifecycle.Settings, installation.Installation, *webex.FeatureConfig) {
	settings := lifecycle.Settings{ClientID: "c", PublicURL: base, VerifyInterval: time.Hour, Provided: map[webex.Feature]lifecycle.Content{
		webex.DigitalSignage: {DeviceURL: signage}, webex.PersistentWebApp: {DeviceURL: webApp},
	}}
	row := installation.Installation{Key: installationtest.Key("o"), State: installation.Active, Features: map[webex.Feature]installation.Feature{
		feature: {Endpoint: "https://xapi-r.wbx2.com/features/" + string(feature), Status: installation.InSync},
	}}
	stored, _ := settings.Wanted(feature, row)
	return settings, row, &stored
}

// compareAllocations are what comparing one feature that is in sync allocates at
// most, its fingerprint included.
const compareAllocations = 16

func TestComparisonAllocates(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates too")
	}
	for _, feature := range webex.Features {
		settings, row, stored := comparison(feature)
		now := time.Now()
		got := testing.AllocsPerRun(100, func() {
			if verdict := settings.Judge(row, feature, stored, now); verdict.Verb != lifecycle.Leave {
				t.Fatalf("verdict = %s", verdict.Verb)
			}
		})
		if got > compareAllocations {
			t.Errorf("%s: %.0f allocations, want %d at most", feature, got, compareAllocations)
		}
	}
}

// BenchmarkJudge compares one feature that is in sync, and one that drifted.
func BenchmarkJudge(b *testing.B) {
	for _, state := range []string{"in sync", "drifted"} {
		b.Run(state, func(b *testing.B) {
			settings, row, stored := comparison(webex.DigitalSignage)
			if state == "drifted" {
				stored.DeviceURL += "&changed"
			}
			b.ReportAllocs()
			for b.Loop() {
				settings.Judge(row, webex.DigitalSignage, stored, time.Now())
			}
		})
	}
}
