package operate

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

type summary struct {
	Org         string            `json:"org"`
	Name        string            `json:"name"`
	State       string            `json:"state"`
	Region      string            `json:"region"`
	Features    map[string]string `json:"features"`
	TokenHealth string            `json:"tokenHealth"`
	LastResult  string            `json:"lastResult"`
	// LastVerified is the time of the last successful verification, or the start of the
	// pass that made it. Failures counts those that failed since.
	LastVerified string `json:"lastVerified,omitempty"`
	Failures     int    `json:"failures"`
	// NextDue is empty while nothing is due before the next pass.
	NextDue string `json:"nextDue"`
	// FailingSince is the time of the first of these failures. Failing is true from a
	// day after it.
	FailingSince string `json:"failingSince,omitempty"`
	Failing      bool   `json:"failing"`
	// AppDiffers says what was approved at Webex although no action about it arrived.
	// HealthAtWebex is the state that Webex has from our answers to health checks.
	// SignedElsewhere is a region other than Region that signed an action.
	AppDiffers      string `json:"appDiffers,omitempty"`
	HealthAtWebex   string `json:"healthAtWebex,omitempty"`
	SignedElsewhere string `json:"signedElsewhere,omitempty"`

	// Trouble is the most urgent problem in a word or two, "" for none.
	Trouble string `json:"trouble,omitempty"`

	verified time.Time
}

func summarize(row installation.Installation, now time.Time) summary {
	s := summary{
		Org: row.OrgKey, Name: row.OrgName, State: string(row.State), Region: row.Region, Features: map[string]string{},
		LastResult: row.Schedule.LastResult, LastVerified: timestamp(row.Schedule.VerifiedAt), Failures: row.Schedule.Failures,
		NextDue: timestamp(row.Schedule.DueAt), verified: row.Schedule.VerifiedAt,
		FailingSince: timestamp(row.Schedule.FailingSince), Failing: row.State == installation.Active && row.Schedule.Failing(now),
		AppDiffers: row.App.Difference, HealthAtWebex: row.App.HealthState, SignedElsewhere: row.ForeignRegion.Region,
	}
	if row.Exists() {
		s.TokenHealth = string(row.TokenHealth(now))
	}
	for name, feature := range row.Features {
		s.Features[string(name)] = string(feature.Status)
	}
	s.Trouble = s.trouble()
	return s
}

// trouble returns the most urgent problem, "" for none.
func (s summary) trouble() string {
	switch {
	case s.State != string(installation.Active):
		return s.State
	case s.Failing:
		return "failing"
	case s.AppDiffers != "":
		return "app differs"
	case s.SignedElsewhere != "":
		return "wrong region"
	case s.TokenHealth != string(installation.TokensHealthy):
		return "token " + s.TokenHealth
	}
	return ""
}

// displayState is the state as tables show it: the problem, if there is one.
func (s summary) displayState() string { return cmp.Or(s.Trouble, s.State) }

// Filter selects installations. An empty field selects all.
type Filter struct {
	// Named is a prefix of the organization's name or key.
	Named string
	// Failing selects those whose last verification failed, Due those of which a retry
	// or other work is due now; what waits for the next pass is not due.
	Failing, Due bool
	// Token is a token health: healthy, expiring or token_invalid.
	Token string
}

// TokenHealths are the values of Filter.Token.
var TokenHealths = []string{string(installation.TokensHealthy), string(installation.TokensExpiring), string(installation.TokensInvalid)}

func (f Filter) selects(row installation.Installation, now time.Time) bool {
	switch {
	case f.Named != "" && !hasPrefix(row, f.Named) && webex.OrganizationKey(f.Named) != row.OrgKey:
		return false
	case f.Failing && row.Schedule.Failures == 0 && row.Schedule.FailingSince.IsZero():
		return false
	case f.Due && (row.Schedule.DueAt.IsZero() || row.Schedule.DueAt.After(now)):
		return false
	}
	return f.Token == "" || f.Token == string(row.TokenHealth(now))
}

// List prints the installations that the filter selects. It returns
// terminal.ErrFindings if one of them has a problem, and an error that names those
// that cannot be read.
func (o *Operator) List(ctx context.Context, filter Filter) error {
	if filter.Token != "" && !slices.Contains(TokenHealths, filter.Token) {
		return terminal.Usagef("token health %q is unknown: use one of %s", filter.Token, strings.Join(TokenHealths, ", "))
	}
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	rows, unreadable := o.installations(ctx, p)
	if rows, err = withPasses(ctx, p, rows...); err != nil {
		return err
	}
	now, kept, trouble := time.Now(), []summary{}, false
	for _, row := range rows {
		if filter.selects(row, now) {
			s := summarize(row, now)
			kept, trouble = append(kept, s), trouble || s.Trouble != ""
		}
	}
	if o.JSON {
		err = o.Print(kept)
	} else {
		o.table(kept, now)
	}
	return terminal.Findings(trouble, errors.Join(unreadable, err))
}

func (o *Operator) table(list []summary, now time.Time) {
	if len(list) == 0 {
		o.Note("no installations")
		return
	}
	rows := make([][]string, len(list))
	for i, s := range list {
		rows[i] = []string{
			s.Org, s.Name, s.displayState(), cmp.Or(s.Features[string(webex.DigitalSignage)], "-"),
			cmp.Or(s.Features[string(webex.PersistentWebApp)], "-"), s.TokenHealth, cmp.Or(s.LastResult, "-"), distance(s.verified, now),
		}
	}
	o.Table([]string{"ORG", "NAME", "STATE", "SIGNAGE", "WEB APP", "TOKENS", "LAST RESULT", "VERIFIED"}, rows)
}
