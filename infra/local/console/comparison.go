package console

import (
	"context"
	"fmt"
	"strings"
	"time"

	"signpost/infra/compare"
	"signpost/shared/assembly/wanted"
	"signpost/shared/channel"
	"signpost/shared/config"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// comparison shows what Signpost's table and Webex store, side by side.
type comparison struct {
	target
	Problem string // why Signpost's settings or table cannot be read
	Stored  bool   // whether the table has an installation
	// NoAccess is set while Webex refuses the refresh token: features are then
	// not verified, and the table has their last known state.
	NoAccess   bool
	State      pill
	Differs    int
	Lines      []compare.Line
	Features   []featureComparison
	Facts      []fact
	DueAt      time.Time
	VerifiedAt time.Time
	Candidates []candidate
}

type featureComparison struct {
	feature
	Status pill
	Next   string // what the next verification will do, a sentence
	Pushed time.Time
	Lines  []compare.Line
	Empty  bool // neither stores a configuration
}

type fact struct{ Name, Value string }

type candidate struct {
	Kind    string
	Refused bool
	DueAt   time.Time
}

const tableTimeout = 2 * time.Second

// key returns the key of the installation, whose app id Signpost writes in lower case.
func (s scope) key() installation.Key {
	return installation.Key{OrgKey: s.ID(), AppID: strings.ToLower(s.app.AppID())}
}

func (c *Console) viewComparison(ctx context.Context, s scope) comparison {
	view := comparison{target: c.targetOf(s)}
	ctx, cancel := context.WithTimeout(ctx, tableTimeout)
	defer cancel()
	settings, err := c.settings(ctx)
	if err != nil {
		view.Problem = err.Error()
		return view
	}
	now := time.Now()
	row, candidates, err := c.options.Table.Find(ctx, s.key(), now)
	if err != nil {
		view.Problem = "The table cannot be read: " + err.Error()
		return view
	}
	passes, err := c.options.Table.Passes(ctx)
	if err != nil {
		view.Problem = "The table cannot be read: " + err.Error()
		return view
	}
	row = settings.WithPass(row, passes[installation.ShardOf(row.OrgKey)], now)
	view.Stored, view.NoAccess = row.Exists(), row.State == installation.TokenInvalid
	view.describeRow(row, candidates, now)
	actionsURL := ""
	if view.Stored {
		actionsURL = row.RegisteredActionsURL
	}
	view.Lines = compare.Installation(row, actionsURL, s.storedAtWebex())
	for _, f := range features {
		view.Features = append(view.Features, compareFeature(settings, row, s, f, now))
	}
	view.Differs = compare.Differing(view.Lines)
	for _, f := range view.Features {
		view.Differs += compare.Differing(f.Lines)
	}
	return view
}

func (c *Console) settings(ctx context.Context) (lifecycle.Settings, error) {
	variables, err := c.options.Environment()
	if err != nil {
		return lifecycle.Settings{}, fmt.Errorf("read the settings of the functions: %w", err)
	}
	var provider config.Provider
	if err := config.Load(variables, &provider); err != nil {
		return lifecycle.Settings{}, fmt.Errorf("the functions have invalid settings: %w", err)
	}
	channels, err := channel.NewSource(c.options.Table, variables, time.Now).Read(ctx)
	return wanted.Settings(provider, channels), err
}

func (s scope) storedAtWebex() compare.Stored {
	view, installed := s.app.Installation(s.ID())
	return compare.Stored{
		Installed: installed, Subject: s.Sub(), Region: view.Region, ProvisioningState: view.ProvisioningState,
		ManifestVersion: view.ManifestVersion, Scopes: view.Scopes, AppURL: view.AppURL, ActionsURL: view.ActionsURL,
	}
}

// compareFeature compares a feature as a verification does.
func compareFeature(settings lifecycle.Settings, row installation.Installation, s scope, f feature, now time.Time) featureComparison {
	name := webex.Feature(f.Name)
	var stored *webex.FeatureConfig
	if object, ok := s.app.Configuration(s.ID(), f.Name); ok {
		config := compare.ConfigOf(name, object)
		stored = &config
	}
	view := featureComparison{feature: f, Status: pill{"not installed", toneIdle}}
	if !row.Exists() {
		view.Empty = stored == nil
		view.Lines = compare.Configuration(nil, stored)
		return view
	}
	verdict := settings.Judge(row, name, stored, now)
	view.Lines = compare.Configuration(verdict.Wanted, stored)
	view.Empty = verdict.Wanted == nil && stored == nil
	view.Status = statusPill(row.Features[name].Status)
	view.Pushed = verdict.PushedAt
	if row.State == installation.TokenInvalid {
		view.Status = pill{"last known: " + view.Status.Text, toneIdle}
		return view
	}
	view.Next = map[lifecycle.Verb]string{
		lifecycle.Push: "The next verification pushes it.", lifecycle.Delete: "The next verification deletes it.",
		lifecycle.Hold: "It keeps drifting, so the next push is postponed.", lifecycle.Leave: "No change needed.",
	}[verdict.Verb]
	return view
}

func statusPill(status installation.FeatureStatus) pill {
	text := strings.ReplaceAll(string(status), "_", " ")
	switch status {
	case installation.InSync:
		return pill{text, toneGood}
	case installation.Pending, installation.Drifting:
		return pill{text, toneWait}
	case "":
		return pill{"unknown", toneIdle}
	}
	return pill{text, toneIdle}
}

// describeRow adds what only the table stores.
func (v *comparison) describeRow(row installation.Installation, candidates []installation.Candidate, now time.Time) {
	for _, one := range candidates {
		v.Candidates = append(v.Candidates, candidate{string(one.Kind), one.Refused, one.Schedule.DueAt})
	}
	switch row.State {
	case installation.Active:
		v.State = pill{"active", toneGood}
	case installation.TokenInvalid:
		v.State = pill{"token invalid", toneBad}
	case installation.Removed:
		v.State = pill{"removed", toneIdle}
	default:
		v.State = pill{"not stored", toneIdle}
	}
	if !v.Stored {
		return
	}
	v.DueAt, v.VerifiedAt = row.Schedule.DueAt, row.Schedule.VerifiedAt
	v.Facts = []fact{{"Token health", strings.ReplaceAll(string(row.TokenHealth(now)), "_", " ")}}
	if result := row.Schedule.LastResult; result != "" {
		v.Facts = append(v.Facts, fact{"Last result", strings.ReplaceAll(result, "_", " ")})
	}
	if row.Schedule.Failures > 0 {
		v.Facts = append(v.Facts, fact{"Failures in a row", fmt.Sprint(row.Schedule.Failures)})
	}
}
