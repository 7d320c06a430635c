package console

import (
	"slices"
	"strings"
	"time"

	"signpost/infra/panels"
	"signpost/shared/webex/webextest"
)

type tab struct {
	ID, Name, Region string
	Current          bool
	Installed        bool
}

func (c *Console) viewTabs(current string) []tab {
	var tabs []tab
	for _, org := range c.options.Webex.Organizations() {
		tabs = append(tabs, tab{org.ID(), org.Name(), org.Region(), org.ID() == current, len(c.installed(org.ID())) > 0})
	}
	return tabs
}

// card is the integration as Control Hub shows it.
type card struct {
	target
	Name, Region string // of the organization
	Title        string
	Integration  webextest.IntegrationView
	Uploaded     bool // by some organization
	Own          bool // by this one
	State        panels.Pill
	Installed    bool
	// Pending: Signpost has not completed the activation, and can be told nothing yet.
	Pending             bool
	Newer               bool // an update can be approved
	Installation        webextest.InstallationView
	Operational, Tokens panels.Pill
	Features            []featureCard
	Regions             []string // where it may move
}

type featureCard struct {
	feature
	State  panels.Pill
	Pushes int
}

func (c *Console) viewCard(s scope) card {
	view := card{target: c.targetOf(s), Name: s.Name(), Region: s.Region(), Title: c.titleOf(s.app), Integration: s.app.View()}
	view.Uploaded, view.Own = view.Integration.OrgID != "", view.Integration.OrgID == s.ID()
	for _, region := range c.options.Regions {
		if region != view.Region {
			view.Regions = append(view.Regions, region)
		}
	}
	view.Installation, view.Installed = s.app.Installation(s.ID())
	view.Pending = view.Installed && view.Installation.ActionsURL == ""
	view.Newer = !view.Uploaded || view.Integration.ManifestVersion > view.Installation.ManifestVersion
	view.State = stateOf(view.Installation, view.Installed)
	view.Operational = wordPill(view.Installation.OperationalState, "operational")
	view.Tokens = wordPill(view.Installation.TokensState, "valid")
	for _, f := range features {
		if !slices.Contains(view.Installation.Features, f.Name) {
			continue
		}
		entry := featureCard{feature: f, State: panels.Wait("not configured"), Pushes: s.app.Pushes(s.ID(), f.Name)}
		if _, stored := s.app.Configuration(s.ID(), f.Name); stored {
			entry.State = panels.Good("configured")
		}
		view.Features = append(view.Features, entry)
	}
	return view
}

func stateOf(view webextest.InstallationView, installed bool) panels.Pill {
	switch {
	case !installed:
		return panels.Idle("Not installed")
	case view.FullyProvisioned:
		return panels.Good("Active")
	case view.ProvisioningState == "completed":
		return panels.Bad("Incomplete")
	case view.ProvisioningState == "error":
		return panels.Bad("Error")
	}
	return panels.Wait("Activating")
}

// wordPill shows a state that Webex reports; only good is shown as healthy.
func wordPill(word, good string) panels.Pill {
	switch word {
	case good:
		return panels.Good(word)
	case "", "unknown":
		return panels.Idle("unknown")
	}
	return panels.Bad(panels.Words(word))
}

type faultsView struct {
	target
	Region    string
	Installed bool
	Features  []faultsFeature
	Kinds     []faultKind
	Faults    []activeFault
	Drops     int
}

type faultsFeature struct {
	feature
	Stored bool
}

type activeFault struct {
	Effect string
	Until  time.Time
}

func (c *Console) viewFaults(s scope) faultsView {
	webex := c.options.Webex
	view := faultsView{target: c.targetOf(s), Region: s.Region(), Kinds: faultKinds, Drops: webex.ActionsToDrop(s.ID())}
	_, view.Installed = s.app.Installation(s.ID())
	for _, f := range features {
		_, stored := s.app.Configuration(s.ID(), f.Name)
		view.Features = append(view.Features, faultsFeature{f, stored})
	}
	for _, fault := range webex.Faults() {
		if fault.OrgID == "" || fault.OrgID == s.ID() {
			view.Faults = append(view.Faults, activeFault{faultEffect(fault), fault.Until})
		}
	}
	return view
}

// faultEffect describes a fault, including one injected through the control API.
func faultEffect(fault webextest.Fault) string {
	for _, kind := range faultKinds {
		if kind.fault.Status == fault.Status && kind.fault.Delay == fault.Delay {
			return kind.Effect
		}
	}
	return strings.TrimSpace("Injected fault " + fault.Kind)
}
