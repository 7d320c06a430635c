package lifecycle_test

import (
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

// The last pass that verified a row says when that was and that it was in order, except
// for a push that is still postponed.
func TestWithPass(t *testing.T) {
	began := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
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
		got := lifecycle.WithPass(row, pass, began.Add(time.Hour)).Schedule
		if !got.VerifiedAt.Equal(test.want) || got.LastResult != test.wanted {
			t.Errorf("%s: %v %q, want %v %q", name, got.VerifiedAt, got.LastResult, test.want, test.wanted)
		}
	}
}
