package panels

import (
	"fmt"
	"strings"
	"time"

	"signpost/infra/compare"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// Comparison is an installation as Signpost's table and as Webex store it, side by side.
type Comparison struct {
	// Of is the integration's name, "" if the organization has no other. VerifyURL is
	// where a form posts that verifies the installation, "" for no form.
	Of, VerifyURL string
	Problem       string // why settings, table or Webex cannot be read
	Stored        bool   // whether the table has an installation
	// NoAccess is set while Webex refuses the refresh token: features are then
	// not verified, and the table has their last known state.
	NoAccess bool
	// Unknown is set where Webex could not be asked about a feature.
	Unknown    bool
	State      Pill
	Lines      []compare.Line
	Features   []Feature
	Facts      []Fact
	DueAt      time.Time
	VerifiedAt time.Time
	Candidates []Candidate
}

// Feature is a feature's configuration, as it is wanted and as Webex stores it.
type Feature struct {
	Title  string
	Status Pill
	Next   string // what the next verification will do, a sentence
	Pushed time.Time
	Lines  []compare.Line
	Empty  bool // neither stores a configuration
}

// Titles are what Control Hub calls the features.
var Titles = map[webex.Feature]string{
	webex.DigitalSignage: "Digital signage", webex.PersistentWebApp: "Persistent web app",
}

// Fact is a property that only Signpost has.
type Fact struct{ Name, Value string }

// Candidate is an activation or a move that is not proven yet.
type Candidate struct {
	Kind    string
	Refused bool
	DueAt   time.Time
}

// NewComparison returns what the table has of an installation, which may have candidates
// only. The caller adds what Webex stores.
func NewComparison(row installation.Installation, candidates []installation.Candidate, now time.Time) Comparison {
	c := Comparison{Stored: row.Exists(), NoAccess: row.State == installation.TokenInvalid, State: statePill(row.State)}
	for _, one := range candidates {
		c.Candidates = append(c.Candidates, Candidate{string(one.Kind), one.Refused, one.Schedule.DueAt})
	}
	if !c.Stored {
		return c
	}
	c.DueAt, c.VerifiedAt = row.Schedule.DueAt, row.Schedule.VerifiedAt
	c.Facts = []Fact{{"Token health", Words(string(row.TokenHealth(now)))}}
	if result := row.Schedule.LastResult; result != "" {
		c.Facts = append(c.Facts, Fact{"Last result", Words(result)})
	}
	if row.Schedule.Failures > 0 {
		c.Facts = append(c.Facts, Fact{"Failures in a row", fmt.Sprint(row.Schedule.Failures)})
	}
	return c
}

// Differs counts the properties that differ.
func (c Comparison) Differs() int {
	count := compare.Differing(c.Lines)
	for _, f := range c.Features {
		count += compare.Differing(f.Lines)
	}
	return count
}

// AddFeature adds a feature by the verdict of a verification. With a failure, what Webex
// stores is unknown.
func (c *Comparison) AddFeature(row installation.Installation, name webex.Feature, verdict lifecycle.Verdict, failure error) {
	f := Feature{
		Title: Titles[name], Lines: compare.Configuration(verdict.Wanted, verdict.Stored), Empty: verdict.Wanted == nil && verdict.Stored == nil,
		Status: Idle("not installed"),
	}
	if row.Exists() {
		f.Status, f.Pushed, f.Next = StatusPill(row.Features[name].Status), verdict.PushedAt, next[verdict.Verb]
	}
	if failure != nil {
		c.Unknown, f.Next = true, "What Webex stores is unknown: "+failure.Error()+"."
		for n := range f.Lines {
			f.Lines[n].Theirs, f.Lines[n].Differs = "unknown", false
		}
	}
	if c.NoAccess || failure != nil {
		f.Status = Idle("last known: " + f.Status.Text)
	}
	if c.NoAccess {
		f.Next = ""
	}
	c.Features = append(c.Features, f)
}

var next = map[lifecycle.Verb]string{
	lifecycle.Push: "The next verification pushes it.", lifecycle.Delete: "The next verification deletes it.",
	lifecycle.Hold: "It keeps drifting, so the next push is postponed.", lifecycle.Leave: "No change needed.",
}

func statePill(state installation.State) Pill {
	switch state {
	case installation.Active:
		return Good("active")
	case installation.TokenInvalid:
		return Bad("token invalid")
	case installation.Removed:
		return Idle("removed")
	}
	return Idle("not stored")
}

// StatusPill shows the status of a feature.
func StatusPill(status installation.FeatureStatus) Pill {
	switch status {
	case installation.InSync:
		return Good(Words(string(status)))
	case installation.Pending, installation.Drifting:
		return Wait(Words(string(status)))
	case "":
		return Idle("unknown")
	}
	return Idle(Words(string(status)))
}

// Words is a code as it is read.
func Words(code string) string { return strings.ReplaceAll(code, "_", " ") }
