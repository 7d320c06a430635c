package installation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// active is an installation that was activated at noon.
func active() installation.Installation {
	return installation.Installation{
		Key: installationtest.Key("o"),
		Statement: installation.Statement{
			Subject: "s", OrgName: "Acme", Region: "home", ManifestVersion: 4,
			URLs: installation.URLs{OAuth: "https://oauth", App: "https://app"},
		},
		State: installation.Active, Generation: "g1",
		Version: 7, Revision: 3, ActivatedAt: noon, LastActionAt: noon, ActivationUntil: at(3600),
		RegisteredActionsURL: "https://us/actions",
		Features:             map[webex.Feature]installation.Feature{webex.DigitalSignage: {Endpoint: "https://signage", Status: installation.InSync, PushedAt: noon}},
		Tokens:               installation.Tokens{Refresh: secret.Sealed("r"), Access: secret.Sealed("a"), AccessExpiresAt: at(60)},
		Schedule:             installation.Schedule{Failures: 5},
	}
}

// TestPrinted: what embeds a key is not printed as its key alone.
func TestPrinted(t *testing.T) {
	for _, printed := range []string{fmt.Sprintf("%+v", active()), fmt.Sprintf("%+v", installation.Candidate{BaseURL: "https://app"})} {
		if !strings.Contains(printed, "https://app") {
			t.Errorf("printed as %s", printed)
		}
	}
}

func TestCheckActivation(t *testing.T) {
	removed := removed(t, active(), 10)
	tests := map[string]struct {
		current    installation.Installation
		generation installation.Generation
		issuedAt   time.Time
		want       error
	}{
		"nothing there":             {installation.Installation{}, "g2", noon, nil},
		"newer":                     {active(), "g2", at(1), nil},
		"the same second":           {active(), "g2", at(0), nil},
		"older":                     {active(), "g2", at(-1), installation.ErrStale},
		"its own":                   {active(), "g1", noon, installation.ErrReplayed},
		"its own, removed":          {removed, "g1", noon, installation.ErrReplayed},
		"before the removal":        {removed, "g2", at(9), installation.ErrStale},
		"the removal's own second":  {removed, "g2", at(10), nil},
		"after the removal":         {removed, "g2", at(11), nil},
		"older than the activation": {removed, "g2", at(-1), installation.ErrStale},
	}
	for name, test := range tests {
		if err := installation.CheckActivation(test.current, test.generation, test.issuedAt); !errors.Is(err, test.want) {
			t.Errorf("%s: error = %v, want %v", name, err, test.want)
		}
	}
}

func TestChangeOrder(t *testing.T) {
	tests := map[string]struct {
		change installation.Change
		want   error
	}{
		"newer":               {installation.Change{IssuedAt: at(1), Statement: installation.Statement{ManifestVersion: 5}}, nil},
		"same second":         {installation.Change{IssuedAt: at(0), Statement: installation.Statement{ManifestVersion: 4}}, nil},
		"no manifest version": {installation.Change{IssuedAt: at(1)}, nil},
		"older":               {installation.Change{IssuedAt: at(-1), Statement: installation.Statement{ManifestVersion: 5}}, installation.ErrStale},
		"older manifest":      {installation.Change{IssuedAt: at(1), Statement: installation.Statement{ManifestVersion: 3}}, installation.ErrStale},
		"older in both":       {installation.Change{IssuedAt: at(-1), Statement: installation.Statement{ManifestVersion: 3}}, installation.ErrStale},
	}
	for name, test := range tests {
		if _, err := active().Change(test.change); !errors.Is(err, test.want) {
			t.Errorf("%s: error = %v, want %v", name, err, test.want)
		}
	}
}

