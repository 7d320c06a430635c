package console

import (
	"context"
	"fmt"
	"strings"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
)

// rolloutView is the last rollout of the channels. Without one, only the zero view is left,
// which shows nothing.
type rolloutView struct {
	Problem   string
	Revision  int // 0: there was none
	State     pill
	NotBefore time.Time // when the work of the state begins, zero if it has
	Stages    []rolloutStage
	Customers []rolloutCustomer
	More      int // customers that are not listed
}

type rolloutStage struct {
	Who, Progress string
	Current       bool
}

// rolloutCustomer is an organization, and which revision its devices are to show.
type rolloutCustomer struct {
	Name, Channel string
	Revision      int
	New           bool
}

// maxRolloutCustomers bounds the list: each is a read of the table.
const maxRolloutCustomers = 20

func (c *Console) viewRollout(ctx context.Context) rolloutView {
	ctx, cancel := context.WithTimeout(ctx, tableTimeout)
	defer cancel()
	view, err := c.readRollout(ctx)
	if err != nil {
		return rolloutView{Problem: err.Error()}
	}
	return view
}

func (c *Console) readRollout(ctx context.Context) (rolloutView, error) {
	variables, err := c.options.Environment()
	if err != nil {
		return rolloutView{}, err
	}
	channels, err := channel.NewSource(c.options.Table, variables, time.Now).Read(ctx)
	if err != nil || channels.Rollout == nil {
		return rolloutView{}, err
	}
	passes, err := c.options.Table.Passes(ctx)
	if err != nil {
		return rolloutView{}, err
	}
	now := time.Now()
	status := channels.Rollout.Status(installation.Estimate(passes), now)
	view := rolloutView{Revision: status.Revision, State: rolloutPill(status)}
	if channels.Active() && channels.Rollout.NotBefore.After(now) {
		view.NotBefore = channels.Rollout.NotBefore
	}
	for n, stage := range status.Stages {
		view.Stages = append(view.Stages, rolloutStage{c.whoIn(stage), progressOf(status, n+1), n+1 == status.Stage && channels.Active()})
	}
	return view, c.addCustomers(ctx, &view, channels)
}

// addCustomers lists those of the default integration.
func (c *Console) addCustomers(ctx context.Context, view *rolloutView, channels channel.Channels) error {
	for _, org := range c.options.Webex.Organizations() {
		s, _ := c.scopeOf(org.ID(), "")
		row, _, err := c.options.Table.Find(ctx, s.key(), time.Now())
		switch {
		case err != nil:
			return err
		case !row.Exists():
			continue
		case len(view.Customers) == maxRolloutCustomers:
			view.More++
			continue
		}
		set, revision := channels.For(row)
		view.Customers = append(view.Customers, rolloutCustomer{org.Name(), set.Name(row), revision, revision == channels.Rollout.Revision})
	}
	return nil
}

func rolloutPill(status channel.RolloutStatus) pill {
	switch {
	case status.State == channel.Halted:
		return pill{"halted", toneBad}
	case status.State == channel.Finished && status.Aborted:
		return pill{"aborted", toneIdle}
	case status.State == channel.Finished:
		return pill{"finished", toneGood}
	}
	return pill{string(status.State), toneWait}
}

// whoIn names the organizations of a stage as Control Hub does.
func (c *Console) whoIn(stage installation.Stage) string {
	if stage.Share == 1 {
		return "everybody"
	}
	if stage.Share > 0 {
		return fmt.Sprintf("%g %% of all", 100*stage.Share)
	}
	var names []string
	for _, key := range stage.Organizations {
		name := key
		if org, ok := c.options.Webex.Organization(key); ok {
			name = org.Name()
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// progressOf says how far a stage has come, "" if it has not begun.
func progressOf(status channel.RolloutStatus, stage int) string {
	switch {
	case status.State == channel.Finished && !status.Aborted || stage < status.Stage:
		return "done"
	case stage > status.Stage:
		return ""
	case status.State == channel.Holding && status.Failed == 0:
		return "done, held"
	case status.State == channel.Aborting || status.Aborted:
		return "taken back"
	}
	return fmt.Sprintf("%d done, %d failed", status.Done, status.Failed)
}
