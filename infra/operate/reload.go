package operate

import (
	"context"
	"errors"
	"fmt"

	"signpost/infra/terminal"
)

// Reload makes the devices of the selected installations reload their pages, since a
// stuck screen does so only if its address changes. The schedule pushes the changes at
// VERIFY_RATE. Unless confirmed, the user must type how many installations it is.
func (o *Operator) Reload(ctx context.Context, s Selection, confirmed bool) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	rows, unreadable, err := o.selected(ctx, p, s)
	if err = errors.Join(err, o.allInstalled(rows), asUsage(p.Channels.CheckReload())); err != nil {
		return err
	}
	if !confirmed {
		question := fmt.Sprintf("This makes the devices of %s reload their pages. In a script, use --yes.", quantity(len(rows), "installation"))
		if err := o.Confirm(ctx, question, fmt.Sprint(len(rows))); err != nil {
			return err
		}
	}
	bar := o.Bar("marking", len(rows))
	defer bar.End()
	for _, row := range rows {
		if _, err := p.Vendor.Reload(ctx, row.Key); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", row.OrgKey, err), unreadable)
		}
		bar.Step()
	}
	if o.JSON {
		err = o.Print(map[string]int{"reloading": len(rows)})
	} else {
		o.Good(fmt.Sprintf("the schedule pushes the new addresses of %s from its next run on", quantity(len(rows), "installation")))
	}
	return errors.Join(err, unreadable)
}

// asUsage makes an error one of the command's use.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return terminal.UsageError{Err: err}
}