func TestChangeKeepsUnmentionedFields(t *testing.T) {
	before := active()
	after := changed(t, before, installation.Change{IssuedAt: at(1), Endpoints: map[webex.Feature]string{webex.PersistentWebApp: "https://pwa"}})
	if after.URLs != before.URLs || after.Region != "home" || after.ManifestVersion != 4 || after.OrgName != "Acme" ||
		string(after.Tokens.Refresh) != "r" || after.RegisteredActionsURL != before.RegisteredActionsURL {
		t.Errorf("after = %+v", after)
	}
	if after.Revision != 4 || len(after.Tokens.Access) != 0 || after.Schedule.Failures != 0 {
		t.Errorf("revision %d, failures %d: a change is new work, with a new access token", after.Revision, after.Schedule.Failures)
	}
	for name, endpoint := range map[webex.Feature]string{webex.DigitalSignage: "https://signage", webex.PersistentWebApp: "https://pwa"} {
		if got := after.Features[name]; got.Endpoint != endpoint || got.Status != installation.Pending {
			t.Errorf("%s = %+v", name, got)
		}
	}
	if before.Features[webex.DigitalSignage].Status != installation.InSync || len(before.Features) != 1 {
		t.Error("the row that was given is changed too")
	}
}

func TestChangeOfAddressRegistersOursAgain(t *testing.T) {
	after := changed(t, active(), installation.Change{IssuedAt: at(1), Statement: installation.Statement{Region: "new", URLs: installation.URLs{App: "https://new"}}, Refresh: secret.Sealed("n")})
	if after.RegisteredActionsURL != "" || after.Region != "new" || after.URLs.OAuth != "https://oauth" || string(after.Tokens.Refresh) != "n" {
		t.Errorf("after = %+v", after)
	}
}

func TestNewRefreshTokenRevives(t *testing.T) {
	dead := active().Invalidate("w", at(5))
	if dead.State != installation.TokenInvalid || !dead.Exists() || len(dead.Tokens.Refresh) == 0 || !dead.Schedule.DueAt.Equal(at(5)) {
		t.Errorf("dead = %+v", dead)
	}
	still, _ := dead.Change(installation.Change{IssuedAt: at(6)})
	alive, _ := dead.Change(installation.Change{IssuedAt: at(6), Refresh: secret.Sealed("n")})
	if still.State != installation.TokenInvalid || alive.State != installation.Active || !alive.Tokens.InvalidSince.IsZero() {
		t.Errorf("states = %s, %s", still.State, alive.State)
	}
}

func TestRemove(t *testing.T) {
	for _, issuedAt := range []time.Time{at(-1), at(0)} {
		if _, err := active().Remove(issuedAt, at(600)); !errors.Is(err, installation.ErrStale) {
			t.Errorf("removal at %v: error = %v, want ErrStale", issuedAt, err)
		}
	}
	gone, err := active().Remove(at(1), at(600))
	if err != nil {
		t.Fatal(err)
	}
	if gone.OrgName != "" || gone.URLs != (installation.URLs{}) || gone.Features != nil || gone.Tokens.Refresh != nil || gone.Exists() {
		t.Errorf("tombstone = %+v", gone)
	}
	end := at(1).Add(webex.LongestAcceptance)
	if !gone.ForgetAt.Equal(end) {
		t.Errorf("forgotten at %v: an unused code from before the removal is good until %v", gone.ForgetAt, end)
	}
	if gone.Forgotten(end.Add(-time.Second)) || !gone.Forgotten(end) {
		t.Error("forgotten at the wrong time")
	}
	if _, err := gone.Remove(at(1), at(600)); !errors.Is(err, installation.ErrStale) {
		t.Errorf("a repeated removal: %v, want ErrStale", err)
	}
	later, err := gone.Remove(at(30), at(600))
	if err != nil || !later.RemovedAt.Equal(at(30)) || later.Generation != gone.Generation {
		t.Errorf("a later removal: %+v, %v", later, err)
	}
}

// TestExpireKeepsTheVersion: an activation right after it must not begin at
// version 1 again, since its events would look like old ones.
func TestExpireKeepsTheVersion(t *testing.T) {
	long := 100 * 24 * time.Hour
	gone := active().Expire(noon.Add(long))
	end := noon.Add(long + webex.LongestAcceptance)
	if gone.Version != active().Version || gone.Forgotten(end.Add(-time.Second)) || !gone.Forgotten(end) {
		t.Errorf("version %d, forgotten at %v, want %v", gone.Version, gone.ForgetAt, end)
	}
}

