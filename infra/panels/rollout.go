package panels

import (
	"fmt"
	"strings"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
)

// Rollout is the last rollout of the channels. The zero value, without one, shows nothing.
type Rollout struct {
	Problem   string
	Revision  int // 0: there was none
	State     Pill
	NotBefore time.Time // when the work of the state begins, zero if it has
	Stages    []RolloutStage
	Customers []RolloutCustomer
	More      int // customers that are not listed
}

// RolloutStage is one stage: whom it reaches, and how far it has come, "" if it has not
// begun.
type RolloutStage struct {
	Who, Progress string
	Current       bool
}

// RolloutCustomer is an organization, and which revision its devices are to show.
type RolloutCustomer struct {
	Name, Channel string
	Revision      int
	New           bool
}

// NewRollout returns the rollout of the channels, of this many installations. The name of
// an organization comes from nameOf.
func NewRollout(channels channel.Channels, installations int, now time.Time, nameOf func(orgKey string) string) Rollout {
	if channels.Rollout == nil {
		return Rollout{}
	}
	status := channels.Rollout.Status(installations, now)
	r := Rollout{Revision: status.Revision, State: rolloutPill(status)}
	if channels.Active() && channels.Rollout.NotBefore.After(now) {
		r.NotBefore = channels.Rollout.NotBefore
	}
	for n, stage := range status.Stages {
		r.Stages = append(r.Stages, RolloutStage{StageText(stage, nameOf), StageProgress(status, n+1), n+1 == status.Stage && channels.Active()})
	}
	return r
}

func rolloutPill(status channel.RolloutStatus) Pill {
	switch {
	case status.State == channel.Halted:
		return Bad("halted")
	case status.State == channel.Finished && status.Aborted:
		return Idle("aborted")
	case status.State == channel.Finished:
		return Good("finished")
	}
	return Wait(string(status.State))
}

// StageText says whom a stage of a rollout reaches. The name of an organization comes from
// nameOf.
func StageText(stage installation.Stage, nameOf func(orgKey string) string) string {
	if stage.Share == 1 {
		return "everybody"
	}
	if stage.Share > 0 {
		return fmt.Sprintf("%g %% of all", 100*stage.Share)
	}
	var names []string
	for _, key := range stage.Organizations {
		names = append(names, nameOf(key))
	}
	return strings.Join(names, ", ")
}

// StageProgress says how far a stage of a rollout has come, by its number from 1.
func StageProgress(status channel.RolloutStatus, stage int) string {
	switch {
	case stage > status.Stage:
		return "not begun"
	case status.State == channel.Aborting:
		return "being rolled back"
	case status.Aborted:
		return "rolled back"
	case stage < status.Stage || status.State == channel.Finished:
		return "done"
	case status.State == channel.Holding && status.Failed == 0:
		return "done, held"
	}
	text := fmt.Sprintf("%d done, %d failed", status.Done, status.Failed)
	if status.Left > 0 {
		text += fmt.Sprintf(", about %d left", status.Left)
	}
	if status.Remaining > 0 {
		text += ", ends in about " + (time.Duration(status.Remaining) * time.Second).String()
	}
	return text
}
