package panels_test

import (
	"testing"

	"signpost/infra/panels"
	"signpost/shared/channel"
)

// TestStageProgress: the second of three stages is the current one.
func TestStageProgress(t *testing.T) {
	for _, test := range []struct {
		name   string
		status channel.RolloutStatus
		want   [3]string
	}{
		{"running", channel.RolloutStatus{State: channel.Running, Done: 2, Failed: 1, Left: 7, Remaining: 90}, [3]string{"done", "2 done, 1 failed, about 7 left, ends in about 1m30s", "not begun"}},
		{"holding", channel.RolloutStatus{State: channel.Holding}, [3]string{"done", "done, held", "not begun"}},
		{"holding, one fails meanwhile", channel.RolloutStatus{State: channel.Holding, Done: 2, Failed: 1}, [3]string{"done", "2 done, 1 failed", "not begun"}},
		{"halted", channel.RolloutStatus{State: channel.Halted, Done: 2, Failed: 1}, [3]string{"done", "2 done, 1 failed", "not begun"}},
		{"aborting", channel.RolloutStatus{State: channel.Aborting, Aborted: true}, [3]string{"being rolled back", "being rolled back", "not begun"}},
		{"aborted", channel.RolloutStatus{State: channel.Finished, Aborted: true}, [3]string{"rolled back", "rolled back", "not begun"}},
		{"finished", channel.RolloutStatus{State: channel.Finished}, [3]string{"done", "done", "not begun"}},
	} {
		test.status.Stage = 2
		for n, want := range test.want {
			if got := panels.StageProgress(test.status, n+1); got != want {
				t.Errorf("%s, stage %d: %q, want %q", test.name, n+1, got, want)
			}
		}
	}
}
