package channel

import (
	"cmp"
	"time"

	"signpost/shared/installation"
)

// RolloutStatus is how far a rollout has come, as commands and the vendor API show it.
// Times are RFC 3339 in UTC.
type RolloutStatus struct {
	Revision int          `json:"revision"`
	State    RolloutState `json:"state"`
	Aborted  bool         `json:"aborted,omitempty"`
	// Stage is the number of the current stage, from 1.
	Stage  int                  `json:"stage"`
	Stages []installation.Stage `json:"stages"`
	// Done and Failed count installations of the stage, Left estimates how many are left, 0
	// while the rollout holds and after its end.
	Done   int `json:"done"`
	Failed int `json:"failed"`
	Left   int `json:"left"`
	// Started is when the rollout began, Since when its state last changed, NotBefore when
	// the work of the state begins.
	Started   string `json:"started"`
	Since     string `json:"since"`
	NotBefore string `json:"notBefore,omitempty"`
	// Remaining estimates the seconds to the end of the stage, 0 if unknown.
	Remaining int `json:"remainingSeconds,omitempty"`
}

// Status returns how far the rollout has come at now, of this many installations.
func (r Rollout) Status(installations int, now time.Time) RolloutStatus {
	s := RolloutStatus{
		Revision: r.Revision, State: r.State, Aborted: r.Aborted, Stage: r.Stage + 1, Stages: r.Stages, Done: r.Done, Failed: r.Failed,
		Started: installation.Timestamp(r.StartedAt), Since: installation.Timestamp(r.ChangedAt), NotBefore: installation.Timestamp(r.NotBefore),
	}
	size := float64(installations)
	if r.State != Aborting {
		size = max(float64(len(r.Stages[r.Stage].Organizations)), size*r.Stages[r.Stage].Share)
	}
	done, working := r.Done+r.Failed, cmp.Or(r.Resumes, r.State) // what a paused or halted one goes on with
	if working == Running || working == Aborting {
		s.Left = max(0, int(size)-done)
	}
	if took := now.Sub(later(r.ChangedAt, r.NotBefore)); r.Resumes == "" && done > 0 && took > 0 {
		s.Remaining = int(took.Seconds() / float64(done) * float64(s.Left))
	}
	return s
}
