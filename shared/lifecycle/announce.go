package lifecycle

import (
	"context"
	"time"

	"signpost/shared/installation"
)

// announcing gives each row that is written with a notice the detail of its event, whichever
// use case writes it.
type announcing struct {
	Store
	settings Settings
	now      func() time.Time
}

func (a announcing) announced(i installation.Installation) installation.Installation {
	channels, revision := a.settings.channelsFor(i)
	return i.Announce(channels.name(i), revision, a.now())
}

// Save implements [Store].
func (a announcing) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	return a.Store.Save(ctx, a.announced(i))
}

// Commit implements [Store].
func (a announcing) Commit(ctx context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (installation.Installation, error) {
	return a.Store.Commit(ctx, a.announced(i), used, done, now)
}
