package installation_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// history is what happens to one organization while it is moved: each event reaches
// the old or the new table, and copies bring the old one's row into the new one.
type history struct {
	*rand.Rand
	old, fresh installation.Installation
	// whole is a table that all events reach, which the copies must come to.
	whole installation.Installation
	// clock is Webex's: each event has a second of its own.
	clock int
	n     int
}

func (h *history) name(what string) string { h.n++; return fmt.Sprintf("%s %d", what, h.n) }

// event applies one event from Webex to a table's row, or returns why the table
// refuses it.
type event func(installation.Installation) (installation.Installation, error)

// next is a random event.
func (h *history) next(issuedAt time.Time) event {
	switch id := h.name("event"); h.IntN(6) {
	case 0:
		return func(row installation.Installation) (installation.Installation, error) {
			next, err := installation.Candidate{
				Key: installationtest.Key("o"), ID: id,
				Change: installation.Change{
					Statement: installation.Statement{Region: id, URLs: installation.URLs{App: id}}, IssuedAt: issuedAt,
					Endpoints: map[webex.Feature]string{webex.DigitalSignage: id},
				},
			}.Promote(row)
			next.Tokens.Refresh = secret.Sealed(id)
			return next, err
		}
	case 1:
		return func(row installation.Installation) (installation.Installation, error) {
			if row.Version == 0 {
				return row, installation.ErrNotFound
			}
			return row.Remove(issuedAt, issuedAt.Add(time.Hour))
		}
	default:
		change := installation.Change{IssuedAt: issuedAt, Statement: installation.Statement{Subject: id}}
		if h.IntN(2) == 0 {
			change.Region, change.URLs.App = id, id
		}
		if h.IntN(2) == 0 {
			change.Endpoints, change.AllEndpoints = map[webex.Feature]string{webex.DigitalSignage: id}, true
		}
		if h.IntN(3) == 0 {
			change.Refresh = secret.Sealed(id)
		}
		return func(row installation.Installation) (installation.Installation, error) {
			if !row.Exists() {
				return row, installation.ErrNotFound
			}
			return row.Change(change)
		}
	}
}

// work is what a table's own workers do to a row, beside events.
func (h *history) work(row installation.Installation) installation.Installation {
	if !row.Exists() {
		return row
	}
	switch h.IntN(4) {
	case 0:
		row.Tokens.Renewal = installation.NewLease("w", at(h.clock))
	case 1:
		if row.State == installation.Active {
			row = row.Invalidate("w", at(h.clock))
		}
	default:
		row.Version++ // claimed and concluded
		row.RegisteredActionsURL = h.name("registered")
	}
	return stored(row)
}

// step makes something random happen.
func (h *history) step(t *testing.T, issuedAt time.Time) {
	table := &h.old
	if h.IntN(2) == 0 {
		table = &h.fresh
	}
	switch h.IntN(5) {
	case 0:
		*table = h.work(*table)
	case 1:
		h.copy(t)
	default:
		apply := h.next(issuedAt)
		if next, err := apply(*table); err == nil {
			*table = stored(next)
			if next, err := apply(h.whole); err == nil {
				h.whole = stored(next)
			}
		}
	}
}

func (h *history) copy(t *testing.T) {
	t.Helper()
	before := h.fresh
	next, changed := h.fresh.Merge(h.old, at(h.clock))
	if changed {
		next = stored(next)
	}
	if again, changed := next.Merge(h.old, at(h.clock+1)); changed {
		t.Fatalf("copied twice:\n%+v\n%+v\n%+v", h.old, next, again)
	}
	if next.Version < before.Version || changed && next.Version == before.Version {
		t.Fatalf("version %d after %d", next.Version, before.Version)
	}
	for name, pair := range map[string][2]time.Time{
		"activated or removed": {ended(next), latest(ended(before), ended(h.old))},
		"acted":                {next.LastActionAt, latest(since(before, next).LastActionAt, since(h.old, next).LastActionAt)},
		"moved":                {next.MovedAt, latest(since(before, next).MovedAt, since(h.old, next).MovedAt)},
		"offered":              {next.EndpointsAt, latest(since(before, next).EndpointsAt, since(h.old, next).EndpointsAt)},
		"issued":               {next.Tokens.IssuedAt, latest(since(before, next).Tokens.IssuedAt, since(h.old, next).Tokens.IssuedAt)},
	} {
		if next.Exists() && pair[0].Before(pair[1]) || name == "activated or removed" && !pair[0].Equal(pair[1]) {
			t.Fatalf("%s %v, and a copy knows of %v:\nold    %+v\nbefore %+v\nafter  %+v", name, pair[0], pair[1], h.old, before, next)
		}
	}
	h.fresh = next
}

// ended is when the last activation or removal was that a row knows of.
func ended(i installation.Installation) time.Time { return latest(i.ActivatedAt, i.RemovedAt) }

// since is row if both rows exist, so that their times can be compared.
func since(row, next installation.Installation) installation.Installation {
	if !row.Exists() || !next.Exists() {
		return installation.Installation{}
	}
	return row
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Events reach either table in any order: no number of copies loses what is newer by
// Webex's clock.
func TestHistoriesOutOfOrder(t *testing.T) {
	for seed := range uint64(1_500) {
		h := &history{Rand: rand.New(rand.NewPCG(seed, 1))}
		for _, second := range h.Perm(40) {
			h.clock++
			h.step(t, at(second))
		}
		h.copy(t)
	}
}

// Events reach the tables in order: in the end the new table holds what a single
// table would hold.
func TestHistoriesInOrder(t *testing.T) {
	compared := 0
	for seed := range uint64(1_500) {
		h := &history{Rand: rand.New(rand.NewPCG(seed, 2))}
		for second := range 40 {
			h.clock = second
			h.step(t, at(second))
		}
		h.copy(t)
		if h.fresh.Version == 0 {
			continue
		}
		compared++
		if got, want := statedIn(h.fresh), statedIn(h.whole); got != want {
			t.Fatalf("seed %d: the new table holds\n%+v, a single one would hold\n%+v", seed, got, want)
		}
	}
	if compared < 1_200 {
		t.Errorf("only %d histories left a row", compared)
	}
}

// stated is what Webex has stated of an organization, as far as a row holds it.
type stated struct {
	exists                               bool
	generation                           installation.Generation
	activatedAt, removedAt, lastActionAt time.Time
	movedAt, endpointsAt, issuedAt       time.Time
	subject, region, app, endpoint       string
	refresh                              string
}

// statedIn leaves out which activation a removal ended: its time refuses the codes of
// all of them.
func statedIn(i installation.Installation) stated {
	if !i.Exists() {
		return stated{removedAt: i.RemovedAt}
	}
	return stated{
		exists: true, generation: i.Generation, activatedAt: i.ActivatedAt, lastActionAt: i.LastActionAt,
		movedAt: i.MovedAt, endpointsAt: i.EndpointsAt, issuedAt: i.Tokens.IssuedAt,
		subject: i.Subject, region: i.Region, app: i.URLs.App, refresh: string(i.Tokens.Refresh),
		endpoint: i.Features[webex.DigitalSignage].Endpoint,
	}
}
