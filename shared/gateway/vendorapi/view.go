package vendorapi

import (
	"context"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

// View is an installation as the API shows it.
type View struct {
	installation.View
	// InstallationKey is shown of a single installation only: who presents it is taken
	// for a device of this customer.
	InstallationKey string `json:"installationKey,omitempty"`
}

// viewer makes views of one moment.
type viewer struct {
	settings lifecycle.Settings
	passes   []installation.Pass
	now      time.Time
}

func (a API) viewer(ctx context.Context) (viewer, error) {
	channels, err := a.Channels.Read(ctx)
	if err != nil {
		return viewer{}, err
	}
	passes, err := a.Store.Passes(ctx)
	return viewer{a.Settings(channels), passes, a.Now()}, err
}

// view returns the view of one row.
func (a API) view(ctx context.Context, row installation.Installation) (View, error) {
	v, err := a.viewer(ctx)
	return v.view(row), err
}

func (v viewer) view(row installation.Installation) View {
	row = v.settings.WithPass(row, v.pass(row), v.now)
	return View{View: v.settings.View(row, v.now)}
}

func (v viewer) pass(row installation.Installation) installation.Pass {
	if shard := installation.ShardOf(row.OrgKey); shard < len(v.passes) {
		return v.passes[shard]
	}
	return installation.Pass{}
}
