package console

import (
	"context"
	"fmt"
	"strings"
	"time"

	"signpost/infra/compare"
	"signpost/infra/panels"
	"signpost/shared/assembly/wanted"
	"signpost/shared/channel"
	"signpost/shared/config"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

const tableTimeout = 2 * time.Second

// key returns the key of the installation, whose app id Signpost writes in lower case.
func (s scope) key() installation.Key {
	return installation.Key{OrgKey: s.ID(), AppID: strings.ToLower(s.app.AppID())}
}

// viewComparison compares what Signpost's table and Webex store.
func (c *Console) viewComparison(ctx context.Context, s scope) panels.Comparison {
	ctx, cancel := context.WithTimeout(ctx, tableTimeout)
	defer cancel()
	view, err := c.compare(ctx, s)
	if err != nil {
		view = panels.Comparison{Problem: err.Error()}
	}
	target := c.targetOf(s)
	view.Of, view.VerifyURL = target.Of, target.To("verify")
	return view
}

func (c *Console) compare(ctx context.Context, s scope) (panels.Comparison, error) {
	settings, err := c.settings(ctx)
	if err != nil {
		return panels.Comparison{}, err
	}
	now := time.Now()
	row, candidates, err := c.options.Table.Find(ctx, s.key(), now)
	if err != nil {
		return panels.Comparison{}, fmt.Errorf("the table cannot be read: %w", err)
	}
	passes, err := c.options.Table.Passes(ctx)
	if err != nil {
		return panels.Comparison{}, fmt.Errorf("the table cannot be read: %w", err)
	}
	row = settings.WithPass(row, passes[installation.ShardOf(row.OrgKey)], now)
	view := panels.NewComparison(row, candidates, now)
	actionsURL := ""
	if view.Stored {
		actionsURL = row.RegisteredActionsURL
	}
	view.Lines = compare.Installation(row, actionsURL, s.storedAtWebex())
	for _, f := range features {
		name := webex.Feature(f.Name)
		verdict := lifecycle.Verdict{Stored: s.storedFeature(name)} // there is none without an installation
		if row.Exists() {
			verdict = settings.Judge(row, name, verdict.Stored, now)
		}
		view.AddFeature(row, name, verdict, nil)
	}
	return view, nil
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

func (s scope) storedFeature(name webex.Feature) *webex.FeatureConfig {
	object, ok := s.app.Configuration(s.ID(), string(name))
	if !ok {
		return nil
	}
	config := compare.ConfigOf(name, object)
	return &config
}

func (s scope) storedAtWebex() compare.Stored {
	view, installed := s.app.Installation(s.ID())
	return compare.Stored{
		Installed: installed, Subject: s.Sub(), Region: view.Region, ProvisioningState: view.ProvisioningState,
		ManifestVersion: view.ManifestVersion, Scopes: view.Scopes, AppURL: view.AppURL, ActionsURL: view.ActionsURL,
	}
}
