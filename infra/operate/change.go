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

// parallel is how many organizations Verify verifies at a time.
const parallel = 8

type verified struct {
	Org   string `json:"org"`
	AppID string `json:"appId"`
	Name  string `json:"name"`
	schedule.Report
}

// Verify verifies the selected installations without waiting for the schedule. It returns
// terminal.ErrFindings if one fails or could not be verified now, and an error that names
// those that cannot be read.
func (o *Operator) Verify(ctx context.Context, s Selection) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	rows, unreadable, err := o.selected(ctx, p, s)
	if err = errors.Join(err, o.allInstalled(rows)); err != nil {
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
	return terminal.Findings(sum.Failed+sum.Left > 0, errors.Join(unreadable, err))
}

// allInstalled returns an error if one of the rows is not an installation.
func (o *Operator) allInstalled(rows []installation.Installation) error {
	for _, row := range rows {
		if err := requireInstalled(row); err != nil {
			return o.proposeList(err)
		}
	}
	return nil
}

// requireInstalled returns [installation.ErrNotFound] if the row is not an installation: an
// organization may have only unproven candidates.
func requireInstalled(row installation.Installation) error {
	if !row.Exists() {
		return fmt.Errorf("installation of %s: %w", row.Key.Text(), installation.ErrNotFound)
	}
	return nil
}

func (o *Operator) verifyEach(ctx context.Context, p stack, rows []installation.Installation) ([]verified, error) {
	bar := o.Bar("verifying", len(rows))
	defer bar.End()
	results := make([]verified, len(rows))
	runs := schedule.New(p.Service, p.Store)
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(parallel)
	for i, row := range rows {
		workers.Go(func() error {
			results[i] = verified{row.OrgKey, row.AppID, row.OrgName, runs.VerifyOne(ctx, row.Key)}
			bar.Step()
			return ctx.Err()
		})
	}
	return results, workers.Wait()
}

func (o *Operator) showVerified(results []verified, sum schedule.Report) {
	for _, one := range results {
		org := one.Org + " " + one.Name
		switch {
		case one.Failed > 0:
			o.Bad(fmt.Sprintf("%s: failed; signpost show%s %s --app %s shows why", org, o.stageFlag(), one.Org, one.AppID))
		case one.Left > 0:
			o.Bad(org + ": another worker is verifying it, or Webex asked to wait; try again in 30 seconds")
		}
	}
	text := fmt.Sprintf("verified %d, pushed %d, deleted %d, failed %d, left %d", sum.Verified, sum.Pushed, sum.Deleted, sum.Failed, sum.Left)
	if sum.Failed+sum.Left > 0 {
		o.Bad(text)
		return
	}
	o.Good(text)
}

// Remove removes the selected installations, at Webex first. Unless confirmed, the user
// must type each organization's key. If one of them is not installed, or one of several,
// it removes none.
func (o *Operator) Remove(ctx context.Context, s Selection, confirmed bool) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	s.Single = true
	rows, _, err := o.selected(ctx, p, s)
	if err = errors.Join(err, o.allInstalled(rows)); err != nil {
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

func (o *Operator) removeOne(ctx context.Context, p stack, row installation.Installation, confirmed bool) error {
	if !confirmed {
		question := fmt.Sprintf("This removes the integration %s from %s (%s, active since %s) at Webex: its devices stop showing your pages. In a script, use --yes.",
			row.AppID, displayName(row), row.OrgKey, row.ActivatedAt.UTC().Format(time.DateOnly))
		if err := o.Confirm(ctx, question, row.OrgKey); err != nil {
			return err
		}
	}
	done := o.Waiting("removing")
	err := p.Service.Withdraw(ctx, row.Key)
	done()
	if err != nil {
		return fmt.Errorf("%s: %w", row.OrgKey, err)
	}
	if !o.JSON {
		o.Good("removed " + displayName(row) + " " + row.OrgKey)
	}
	return nil
}

// displayName is the organization's name, or a text if there is none.
func displayName(row installation.Installation) string { return cmp.Or(row.OrgName, "(no name)") }
