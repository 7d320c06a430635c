package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"signpost/infra/panels"
	"signpost/infra/terminal"
	"signpost/shared/channel"
	"signpost/shared/installation"
)

// RolloutPlan is a plan as the user gives it.
type RolloutPlan struct {
	// Pilots names the organizations of the first stage; none means that there is no such
	// stage.
	Pilots []string
	// Shares are the stages after that, before everybody.
	Shares []float64
	Rate   float64
	Hold   time.Duration
	HaltAt float64
	ChannelChange
}

// plan returns the plan with the organizations' keys.
func (r RolloutPlan) plan(ctx context.Context, o *Operator, p stack) (channel.Plan, error) {
	plan := channel.Plan{Rate: r.Rate, Hold: r.Hold, HaltAt: r.HaltAt}
	if len(r.Pilots) > 0 {
		rows, err := o.find(ctx, p, Selection{Orgs: r.Pilots})
		if err = errors.Join(err, o.allInstalled(rows)); err != nil {
			return plan, err
		}
		pilots := installation.Stage{}
		for _, row := range rows {
			pilots.Organizations = append(pilots.Organizations, row.OrgKey)
		}
		plan.Stages = append(plan.Stages, pilots)
	}
	for _, share := range append(r.Shares, 1) {
		plan.Stages = append(plan.Stages, installation.Stage{Share: share})
	}
	if err := plan.Check(); err != nil {
		return plan, terminal.UsageError{Err: err}
	}
	return plan, nil
}

// StartRollout makes the document in raw the next revision of the channels, in stages. It
// refuses what ApplyChannels refuses, and a second rollout.
func (o *Operator) StartRollout(ctx context.Context, raw []byte, wanted RolloutPlan) error {
	p, document, err := o.parsed(ctx, raw)
	if err != nil {
		return err
	}
	plan, planErr := wanted.plan(ctx, o, p)
	current, startErr := p.Channels.Current.Start(plan, time.Now())
	if err := errors.Join(planErr, startErr); err != nil {
		return err
	}
	if same, err := o.unchanged(ctx, p, document); err != nil || same {
		return err
	}
	if err := o.confirmRollout(ctx, p, document, plan, wanted.ChannelChange); err != nil {
		return err
	}
	if current, err = p.Store.AddChannelRevision(ctx, current, document, time.Now()); err != nil {
		return err
	}
	return o.showRollout(ctx, p, current)
}

func (o *Operator) confirmRollout(ctx context.Context, p stack, document channel.Document, plan channel.Plan, change ChannelChange) error {
	after, err := o.checked(ctx, p, document, change.Unchecked)
	if err != nil || change.Confirmed {
		return err
	}
	affected, err := o.affected(ctx, p, after)
	if err != nil {
		return err
	}
	question := fmt.Sprintf("This changes, in %s, what %s. In a script, use --yes.", quantity(len(plan.Stages), "stage"), counted(affected))
	return o.Confirm(ctx, question, fmt.Sprint(affected))
}

// RolloutStatus prints how far the rollout has come. It returns terminal.ErrFindings if it
// has halted.
func (o *Operator) RolloutStatus(ctx context.Context) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	if p.Channels.Rollout == nil {
		if o.JSON {
			return o.Print(nil)
		}
		o.Note("there was no rollout")
		return nil
	}
	err = o.showRollout(ctx, p, p.Channels.Current)
	return terminal.Findings(p.Channels.Rollout.State == channel.Halted, err)
}

// transitions of a rollout, by the name of the command.
var transitions = map[string]func(channel.Current, time.Time) (channel.Current, error){
	"pause": channel.Current.Pause, "resume": channel.Current.Resume, "abort": channel.Current.Abort,
}

// rolloutAttempts limits the retries of a write while a run of the schedule writes the
// rollout too.
const rolloutAttempts = 20

// ChangeRollout pauses, resumes or aborts the rollout.
func (o *Operator) ChangeRollout(ctx context.Context, transition string) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	for range rolloutAttempts {
		current, err := p.Store.CurrentChannels(ctx)
		if err != nil {
			return err
		}
		if current, err = transitions[transition](current, time.Now()); err != nil {
			return terminal.Fixable(err, "signpost rollout status%s", o.stageFlag())
		}
		if current, err = p.Store.SaveCurrentChannels(ctx, current); err == nil {
			return o.showRollout(ctx, p, current)
		}
		if !errors.Is(err, channel.ErrChanged) {
			return err
		}
	}
	return channel.ErrChanged
}

func (o *Operator) showRollout(ctx context.Context, p stack, current channel.Current) error {
	passes, err := p.Store.Passes(ctx)
	if err != nil {
		return err
	}
	installations := installation.Estimate(passes)
	now, r := time.Now(), *current.Rollout
	v := r.Status(installations, now)
	if o.JSON {
		return o.Print(v)
	}
	o.Title(fmt.Sprintf("revision %d: %s", v.Revision, stateText(r, now)))
	cells := [][]string{}
	for n, stage := range v.Stages {
		cells = append(cells, []string{fmt.Sprintf("  stage %d", n+1), panels.StageText(stage, func(orgKey string) string { return orgKey }), panels.StageProgress(v, n+1)})
	}
	o.Table(nil, cells)
	return nil
}

// stateText says what the rollout does now.
func stateText(r channel.Rollout, now time.Time) string {
	switch {
	case r.State == channel.Holding && r.NotBefore.After(now):
		return fmt.Sprintf("holding, stage %d begins %s", r.Stage+2, distance(r.NotBefore, now))
	case r.State == channel.Halted:
		return "halted, since too much failed: signpost list --failing shows where; then signpost rollout resume or abort"
	case r.State == channel.Aborting && r.NotBefore.After(now):
		return "aborting, begins " + distance(r.NotBefore, now)
	case r.State == channel.Finished && r.Aborted:
		return "aborted: every customer is back on the previous revision"
	}
	return string(r.State)
}
