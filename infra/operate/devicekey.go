package operate

import (
	"context"
	"errors"
	"fmt"

	"signpost/shared/installation"
	"signpost/shared/schedule"
)

// DeviceKey prints the device key of one installation: `{installationKey}` of device URLs.
func (o *Operator) DeviceKey(ctx context.Context, s Selection) error {
	_, row, err := o.single(ctx, s)
	if err != nil {
		return err
	}
	return o.printDeviceKey(row)
}

// RotateDeviceKey replaces the device key of one installation, pushes the configurations
// that contain it, and prints it. Unless confirmed, the user must type the organization's
// key.
func (o *Operator) RotateDeviceKey(ctx context.Context, s Selection, confirmed bool) error {
	p, row, err := o.single(ctx, s)
	if err != nil {
		return err
	}
	if !confirmed {
		question := fmt.Sprintf("This replaces the {installationKey} of %s (%s): every device whose address contains it reloads, and the previous key stops identifying this customer. In a script, use --yes.",
			displayName(row), row.OrgKey)
		if err := o.Confirm(ctx, question, row.OrgKey); err != nil {
			return err
		}
	}
	if row, err = p.Vendor.RotateDeviceKey(ctx, row.Key); err != nil {
		return err
	}
	report := o.verifyNow(ctx, p, row.Key)
	if report.Failed+report.Left > 0 {
		o.Note("the key is replaced; it could not be pushed now, and the schedule tries again")
	}
	return o.printDeviceKey(row)
}

// single returns the only selected installation.
func (o *Operator) single(ctx context.Context, s Selection) (stack, installation.Installation, error) {
	p, err := o.assemble(ctx)
	if err != nil {
		return p, installation.Installation{}, err
	}
	s.Single = true
	rows, _, err := o.selected(ctx, p, s)
	if err = errors.Join(err, o.allInstalled(rows)); err != nil {
		return p, installation.Installation{}, err
	}
	return p, rows[0], nil
}

// verifyNow verifies one installation.
func (o *Operator) verifyNow(ctx context.Context, p stack, key installation.Key) schedule.Report {
	defer o.Waiting("pushing")()
	return schedule.New(p.Service, p.Store).VerifyOne(ctx, key)
}

func (o *Operator) printDeviceKey(row installation.Installation) error {
	if o.JSON {
		return o.Print(map[string]string{"org": row.OrgKey, "appId": row.AppID, "installationKey": row.DeviceKey.Reveal()})
	}
	_, err := fmt.Fprintln(o.Out, row.DeviceKey.Reveal())
	return err
}
