package model_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/launch"
	"signpost/shared/lifecycle/model"
	"signpost/shared/race"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// checksOfStores is how many sequences of calls both stores are compared on.
var checksOfStores = race.Share(100, 10)

// The store in memory stands for the real one: whatever is called, they answer
// the same.
func TestStoresAnswerTheSame(t *testing.T) {
	if !chosen {
		setFlag(t, "rapid.checks", strconv.Itoa(checksOfStores))
	}
	rapid.Check(t, func(r *rapid.T) {
		client, table := dynamotest.New(t)
		p := &pair{ctx: t.Context(), t: r, memory: model.NewMemory(), table: dynamo.New(client, table), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		r.Repeat(map[string]func(*rapid.T){
			"save":      p.save,
			"candidate": p.putCandidate,
			"delete":    p.deleteCandidate,
			"commit":    p.commit,
			"used":      p.used,
			"refusals":  p.refusals,
			"claim":     p.claim,
			"pass":      p.savePass,
			"page":      p.page,
			"create":    p.create,
			"take":      p.take,
			"time":      p.time,
			"":          p.compare,
		})
	})
}

// pair is two stores that are given the same calls.
type pair struct {
	ctx           context.Context
	t             *rapid.T
	memory, table backend
	now           time.Time
	launches      int
	claims        int
}

var (
	orgKeys   = rapid.SampledFrom([]string{"one", "two", "org#one"})
	ids       = rapid.SampledFrom([]string{"a", "b", "c"})
	someTimes = rapid.SampledFrom([]time.Duration{-time.Hour, -time.Millisecond, 0, 1, time.Millisecond, 999 * time.Millisecond, time.Second, 30 * time.Second, time.Hour})
	states    = rapid.SampledFrom([]installation.State{installation.Active, installation.Active, installation.TokenInvalid, installation.Removed})
	regions   = rapid.SampledFrom([]string{home, elsewhere})
)

// both makes a call on both stores and compares the errors, by sentinel, and
// what came back.
func both[T any](p *pair, what string, call func(backend) (T, error)) (T, error) {
	fromMemory, err := call(p.memory)
	fromTable, tableErr := call(p.table)
	if a, b := sentinelOf(err), sentinelOf(tableErr); a != b {
		p.t.Fatalf("%s: in memory %v, on the table %v", what, err, tableErr)
	}
	if diff := cmp.Diff(fromTable, fromMemory); diff != "" {
		p.t.Fatalf("%s (-table +memory):\n%s", what, diff)
	}
	return fromMemory, err
}

func sentinelOf(err error) string {
	for _, sentinel := range []error{
		installation.ErrReplayed, installation.ErrConflict, installation.ErrNotFound, installation.ErrWrongRegion, launch.ErrUnknown,
	} {
		if errors.Is(err, sentinel) {
			return sentinel.Error()
		}
	}
	if err != nil {
		return "another error"
	}
	return ""
}

// refusals writes what was refused in a row, or clears it, at a version that may
// not be the stored one.
func (p *pair) refusals(t *rapid.T) {
	client := ids.Draw(t, "client")
	stored, _ := both(p, "refusals", func(b backend) (installation.Refusals, error) { return b.Refusals(p.ctx, client) })
	stored.Version += rapid.SampledFrom([]int64{0, 0, 0, 1}).Draw(t, "off")
	if rapid.Bool().Draw(t, "clear") {
		stored = stored.Clear(p.at(t, "cleared"))
	} else {
		stored, _ = stored.Add(orgKeys.Draw(t, "org"))
	}
	_, _ = both(p, "save refusals", func(b backend) (installation.Refusals, error) { return b.SaveRefusals(p.ctx, stored) })
}

// at draws a time near now.
func (p *pair) at(t *rapid.T, what string) time.Time { return p.now.Add(someTimes.Draw(t, what)) }

// due draws when a row is due, never by itself now and then.
func (p *pair) due(t *rapid.T) time.Time {
	if rapid.IntRange(0, 2).Draw(t, "never due") == 0 {
		return time.Time{}
	}
	return p.at(t, "due")
}

// lease draws a lease, none most of the time.
func (p *pair) lease(t *rapid.T) installation.Lease {
	if rapid.IntRange(0, 3).Draw(t, "held") > 0 {
		return installation.Lease{}
	}
	return installation.Lease{Owner: "other", Until: p.at(t, "lease until")}
}

// stored is what both hold of an organization.
func (p *pair) stored(org string) (installation.Installation, map[string]installation.Candidate) {
	row, candidates, err := p.memory.Find(p.ctx, installationtest.Key(org), time.Time{}.Add(time.Hour)) // nothing is gone at the beginning of time
	if err != nil {
		p.t.Fatal(err)
	}
	byID := map[string]installation.Candidate{}
	for _, c := range candidates {
		byID[c.ID] = c
	}
	return row, byID
}

// version draws the version that was read, most of the time.
func version(t *rapid.T, read int64) int64 {
	return max(0, read+rapid.SampledFrom([]int64{0, 0, 0, 0, -1, 1, -read}).Draw(t, "version"))
}

// row draws an installation.
func (p *pair) row(t *rapid.T, org string) installation.Installation {
	read, _ := p.stored(org)
	i := installation.Installation{
		Key: installationtest.Key(org),
		Statement: installation.Statement{
			OrgName: "name of " + org, Region: regions.Draw(t, "region"),
		},
		State: states.Draw(t, "state"), Version: version(t, read.Version),
		Generation:   rapid.SampledFrom([]installation.Generation{read.Generation, read.Generation, "g", "h"}).Draw(t, "generation"),
		LastActionAt: p.at(t, "last action"), ForgetAt: p.at(t, "forget"),
		Tokens: installation.Tokens{Refresh: secret.Sealed("sealed"), AccessExpiresAt: p.at(t, "access")},
		Work:   p.lease(t), Schedule: installation.Schedule{DueAt: p.due(t), Failures: 2},
		Features: map[webex.Feature]installation.Feature{webex.DigitalSignage: {Endpoint: "e", PushedAt: p.at(t, "pushed")}},
		Notice:   installation.NoticeUpdated, Event: "{}",
	}
	if rapid.Bool().Draw(t, "bare") {
		i.Features, i.Schedule.DueAt, i.Tokens = nil, time.Time{}, installation.Tokens{}
	}
	return i
}

func (p *pair) candidate(t *rapid.T, org, id string) installation.Candidate {
	_, candidates := p.stored(org)
	return installation.Candidate{
		Key: installationtest.Key(org), ID: id, Kind: installation.Activation, Version: version(t, candidates[id].Version),
		Change: installation.Change{IssuedAt: p.at(t, "issued"), Endpoints: map[webex.Feature]string{}}, ForgetAt: p.at(t, "forget"), Refused: rapid.IntRange(0, 4).Draw(t, "refused") == 0,
		Work: p.lease(t), Schedule: installation.Schedule{DueAt: p.due(t)},
	}
}

func (p *pair) save(t *rapid.T) {
	i := p.row(t, orgKeys.Draw(t, "org"))
	_, _ = both(p, "save", func(s backend) (installation.Installation, error) { return s.Save(p.ctx, i) })
}

func (p *pair) putCandidate(t *rapid.T) {
	c := p.candidate(t, orgKeys.Draw(t, "org"), ids.Draw(t, "id"))
	_, _ = both(p, "put candidate", func(s backend) (installation.Candidate, error) { return s.PutCandidate(p.ctx, c) })
}

func (p *pair) deleteCandidate(t *rapid.T) {
	c := p.candidate(t, orgKeys.Draw(t, "org"), ids.Draw(t, "id"))
	_, _ = both(p, "delete candidate", func(s backend) (any, error) { return nil, s.DeleteCandidate(p.ctx, c) })
}

func (p *pair) commit(t *rapid.T) {
	org := orgKeys.Draw(t, "org")
	i := p.row(t, org)
	mark := installation.Used{Key: installationtest.Key(org), ID: ids.Draw(t, "mark"), Until: p.at(t, "until")}
	var done []installation.Candidate
	for _, id := range rapid.SliceOfDistinct(ids, rapid.ID).Draw(t, "done") {
		done = append(done, p.candidate(t, org, id))
	}
	_, _ = both(p, "commit", func(s backend) (installation.Installation, error) { return s.Commit(p.ctx, i, mark, done, p.now) })
}

func (p *pair) used(t *rapid.T) {
	org, id := orgKeys.Draw(t, "org"), ids.Draw(t, "mark")
	_, _ = both(p, "used", func(s backend) (bool, error) { return s.Used(p.ctx, installationtest.Key(org), id, p.now) })
}

func (p *pair) claim(t *rapid.T) {
	ref := installation.Ref{Key: installationtest.Key(orgKeys.Draw(t, "org")), Candidate: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "candidate")}
	if rapid.Bool().Draw(t, "while due") {
		ref.DueAt = p.at(t, "due")
	}
	p.claims++ // each worker has a name of its own
	lease := installation.NewLease(fmt.Sprint("worker ", p.claims), p.now)
	_, _ = both(p, "claim", func(s backend) (installation.Work, error) { return s.Claim(p.ctx, ref, lease, p.now) })
}

