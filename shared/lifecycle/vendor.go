package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"signpost/shared/installation"
)

// Vendor makes the changes of an installation that the vendor orders. It never calls Webex
// and needs no secret: each change makes the row due, and the schedule applies it. It is
// safe for concurrent use.
type Vendor struct {
	rows
	log *slog.Logger
}

// NewVendor returns the vendor's use cases. All arguments are required.
func NewVendor(store Store, now func() time.Time, log *slog.Logger) (*Vendor, error) {
	if store == nil || now == nil || log == nil {
		return nil, errors.New("lifecycle: store, clock and log are required")
	}
	return &Vendor{rows{store, now}, log}, nil
}

// RotateDeviceKey replaces the installation's device key, so that the next verification
// pushes each configuration that contains the key, once. It returns the row, or
// [installation.ErrNotFound].
func (v *Vendor) RotateDeviceKey(ctx context.Context, key installation.Key) (installation.Installation, error) {
	next := installation.NewDeviceKey()
	return v.change(ctx, key, msgDeviceKey, func(row *installation.Installation) { row.DeviceKey = next })
}

// AssignChannel assigns the installation to the channel of this name, "" for none, so that
// the next verification pushes what differs. It returns the row, or
// [installation.ErrNotFound].
func (v *Vendor) AssignChannel(ctx context.Context, key installation.Key, name string) (installation.Installation, error) {
	return v.change(ctx, key, msgChannel, func(row *installation.Installation) { row.Channel = name })
}

// Reload makes the installation's devices load their pages anew: the next verification
// pushes each configuration with another address, once. It returns the row, or
// [installation.ErrNotFound].
func (v *Vendor) Reload(ctx context.Context, key installation.Key) (installation.Installation, error) {
	return v.change(ctx, key, msgReload, func(row *installation.Installation) { *row = row.NextReload() })
}

// Verify makes the installation due, so that the next run of the schedule verifies it. A
// refresh token that Webex refused is tried again then. It returns the row, or
// [installation.ErrNotFound].
func (v *Vendor) Verify(ctx context.Context, key installation.Key) (installation.Installation, error) {
	return v.change(ctx, key, msgVerifySoon, func(row *installation.Installation) { row.Tokens.TriedWith = "" })
}

// change stores a change of the vendor's, and makes the row due. If the installation is
// replaced meanwhile, the new one is changed.
func (v *Vendor) change(ctx context.Context, key installation.Key, message string, change func(*installation.Installation)) (installation.Installation, error) {
	row, _, err := v.store.Find(ctx, key, v.now())
	if err != nil {
		return installation.Installation{}, err
	}
	if !row.Exists() {
		return installation.Installation{}, fmt.Errorf("installation of %s: %w", key.Text(), installation.ErrNotFound)
	}
	row, err = v.update(ctx, row, func(row installation.Installation) installation.Installation {
		change(&row)
		row.Schedule.DueAt = v.now()
		row.Revision++ // work begun before does not complete this change
		return row
	})
	if errors.Is(err, installation.ErrStale) {
		return v.change(ctx, key, message, change)
	}
	if err != nil {
		return installation.Installation{}, fmt.Errorf("%s of %s: %w", message, key.Text(), err)
	}
	v.log.InfoContext(ctx, message, "org", key.OrgKey, "app", key.AppID, "outcome", "changed")
	return row, nil
}
