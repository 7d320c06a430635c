package lifecycle

import (
	"context"
	"errors"
	"time"

	"signpost/shared/installation"
)

// rows reads and writes rows beside other workers.
type rows struct {
	store Store
	now   func() time.Time
}

// saveAttempts bounds the attempts at a write that conflicts with other workers.
const saveAttempts = 10

// update writes what change returns for row, and for a fresh copy whenever another
// worker was faster. It returns [installation.ErrStale] once the row belongs to another
// generation or is gone: the change was meant for an earlier installation. change may
// be called several times and must have no side effects.
func (s rows) update(ctx context.Context, row installation.Installation, change func(installation.Installation) installation.Installation) (installation.Installation, error) {
	for range saveAttempts {
		saved, err := s.store.Save(ctx, change(row))
		if !errors.Is(err, installation.ErrConflict) {
			return saved, err
		}
		if row, err = s.reread(ctx, row); err != nil {
			return installation.Installation{}, err
		}
	}
	return installation.Installation{}, installation.ErrConflict
}

// reread reads the row again. It returns [installation.ErrStale] if it belongs to
// another generation or is gone.
func (s rows) reread(ctx context.Context, row installation.Installation) (installation.Installation, error) {
	current, _, err := s.store.Find(ctx, row.Key, s.now())
	if err != nil {
		return installation.Installation{}, err
	}
	if !current.Exists() || current.Generation != row.Generation {
		return installation.Installation{}, installation.ErrStale
	}
	return current, nil
}