// savePass moves the pass of an organization's shard on, at a version that may not be
// the stored one.
func (p *pair) savePass(t *rapid.T) {
	shard := installation.ShardOf(orgKeys.Draw(t, "of"))
	passes, _ := both(p, "passes", func(s backend) ([]installation.Pass, error) { return s.Passes(p.ctx) })
	pass := passes[shard]
	pass.Version = version(t, pass.Version)
	pass.Lease = p.lease(t)
	switch rapid.SampledFrom([]string{"begin", "advance", "leave out", "catch up"}).Draw(t, "what") {
	case "begin":
		pass = pass.Begin(ids.Draw(t, "settings"), p.at(t, "began"))
	case "advance":
		pass = pass.Advance(orgKeys.Draw(t, "place"), 1, rapid.Bool().Draw(t, "ended"))
	case "leave out":
		pass = pass.Skip(ids.Draw(t, "host"), orgKeys.Draw(t, "place"), p.at(t, "not before"))
	case "catch up":
		host := ids.Draw(t, "host")
		if _, left := pass.Skipped[host]; !left {
			return
		}
		pass = pass.CatchUp(host, orgKeys.Draw(t, "place"), rapid.Bool().Draw(t, "ended"))
	}
	_, _ = both(p, "save pass", func(s backend) (installation.Pass, error) { return s.SavePass(p.ctx, pass) })
}

