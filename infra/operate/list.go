package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

type summary struct {
	Org         string            `json:"org"`
	AppID       string            `json:"appId"`
	Name        string            `json:"name"`
	Reference   string            `json:"reference,omitempty"`
	State       string            `json:"state"`
	Region      string            `json:"region"`
	Channel     string            `json:"channel"`
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

	// Trouble is the code of the most urgent problem, "" for none.
	Trouble string `json:"trouble,omitempty"`

	verified time.Time
	// app is the label or the app id of its integration, "" if lists do not show it.
	app string
}

func (p stack) summarize(row installation.Installation, now time.Time) summary {
	s := summary{
		Org: row.OrgKey, AppID: row.AppID, Name: row.OrgName, Reference: row.Reference, State: string(row.State), Region: row.Region, Channel: p.Channels.Name(row), Features: map[string]string{},
		LastResult: row.Schedule.LastResult, LastVerified: installation.Timestamp(row.Schedule.VerifiedAt), Failures: row.Schedule.Failures,
		NextDue: installation.Timestamp(row.Schedule.DueAt), verified: row.Schedule.VerifiedAt,
		FailingSince: installation.Timestamp(row.Schedule.FailingSince), Failing: row.State == installation.Active && row.Schedule.Failing(now),
		AppDiffers: row.App.Difference, HealthAtWebex: row.App.HealthState, SignedElsewhere: row.ForeignRegion.Region,
	}
	if row.Exists() {
		s.TokenHealth = string(row.TokenHealth(now))
	}
	for name, feature := range row.Features {
		s.Features[string(name)] = string(feature.Status)
	}
	if trouble, troubled := row.Trouble(now); troubled {
		s.Trouble = string(trouble.Code)
	}
	return s
}

// displayState is the state as tables show it: the problem, if there is one.
func (s summary) displayState() string {
	return strings.ReplaceAll(cmp.Or(s.Trouble, s.State), "_", " ")
}

// Filter selects installations. An empty field selects all.
type Filter struct {
	// Named is a prefix of the organization's name or key.
	Named string
	// Failing selects those whose last verification failed, Due those with a retry or
	// other work due now; the next regular pass does not count.
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
	rows, unreadable, err := o.installations(ctx, p)
	if err != nil {
		return err
	}
	if rows, err = withPasses(ctx, p, rows...); err != nil {
		return err
	}
	now, kept, trouble := time.Now(), []summary{}, false
	for _, row := range rows {
		if filter.selects(row, now) {
			s := p.summarize(row, now)
			kept, trouble = append(kept, s), trouble || s.Trouble != ""
		}
	}
	switch {
	case o.JSON:
		err = o.Print(kept)
	case len(rows) == 0:
		o.Note("no installations")
	case len(kept) == 0:
		o.Note(fmt.Sprintf("none of %d installations matches", len(rows)))
	default:
		if err = nameApps(ctx, p, kept); err == nil {
			o.table(kept, now)
		}
	}
	return terminal.Findings(trouble, errors.Join(unreadable, err))
}

// nameApps gives each summary the label of its integration, or else the app id, if there
// are several app ids.
func nameApps(ctx context.Context, p stack, list []summary) error {
	if !slices.ContainsFunc(list, func(s summary) bool { return s.AppID != list[0].AppID }) {
		return nil
	}
	registered, err := p.Store.Integrations(ctx, "", time.Now())
	if err != nil {
		return err
	}
	labels := map[installation.Key]string{} // for any organization under ""
	for _, one := range registered {
		labels[installation.Key{OrgKey: one.OrgKey, AppID: one.AppID}] = one.Label
	}
	for n, s := range list {
		own, isOwn := labels[installation.Key{OrgKey: s.Org, AppID: s.AppID}]
		if !isOwn {
			own = labels[installation.Key{AppID: s.AppID}]
		}
		list[n].app = cmp.Or(own, s.AppID)
	}
	return nil
}

func (o *Operator) table(list []summary, now time.Time) {
	header, rows := []string{"ORG", "NAME", "STATE", "SIGNAGE", "WEB APP", "TOKENS", "LAST RESULT", "VERIFIED"}, make([][]string, len(list))
	for i, s := range list {
		rows[i] = []string{
			s.Org, s.Name, s.displayState(), cmp.Or(s.Features[string(webex.DigitalSignage)], "-"),
			cmp.Or(s.Features[string(webex.PersistentWebApp)], "-"), s.TokenHealth, cmp.Or(s.LastResult, "-"), distance(s.verified, now),
		}
	}
	if slices.ContainsFunc(list, func(s summary) bool { return s.Channel != channel.Default }) {
		header = append(header, "CHANNEL")
		for i, s := range list {
			rows[i] = append(rows[i], s.Channel)
		}
	}
	if list[0].app != "" {
		header = append(header, "INTEGRATION")
		for i, s := range list {
			rows[i] = append(rows[i], s.app)
		}
	}
	o.Table(header, rows)
}
