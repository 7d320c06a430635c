package faults_test

import (
	"context"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/schedule"
	"signpost/shared/webex/webextest"
)

const (
	// fleetSize installations are looked at in pages of pageSize.
	fleetSize, pageSize = 5, 2
	// leaseEnds is after how long a shard that a dead run had is free again.
	leaseEnds = 2 * time.Minute
)

// fleet is installations of one shard, all in order.
type fleet struct {
	*world
	versions map[string]int64 // of their rows
}

// small gives small pages.
type small struct{ schedule.Store }

func (s small) Page(ctx context.Context, shard int, place string, _ int) (installation.Page, error) {
	return s.Store.Page(ctx, shard, place, pageSize)
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	w := newWorld(t, newLab(t))
	w.mutant = func(p *parts) { p.rows = small{p.rows} }
	orgs, shard := []*webextest.Organization{w.org}, w.shard()
	for len(orgs) < fleetSize {
		if org := w.cloud.AddOrganization("Fleet", home); installation.ShardOf(org.ID()) == shard {
			orgs = append(orgs, org)
		}
	}
	for _, w.org = range orgs {
		w.activated()
		w.soonDue()
	}
	_, err := w.verify(w.healthy())
	w.must(err)
	w.pass(10 * time.Second) // what is verified already is not looked at
	f := &fleet{world: w, versions: map[string]int64{}}
	for _, org := range orgs {
		f.versions[org.ID()] = f.version(org.ID())
	}
	return f
}

func (f *fleet) version(org string) int64 {
	row, _, err := f.lab.store.Find(f.t.Context(), installationtest.Key(org), f.clock())
	f.must(err)
	return row.Version
}

// begin makes the next pass due.
func (f *fleet) begin() {
	f.cloud.ResetRequests()
	pass := f.position()
	if !pass.Ended {
		f.t.Fatalf("the pass is not at its end: %+v", pass)
	}
	pass.Began = f.clock().Add(-interval)
	f.savePass(pass)
}

// asked counts how often Webex was asked about each organization.
func (f *fleet) asked() map[string]int {
	asked := map[string]int{}
	for _, request := range f.cloud.Requests() {
		if request.Kind == webextest.KindSignage {
			asked[request.OrgID]++
		}
	}
	return asked
}

// check checks that all were looked at, those up to place once and a page at most
// twice, and that nothing was written but the pass.
func (f *fleet) check(t *testing.T, place string) {
	t.Helper()
	repeated, asked := 0, f.asked()
	for org, version := range f.versions {
		switch count := asked[org]; {
		case count == 2 && org > place:
			repeated++
		case count != 1:
			t.Errorf("%s was looked at %d times; the run had come to %q", org, count, place)
		}
		if now := f.version(org); now != version {
			t.Errorf("version %d of %s was in order, now it is %d", version, org, now)
		}
	}
	if repeated > pageSize {
		t.Errorf("%d were looked at again, more than a page", repeated)
	}
	if pass := f.position(); !pass.Ended {
		t.Errorf("the pass is not at its end: %+v", pass)
	}
}

// calls are those of a run that nothing befalls.
func (f *fleet) calls() []faults.Call {
	f.begin()
	p := f.healthy()
	_, err := f.verify(p)
	f.must(err)
	f.check(f.t, "~")
	return p.Calls()
}

// TestARunRepeatsItsLastPageAtMost has a run fail at each of its calls: the next one
// goes on where that one had come to, and leaves out nothing.
func TestARunRepeatsItsLastPageAtMost(t *testing.T) {
	f := newFleet(t)
	cases := 0
	for _, call := range f.calls() {
		for _, fault := range faults.Faults() {
			if !fault.Fits(call) || call.Peer == faults.Webex && !fault.Deadly {
				continue
			}
			cases++
			t.Run(call.Name()+"/"+fault.Name, func(t *testing.T) {
				f.begin()
				p := f.start(faults.Plan{Call: call, Fault: fault})
				_, _ = f.verify(p) // what it answers is the other tests' business
				if p.Injected() == 0 {
					t.Error("the fault befell nothing: the case proves nothing")
				}
				place, asked := f.position(), f.asked()
				if place.Ended && len(asked) > 0 {
					place.Place = "~"
				}
				f.pass(leaseEnds)
				_, err := f.verify(f.healthy())
				f.must(err)
				f.check(t, place.Place)
			})
		}
	}
	t.Logf("%d cases", cases)
}

// TestAShardIsTakenOver has a run be so slow, at each of its calls, that another one
// takes its shard over and comes to the end: it looks at the page that it is at, at
// most, and writes nothing.
func TestAShardIsTakenOver(t *testing.T) {
	f := newFleet(t)
	for _, call := range f.calls() {
		if call.Op == "Query due" {
			continue // beside the pass, which does not wait for it
		}
		t.Run(call.Name(), func(t *testing.T) {
			f.begin()
			var taken installation.Pass
			slow := f.healthy()
			slow.BeforeCall = func(made faults.Call) {
				if made.Name() != call.Name() {
					return
				}
				f.pass(leaseEnds)
				_, err := f.verify(f.healthy())
				f.must(err)
				taken = f.position()
			}
			_, err := f.verify(slow)
			f.must(err)
			f.check(t, "")
			if now := f.position(); !taken.Ended || now.Version != taken.Version {
				t.Errorf("the slow run has written the pass: %+v, before %+v", now, taken)
			}
		})
	}
}
