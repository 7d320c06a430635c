package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"signpost/infra/compare"
	"signpost/infra/terminal"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// featureReport compares the wanted, the last pushed and the stored configuration of
// one feature.
type featureReport struct {
	Feature      string         `json:"feature"`
	Verb         string         `json:"verb"`
	Status       string         `json:"status"`
	Wanted       *configuration `json:"wanted"`
	Stored       *configuration `json:"storedAtWebex"`
	PushedAt     string         `json:"lastPushedAt"`
	PushedWanted bool           `json:"lastPushedIsWanted"`
	Differs      int            `json:"differs"`
	Failure      string         `json:"failure,omitempty"`

	lines []compare.Line
}

// configuration is a [webex.FeatureConfig] in JSON.
type configuration struct {
	DeviceURL        string `json:"deviceUrl"`
	AssignContentURL string `json:"assignContentUrl"`
	ManageContentURL string `json:"manageContentUrl"`
	XAPIAllowList    string `json:"xapiAllowList,omitempty"`
}

// configurationOf returns nil for none.
func configurationOf(c *webex.FeatureConfig) *configuration {
	if c == nil {
		return nil
	}
	return &configuration{c.DeviceURL, c.AssignContentURL, c.ManageContentURL, c.XAPIAllowList}
}

func featureReports(inspection lifecycle.Inspection) []featureReport {
	all := []featureReport{}
	for _, name := range webex.Features {
		verdict, ok := inspection.Verdicts[name]
		if !ok {
			continue
		}
		report := featureReport{
			Feature: string(name), Verb: string(verdict.Verb), Status: string(verdict.Status()), Wanted: configurationOf(verdict.Wanted),
			Stored: configurationOf(verdict.Stored), PushedAt: installation.Timestamp(verdict.PushedAt), PushedWanted: verdict.PushedWanted,
			lines: compare.Configuration(verdict.Wanted, verdict.Stored),
		}
		if failure := inspection.Failures[name]; failure != nil {
			report.Failure, report.Verb = failure.Error(), "unknown"
			report.lines = compare.Configuration(verdict.Wanted, verdict.Wanted) // differences are unknown
		}
		report.Differs = compare.Differing(report.lines)
		all = append(all, report)
	}
	return all
}

// Show prints the selected installations beside what Webex stores for them. It returns
// terminal.ErrFindings if one is not active, or a verification would change it. Show changes
// nothing, except that with refresh it renews an expired access token.
func (o *Operator) Show(ctx context.Context, s Selection, refresh bool) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	rows, unreadable, err := o.selected(ctx, p, s)
	if err != nil {
		return err
	}
	findings, documents := false, []any{}
	for i, row := range rows {
		done := o.Waiting("asking Webex")
		inspection, err := p.inspect(ctx, row.Key, refresh)
		done()
		if err != nil {
			return err
		}
		if i > 0 && !o.JSON {
			o.Blank()
		}
		document, found := o.showInspection(p, inspection)
		findings, documents = findings || found, append(documents, document)
	}
	if o.JSON && len(documents) == 1 && !s.All {
		err = o.Print(documents[0])
	} else if o.JSON {
		err = o.Print(documents)
	}
	return terminal.Findings(findings, errors.Join(unreadable, err))
}

// inspect is [lifecycle.Service.Inspect] of an installation with its last pass.
func (p stack) inspect(ctx context.Context, key installation.Key, refresh bool) (lifecycle.Inspection, error) {
	inspection, err := p.Service.Inspect(ctx, key, refresh)
	if err != nil {
		return lifecycle.Inspection{}, err
	}
	rows, err := withPasses(ctx, p, inspection.Installation)
	if err != nil {
		return lifecycle.Inspection{}, err
	}
	inspection.Installation = rows[0]
	return inspection, nil
}

// showInspection prints one installation, or returns it for JSON. findings reports
// whether it is not active, or a verification would change it.
func (o *Operator) showInspection(p stack, inspection lifecycle.Inspection) (document any, findings bool) {
	now, row := time.Now(), inspection.Installation
	reports, s := featureReports(inspection), p.summarize(row, now)
	if !o.JSON {
		o.showInstallation(row, s, len(inspection.Candidates), now)
		if trouble, troubled := row.Trouble(now); troubled {
			o.Bad(trouble.Detail)
			o.Note(trouble.Advice)
		}
		for _, report := range reports {
			o.showFeature(report)
		}
	}
	findings = row.State != installation.Active ||
		slices.ContainsFunc(reports, func(r featureReport) bool { return r.Verb != string(lifecycle.Leave) })
	return map[string]any{"installation": s, "candidates": len(inspection.Candidates), "sides": reports}, findings
}

func (o *Operator) showInstallation(row installation.Installation, s summary, candidates int, now time.Time) {
	o.Title(fmt.Sprintf("%s  %s", displayName(row), row.OrgKey))
	lines := [][2]string{
		{"app id", s.AppID}, {"state", s.displayState()}, {"region", s.Region}, {"channel", s.Channel}, {"manifest version", fmt.Sprint(row.ManifestVersion)},
		{"token health", s.TokenHealth}, {"refresh token", expiry(row.Tokens.RefreshExpiresAt, now)},
		{"access token", expiry(row.Tokens.AccessExpiresAt, now)},
		{"activated", distance(row.ActivatedAt, now)}, {"last action", distance(row.LastActionAt, now)},
		{"verified", distance(row.Schedule.VerifiedAt, now)}, {"last result", s.LastResult},
		{"failures", fmt.Sprint(row.Schedule.Failures)}, {"failing since", distance(row.Schedule.FailingSince, now)}, {"next due", distance(row.Schedule.DueAt, now)},
		{"app at Webex", s.AppDiffers}, {"health at Webex", s.HealthAtWebex}, {"signed by another region", s.SignedElsewhere},
		{"registered actionsUrl", row.RegisteredActionsURL}, {"unproven candidates", fmt.Sprint(candidates)},
	}
	cells := make([][]string, len(lines))
	for i, line := range lines {
		cells[i] = []string{"  " + line[0], cmp.Or(line[1], "-")}
	}
	o.Table(nil, cells)
}

func (o *Operator) showFeature(report featureReport) {
	o.Blank()
	o.Title(report.Feature)
	lines := [][]string{{"", "wanted", "stored at Webex"}}
	for _, line := range report.lines {
		mark, theirs := " ", cmp.Or(line.Theirs, "-")
		if line.Differs {
			mark = "≠"
		}
		if report.Failure != "" {
			theirs = "unknown"
		}
		lines = append(lines, []string{mark + " " + line.Name, cmp.Or(line.Ours, "-"), theirs})
	}
	o.Table(nil, lines)
	pushed := "never pushed"
	if report.PushedAt != "" {
		pushed = "last pushed " + report.PushedAt
	}
	if report.PushedWanted {
		pushed += ", with the wanted values"
	}
	o.Note(pushed)
	o.showVerdict(report)
}

func (o *Operator) showVerdict(report featureReport) {
	switch {
	case report.Failure != "":
		o.Bad("the configuration stored at Webex could not be read: " + report.Failure)
	case report.Verb == string(lifecycle.Leave):
		o.Good(report.Status + ": a verification changes nothing")
	case report.Verb == string(lifecycle.Hold):
		o.Bad("drifting: the stored configuration differs again after each push, so the next push is postponed")
	default:
		o.Bad("a verification would " + report.Verb + " it")
	}
}