func TestMoveOrder(t *testing.T) {
	move := installation.Candidate{Key: installationtest.Key("o"), Kind: installation.Move, Change: installation.Change{Statement: installation.Statement{Region: "new"}, IssuedAt: at(1)}}
	reinstalled, later, removed := active(), active(), active().Expire(at(1))
	reinstalled.Generation, reinstalled.ActivatedAt, reinstalled.LastActionAt = "g2", at(2), at(2)
	later.LastActionAt = at(2)
	for name, current := range map[string]installation.Installation{"re-installed later": reinstalled, "changed later": later, "removed": removed} {
		if _, err := move.Apply(current); !errors.Is(err, installation.ErrStale) {
			t.Errorf("%s: error = %v, want ErrStale", name, err)
		}
	}
	before := active()
	before.Generation = "g2" // re-installed before the move
	for _, current := range []installation.Installation{active(), before} {
		if moved, err := move.Apply(current); err != nil || moved.Region != "new" {
			t.Errorf("moved = %+v, %v", moved, err)
		}
	}
}

func TestTokenHealth(t *testing.T) {
	day := 24 * time.Hour
	for left, want := range map[time.Duration]installation.TokenHealth{
		90 * day: installation.TokensHealthy, 14 * day: installation.TokensHealthy, 14*day - 1: installation.TokensExpiring, -day: installation.TokensExpiring,
	} {
		row := active()
		row.Tokens.RefreshExpiresAt = noon.Add(left)
		if got := row.TokenHealth(noon); got != want {
			t.Errorf("%v left: %s, want %s", left, got, want)
		}
	}
	if got := active().TokenHealth(noon); got != installation.TokensHealthy {
		t.Errorf("unknown expiry: %s", got)
	}
	if got := active().Invalidate("w", noon).TokenHealth(noon); got != installation.TokensInvalid {
		t.Errorf("invalid: %s", got)
	}
}

func TestShardsAreEven(t *testing.T) {
	counts := make([]int, installation.Shards)
	for i := range 16_000 {
		counts[installation.ShardOf(installation.Digest(string(rune(i))))]++
	}
	for shard, n := range counts {
		if n < 800 || n > 1200 {
			t.Errorf("shard %d has %d of 16000", shard, n)
		}
	}
}

// Webex may send actions for an activation that we have not received yet: they must
// not prevent it, and it must not undo them.
func TestPromoteKeepsLaterActions(t *testing.T) {
	code := installation.Candidate{
		Key: installationtest.Key("o"), Kind: installation.Activation, ID: "g2",
		Change: installation.Change{
			Statement: installation.Statement{Region: "home", ManifestVersion: 4, URLs: installation.URLs{App: "https://app2"}},
			IssuedAt:  at(6), Endpoints: map[webex.Feature]string{webex.DigitalSignage: "https://signage2"},
		},
	}
	approved := changed(t, active(), installation.Change{
		IssuedAt: at(8), Statement: installation.Statement{ManifestVersion: 5},
		AllEndpoints: true, Endpoints: map[webex.Feature]string{webex.PersistentWebApp: "https://pwa2"},
	})
	next, err := code.Promote(approved)
	if err != nil || next.Generation != "g2" || next.URLs.App != "https://app2" || !next.LastActionAt.Equal(at(8)) ||
		next.ManifestVersion != 5 || len(next.Features) != 1 || next.Features[webex.PersistentWebApp].Endpoint != "https://pwa2" {
		t.Errorf("after an update was approved: %+v, %v", next, err)
	}
	moved := changed(t, active(), installation.Change{IssuedAt: at(8), Statement: installation.Statement{Region: "new", URLs: installation.URLs{App: "https://new"}}})
	if next, err := code.Promote(moved); err != nil || next.Region != "new" || next.URLs.App != "https://new" {
		t.Errorf("after a move: %+v, %v", next, err)
	}
	earlier := changed(t, active(), installation.Change{IssuedAt: at(5), Statement: installation.Statement{Region: "new", ManifestVersion: 5}})
	if next, err := code.Promote(earlier); err != nil || next.Region != "home" || next.ManifestVersion != 4 {
		t.Errorf("after an earlier action: %+v, %v", next, err)
	}
}