// page reads a page of a shard, from any place.
func (p *pair) page(t *rapid.T) {
	shard := installation.ShardOf(orgKeys.Draw(t, "of"))
	place := rapid.SampledFrom([]string{"", "one", "org#one", "p", "two"}).Draw(t, "place")
	_, _ = both(p, "page", func(s backend) (installation.Page, error) { return s.Page(p.ctx, shard, place, 100) })
}

func (p *pair) create(t *rapid.T) {
	p.launches++
	l := launch.Launch{ID: fmt.Sprint("launch ", p.launches), Key: installationtest.Key(orgKeys.Draw(t, "org")), IssuedAt: p.now, Devices: []launch.Device{{DeviceID: "d"}}}
	region := regions.Draw(t, "region")
	mark := installation.Used{Key: installationtest.Key(l.OrgKey), ID: ids.Draw(t, "mark"), Until: p.at(t, "until")}
	_, _ = both(p, "create", func(s backend) (any, error) { return nil, s.Create(p.ctx, l, region, mark) })
}

func (p *pair) take(t *rapid.T) {
	id := fmt.Sprint("launch ", rapid.IntRange(1, p.launches+1).Draw(t, "launch"))
	_, _ = both(p, "take", func(s backend) (launch.Launch, error) {
		l, _, err := s.Take(p.ctx, id, p.now)
		return l, err
	})
}

func (p *pair) time(t *rapid.T) {
	p.now = p.now.Add(rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, time.Minute, 2 * time.Hour}).Draw(t, "pass"))
}

// compare looks at everything that both hold.
func (p *pair) compare(*rapid.T) {
	for _, org := range []string{"one", "two", "org#one"} {
		_, _ = both(p, "find "+org, func(s backend) (any, error) {
			row, candidates, err := s.Find(p.ctx, installationtest.Key(org), p.now)
			return []any{row, candidates}, err
		})
		shard := installation.ShardOf(org)
		_, _ = both(p, "count due", func(s backend) (int, error) { return s.CountDue(p.ctx, shard, p.now) })
		_, _ = both(p, "due", func(s backend) ([]string, error) { return p.listDue(s, shard) })
	}
}

// listDue is what is due in a shard, two at a time, those of one time in any order.
func (p *pair) listDue(s backend, shard int) ([]string, error) {
	var all []string
	for cursor := ""; ; {
		refs, next, err := s.Due(p.ctx, shard, p.now, cursor, 2)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			all = append(all, ref.OrgKey+" "+ref.Candidate)
		}
		if cursor = next; cursor == "" {
			slices.SortFunc(all, strings.Compare)
			return all, nil
		}
	}
}
