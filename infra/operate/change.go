package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"signpost/infra/terminal"
	"signpost/shared/installation"
	"signpost/shared/schedule"
)

// atOnce is how many organizations Verify works on at a time.
const atOnce = 8

// verified is what came of verifying one organization.
type verified struct {
	Org  string `json:"org"`
	Name string `json:"name"`
	schedule.Report
}

// Verify does at once what the schedule would do for these organizations, or
// for all. It returns terminal.ErrNotWell if one fails or is left.
func (o *Operator) Verify(ctx context.Context, orgs []string, all bool) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	rows, err := o.chosen(ctx, p, orgs, all)
	if err != nil {
		return err
	}
	results, err := o.verifyEach(ctx, p, rows)
	if err != nil {
		return err
	}
	var sum schedule.Report
	for _, one := range results {
		sum.Add(one.Report)
	}
	if o.JSON {
		err = o.Print(map[string]any{"total": sum, "organizations": results})
	} else {
		o.showVerified(results, sum)
	}
	if err == nil && sum.Failed+sum.Left > 0 {
		return terminal.ErrNotWell
	}
	return err
}

// chosen are the installations to verify. An organization that has only
// unproven candidates has nothing to verify.
func (o *Operator) chosen(ctx context.Context, p parts, orgs []string, all bool) ([]installation.Installation, error) {
	if all {
		return o.installations(ctx, p)
	}
	rows, err := o.find(ctx, p, orgs)
	return rows, errors.Join(err, o.installed(rows))
}

// installed is an error if one of the rows is no installation.
func (o *Operator) installed(rows []installation.Installation) error {
	for _, row := range rows {
		if !row.Exists() {
			return o.unknown(fmt.Errorf("installation of %s: %w", row.OrgKey, installation.ErrNotFound))
		}
	}
	return nil
}

func (o *Operator) verifyEach(ctx context.Context, p parts, rows []installation.Installation) ([]verified, error) {
	bar := o.Bar("verifying", len(rows))
	defer bar.End()
	results := make([]verified, len(rows))
	runs := schedule.New(p.Service)
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(atOnce)
	for i, row := range rows {
		workers.Go(func() error {
			report, err := runs.VerifyNow(ctx, []string{row.OrgKey})
			results[i] = verified{row.OrgKey, row.OrgName, report}
			bar.Step()
			return err
		})
	}
	return results, workers.Wait()
}

func (o *Operator) showVerified(results []verified, sum schedule.Report) {
	for _, one := range results {
		who := one.Org + " " + one.Name
		switch {
		case one.Failed > 0:
			o.Bad(who + ": failed (`signpost show` says why)")
		case one.Left > 0:
			o.Bad(who + ": another worker holds it, or Webex asked to wait; try again in half a minute")
		}
	}
	text := fmt.Sprintf("verified %d, pushed %d, deleted %d, failed %d, left %d", sum.Verified, sum.Pushed, sum.Deleted, sum.Failed, sum.Left)
	if sum.Failed+sum.Left > 0 {
		o.Bad(text)
		return
	}
	o.Good(text)
}

// Remove is the vendor's own removal of these organizations, each after its key
// was typed; confirmed leaves the question out. It asks nothing and removes
// nothing if one of them is not installed.
func (o *Operator) Remove(ctx context.Context, orgs []string, confirmed bool) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	rows, err := o.find(ctx, p, orgs)
	if err = errors.Join(err, o.installed(rows)); err != nil {
		return err
	}
	removed := []string{}
	for _, row := range rows {
		if err := o.removeOne(ctx, p, row, confirmed); err != nil {
			return err
		}
		removed = append(removed, row.OrgKey)
	}
	if o.JSON {
		return o.Print(map[string]any{"removed": removed})
	}
	return nil
}

func (o *Operator) removeOne(ctx context.Context, p parts, row installation.Installation, confirmed bool) error {
	if !confirmed {
		question := fmt.Sprintf("This removes the integration from %s (%s, active since %s) at Webex: its devices lose what they show.",
			named(row), row.OrgKey, row.ActivatedAt.UTC().Format(time.DateOnly))
		if err := o.Confirm(ctx, question, row.OrgKey); err != nil {
			return err
		}
	}
	done := o.Waiting("removing")
	err := p.Service.Withdraw(ctx, row.OrgKey)
	done()
	if err != nil {
		return fmt.Errorf("%s: %w", row.OrgKey, err)
	}
	if !o.JSON {
		o.Good("removed " + named(row) + " " + row.OrgKey)
	}
	return nil
}

// named is the organization's name for people.
func named(row installation.Installation) string { return cmp.Or(row.OrgName, "(no name)") }
