package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"signpost/infra/sides"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// summary is an installation in a list.
type summary struct {
	Org         string            `json:"org"`
	Name        string            `json:"name"`
	State       string            `json:"state"`
	Region      string            `json:"region"`
	Features    map[string]string `json:"features"`
	TokenHealth string            `json:"tokenHealth"`
	LastResult  string            `json:"lastResult"`
	NextDue     string            `json:"nextDue"`
	// FailingSince is when verifying it first failed, "" if it did not last; from a
	// day on it is Failing.
	FailingSince string `json:"failingSince,omitempty"`
	Failing      bool   `json:"failing"`
	// AppDiffers is what Webex has approved and no action told of; HealthAtWebex
	// Webex's view of our health checks; SignedElsewhere another region that signed
	// an action.
	AppDiffers      string `json:"appDiffers,omitempty"`
	HealthAtWebex   string `json:"healthAtWebex,omitempty"`
	SignedElsewhere string `json:"signedElsewhere,omitempty"`

	due time.Time
}

func summarize(row installation.Installation, now time.Time) summary {
	s := summary{
		Org: row.OrgKey, Name: row.OrgName, State: string(row.State), Region: row.Region, Features: map[string]string{},
		LastResult: row.Schedule.LastResult, NextDue: stamp(row.Schedule.DueAt), due: row.Schedule.DueAt,
		FailingSince: stamp(row.Schedule.FailingSince), Failing: row.State == installation.Active && row.Schedule.Failing(now),
		AppDiffers: row.App.Difference, HealthAtWebex: row.App.HealthState, SignedElsewhere: row.SignedElsewhere.Region,
	}
	if row.Exists() {
		s.TokenHealth = string(row.TokenHealth(now))
	}
	for name, feature := range row.Features {
		s.Features[string(name)] = string(feature.Status)
	}
	return s
}

// shown is the state for people, with what a person should look at.
func (s summary) shown() string {
	switch {
	case s.State != string(installation.Active):
		return s.State
	case s.Failing:
		return "failing"
	case s.AppDiffers != "":
		return "app differs"
	case s.SignedElsewhere != "":
		return "wrong region"
	}
	return s.State
}

// list shows every installation, tombstones left out. One that cannot be read
// is an error, after all that can.
func (d *doctor) list(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return usageError{"list takes no argument"}
	}
	patient, err := d.patient(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	all, unread := []summary{}, []error(nil)
	done := d.progress("reading the table")
	for row, err := range patient.store.Installations(ctx) {
		if err != nil {
			unread = append(unread, err)
		}
		if row.Exists() {
			all = append(all, summarize(row, now))
		}
	}
	done()
	slices.SortFunc(all, func(a, b summary) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Org, b.Org)) })
	if d.json {
		return errors.Join(append(unread, d.print(all))...)
	}
	d.rows([]string{"ORG", "NAME", "STATE", "SIGNAGE", "WEB APP", "TOKENS", "LAST RESULT", "NEXT DUE"}, len(all), func(i int) []string {
		s := all[i]
		return []string{
			s.Org, s.Name, s.shown(), cmp.Or(s.Features[string(webex.DigitalSignage)], "-"),
			cmp.Or(s.Features[string(webex.PersistentWebApp)], "-"), s.TokenHealth, cmp.Or(s.LastResult, "-"), when(s.due, now),
		}
	})
	if len(all) == 0 {
		d.faint("no installations")
	}
	return errors.Join(unread...)
}

// threeWay is what is wanted of one feature, was pushed, and is stored.
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
			view.lines = sides.Configuration(verdict.Wanted, verdict.Wanted) // no difference is known
		}
		view.Differs = sides.Differing(view.lines)
		all = append(all, view)
	}
	return all
}

// show shows one installation and what Webex holds beside it. It finds
// something wrong if a verification would change anything. It changes nothing
// itself, unless -refresh lets it renew the access token.
func (d *doctor) show(ctx context.Context, args []string) error {
	args, refresh := without(args, "refresh")
	org, err := one(args, "organization")
	if err != nil {
		return err
	}
	patient, err := d.patient(ctx)
	if err != nil {
		return err
	}
	done := d.progress("asking Webex")
	inspection, err := patient.Service.Inspect(ctx, webex.OrganizationKey(org), refresh)
	done()
	if err != nil {
		return err
	}
	return d.showInspection(inspection)
}

func (d *doctor) showInspection(inspection lifecycle.Inspection) error {
	now, row := time.Now(), inspection.Installation
	views := threeWays(inspection)
	if d.json {
		if err := d.print(map[string]any{"installation": summarize(row, now), "candidates": len(inspection.Candidates), "sides": views}); err != nil {
			return err
		}
	} else {
		d.card(row, len(inspection.Candidates), now)
		for _, view := range views {
			d.showSides(view)
		}
	}
	for _, view := range views {
		if view.Verb != string(lifecycle.Leave) {
			return errFound
		}
	}
	if row.State != installation.Active {
		return errFound
	}
	return nil
}

// card is what the table holds of an installation.
func (d *doctor) card(row installation.Installation, candidates int, now time.Time) {
	d.title(fmt.Sprintf("%s  %s", cmp.Or(row.OrgName, "(no name)"), row.OrgKey))
	s := summarize(row, now)
	lines := [][2]string{
		{"state", s.shown()}, {"region", s.Region}, {"manifest version", fmt.Sprint(row.ManifestVersion)},
		{"token health", s.TokenHealth}, {"refresh token", "expires " + when(row.Tokens.RefreshExpiresAt, now)},
		{"access token", "expires " + when(row.Tokens.AccessExpiresAt, now)},
		{"activated", when(row.ActivatedAt, now)}, {"last action", when(row.LastActionAt, now)},
		{"verified", when(row.Schedule.VerifiedAt, now)}, {"last result", s.LastResult},
		{"failures", fmt.Sprint(row.Schedule.Failures)}, {"failing since", when(row.Schedule.FailingSince, now)}, {"next due", when(row.Schedule.DueAt, now)},
		{"app at Webex", s.AppDiffers}, {"health at Webex", s.HealthAtWebex}, {"signed by region", s.SignedElsewhere},
		{"told actionsUrl", row.ToldActionsURL}, {"unproven candidates", fmt.Sprint(candidates)},
	}
	d.rows(nil, len(lines), func(i int) []string { return []string{"  " + lines[i][0], cmp.Or(lines[i][1], "-")} })
}

func (d *doctor) showSides(view threeWay) {
	d.blank()
	d.title(view.Feature)
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
	d.rows(nil, len(lines), func(i int) []string { return lines[i] })
	pushed := "never pushed"
	if view.PushedAt != "" {
		pushed = "last pushed " + view.PushedAt
	}
	if view.PushedWanted {
		pushed += ", what is wanted"
	}
	d.faint(pushed)
	d.verdict(view)
}

func (d *doctor) verdict(view threeWay) {
	switch {
	case view.Failure != "":
		d.bad("Webex could not be asked: " + view.Failure)
	case view.Verb == string(lifecycle.Leave):
		d.good(view.Status + ": a verification changes nothing")
	case view.Verb == string(lifecycle.Hold):
		d.bad("drifting: Webex keeps reading back something else; pushing is put off")
	default:
		d.bad("a verification would " + view.Verb)
	}
}
