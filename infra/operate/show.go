package operate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"signpost/infra/sides"
	"signpost/infra/terminal"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// threeWay compares the wanted, the last pushed and the stored configuration of
// one feature.
type threeWay struct {
	Feature      string               `json:"feature"`
	Verb         string               `json:"verb"`
	Status       string               `json:"status"`
	Wanted       *webex.FeatureConfig `json:"wanted"`
	Stored       *webex.FeatureConfig `json:"storedAtWebex"`
	PushedAt     string               `json:"lastPushedAt"`
	PushedWanted bool                 `json:"lastPushedIsWanted"`
	Differs      int                  `json:"differs"`
	Failure      string               `json:"failure,omitempty"`

	lines []sides.Line
}

func threeWays(inspection lifecycle.Inspection) []threeWay {
	all := []threeWay{}
	for _, name := range webex.Features {
		verdict, ok := inspection.Verdicts[name]
		if !ok {
			continue
		}
		view := threeWay{
			Feature: string(name), Verb: string(verdict.Verb), Status: string(verdict.Status()), Wanted: verdict.Wanted,
			Stored: verdict.Stored, PushedAt: stamp(verdict.PushedAt), PushedWanted: verdict.PushedWanted,
			lines: sides.Configuration(verdict.Wanted, verdict.Stored),
		}
		if failure := inspection.Failures[name]; failure != nil {
			view.Failure, view.Verb = failure.Error(), "unknown"
			view.lines = sides.Configuration(verdict.Wanted, verdict.Wanted) // differences are unknown
		}
		view.Differs = sides.Differing(view.lines)
		all = append(all, view)
	}
	return all
}

// Show prints installations beside what Webex stores for them. It returns
// terminal.ErrFindings if one is not active, or a verification would change it.
// Show changes nothing, except that with refresh it renews an expired access token.
func (o *Operator) Show(ctx context.Context, orgs []string, all, refresh bool) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	rows, err := o.chosen(ctx, p, orgs, all)
	if err != nil {
		return err
	}
	findings, documents := false, []any{}
	for i, row := range rows {
		done := o.Waiting("asking Webex")
		inspection, err := p.Service.Inspect(ctx, row.OrgKey, refresh)
		done()
		if err != nil {
			return err
		}
		dated, err := p.dated(ctx, inspection.Installation)
		if err != nil {
			return err
		}
		inspection.Installation = dated[0]
		if i > 0 && !o.JSON {
			o.Blank()
		}
		document, found := o.showInspection(inspection)
		findings, documents = findings || found, append(documents, document)
	}
	if o.JSON && len(documents) == 1 && !all {
		err = o.Print(documents[0])
	} else if o.JSON {
		err = o.Print(documents)
	}
	return terminal.Findings(findings, err)
}

// showInspection prints one installation, or returns it for JSON. findings is
// whether it is not active, or a verification would change it.
func (o *Operator) showInspection(inspection lifecycle.Inspection) (document any, findings bool) {
	now, row := time.Now(), inspection.Installation
	views := threeWays(inspection)
	if !o.JSON {
		o.card(row, len(inspection.Candidates), now)
		for _, view := range views {
			o.showSides(view)
		}
	}
	findings = row.State != installation.Active ||
		slices.ContainsFunc(views, func(v threeWay) bool { return v.Verb != string(lifecycle.Leave) })
	return map[string]any{"installation": summarize(row, now), "candidates": len(inspection.Candidates), "sides": views}, findings
}

func (o *Operator) card(row installation.Installation, candidates int, now time.Time) {
	o.Title(fmt.Sprintf("%s  %s", named(row), row.OrgKey))
	s := summarize(row, now)
	lines := [][2]string{
		{"state", s.shown()}, {"region", s.Region}, {"manifest version", fmt.Sprint(row.ManifestVersion)},
		{"token health", s.TokenHealth}, {"refresh token", "expires " + distance(row.Tokens.RefreshExpiresAt, now)},
		{"access token", "expires " + distance(row.Tokens.AccessExpiresAt, now)},
		{"activated", distance(row.ActivatedAt, now)}, {"last action", distance(row.LastActionAt, now)},
		{"verified", distance(row.Schedule.VerifiedAt, now)}, {"last result", s.LastResult},
		{"failures", fmt.Sprint(row.Schedule.Failures)}, {"failing since", distance(row.Schedule.FailingSince, now)}, {"next due", distance(row.Schedule.DueAt, now)},
		{"app at Webex", s.AppDiffers}, {"health at Webex", s.HealthAtWebex}, {"signed by region", s.SignedElsewhere},
		{"registered actionsUrl", row.RegisteredActionsURL}, {"unproven candidates", fmt.Sprint(candidates)},
	}
	cells := make([][]string, len(lines))
	for i, line := range lines {
		cells[i] = []string{"  " + line[0], cmp.Or(line[1], "-")}
	}
	o.Table(nil, cells)
}

func (o *Operator) showSides(view threeWay) {
	o.Blank()
	o.Title(view.Feature)
	lines := [][]string{{"", "wanted", "stored at Webex"}}
	for _, line := range view.lines {
		mark, theirs := " ", cmp.Or(line.Theirs, "-")
		if line.Differs {
			mark = "≠"
		}
		if view.Failure != "" {
			theirs = "not known"
		}
		lines = append(lines, []string{mark + " " + line.Name, cmp.Or(line.Ours, "-"), theirs})
	}
	o.Table(nil, lines)
	pushed := "never pushed"
	if view.PushedAt != "" {
		pushed = "last pushed " + view.PushedAt
	}
	if view.PushedWanted {
		pushed += ", with the wanted values"
	}
	o.Note(pushed)
	o.verdict(view)
}

func (o *Operator) verdict(view threeWay) {
	switch {
	case view.Failure != "":
		o.Bad("Webex could not be asked: " + view.Failure)
	case view.Verb == string(lifecycle.Leave):
		o.Good(view.Status + ": a verification changes nothing")
	case view.Verb == string(lifecycle.Hold):
		o.Bad("drifting: Webex keeps reading back something else; pushes are postponed")
	default:
		o.Bad("a verification would " + view.Verb)
	}
}
