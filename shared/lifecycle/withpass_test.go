package lifecycle_test

import (
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// The last pass that verified a row says when that was and that it was in order, except
// for a push that is still postponed.
func TestWithPass(t *testing.T) {
	began := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	settings := lifecycle.Settings{Provided: map[webex.Feature]lifecycle.Content{webex.DigitalSignage: {DeviceURL: signage}}}
	pass := installation.Pass{Began: began, Ended: true}
	for name, test := range map[string]struct {
		state    installation.State
		verified time.Time // by the row
		result   string
		want     time.Time
		wanted   string
	}{
		"verified by the pass":         {installation.Active, began.Add(-time.Hour), "pushed", began, lifecycle.ResultInOrder},
		"drifting":                     {installation.Active, began.Add(-time.Hour), lifecycle.ResultDrifting, began, lifecycle.ResultDrifting},
		"written after the pass began": {installation.Active, began.Add(time.Minute), "pushed", began.Add(time.Minute), "pushed"},
		"not verified by passes":       {installation.TokenInvalid, began.Add(-time.Hour), "failed", began.Add(-time.Hour), "failed"},
	} {
		row := installation.Installation{State: test.state}
		row.Schedule.VerifiedAt, row.Schedule.LastResult = test.verified, test.result
		got := settings.WithPass(row, pass, began.Add(time.Hour)).Schedule
		if !got.VerifiedAt.Equal(test.want) || got.LastResult != test.wanted {
			t.Errorf("%s: %v %q, want %v %q", name, got.VerifiedAt, got.LastResult, test.want, test.wanted)
		}
	}
}

// A feature is in sync only while what was pushed is what the installation's channel
// wants, whatever its row says.
func TestWithPassComparesWithTheChannel(t *testing.T) {
	w := newWorld(t)
	w.activateOrg(w.org)
	w.settings.Channels.Contents = map[string]map[webex.Feature]lifecycle.Content{
		"pilot": {webex.DigitalSignage: {DeviceURL: signage + "&pilot"}, webex.PersistentWebApp: {DeviceURL: webApp}},
		"bare":  {webex.DigitalSignage: {DeviceURL: signage}},
	}
	row, _ := w.stored()
	for channel, want := range map[string][2]installation.FeatureStatus{
		"":        {installation.InSync, installation.InSync},
		"unknown": {installation.InSync, installation.InSync},
		"pilot":   {installation.Pending, installation.InSync},
		"bare":    {installation.InSync, installation.Pending},
	} {
		row.Channel = channel
		shown := w.settings.WithPass(row, installation.Pass{}, w.clock())
		got := [2]installation.FeatureStatus{shown.Features[webex.DigitalSignage].Status, shown.Features[webex.PersistentWebApp].Status}
		if got != want {
			t.Errorf("channel %q: %v, want %v", channel, got, want)
		}
	}
}
