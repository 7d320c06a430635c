package model_test

import (
	"context"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
)

const (
	// interval is VERIFY_INTERVAL, and a run comes each period. One of them begins a
	// pass and one gets to the row, each late by a period at most, and where it takes
	// the shard over, by silence more.
	interval = time.Hour
	period   = 15 * time.Minute
	silence  = 3 * time.Minute
	late     = 2 * (period + silence)
)

// heals checks that after all trouble everything is in order within an interval and a
// run, that what drifts then is within another, and that from then on passes look at
// every installation and write none.
func (w *world) heals(ctx context.Context) {
	// How many there are was not steady, by which a pass is spread over an interval: a
	// row may have its turn early in one pass and late in the next.
	w.keepRunning(ctx, 2*interval+late)
	w.inOrder(ctx, "after all trouble")
	w.trail.note("configurations drift")
	seed := w.newWorker("drift", calm, 0)
	time.Sleep(time.Duration(seed.draw("when", 0) % uint64(interval)))
	healthy := w.rows(ctx, settled)
	for n, row := range healthy {
		w.drift(row.OrgKey, int(seed.draw("how", n)&3))
	}
	w.keepRunning(ctx, interval+late)
	w.inOrder(ctx, "after a drift")
	w.trail.note("all is calm")
	began := time.Now()
	healthy = w.rows(ctx, func(row installation.Installation, candidates []installation.Candidate) bool {
		return settled(row, candidates) && lasts(row, began.Add(interval+late+period))
	})
	clear(w.store.writes)
	w.keepRunning(ctx, interval+late)
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	for _, row := range healthy {
		if writes := w.store.writes[row.OrgKey]; writes > 0 {
			w.model.wrong("%s: %d writes, although it is in order", w.model.name(row.OrgKey), writes)
		}
		for name, endpoint := range endpointsAsked(row) {
			if asked := w.model.askedAt[endpoint]; asked.Before(began) {
				w.model.wrong("%s of %s was not looked at for an interval, but at %s", name, w.model.name(row.OrgKey), clock(asked))
			}
		}
	}
}

// keepRunning runs the schedule each period for so long. In some sequences one shard's
// own runs are silent for good.
func (w *world) keepRunning(ctx context.Context, d time.Duration) {
	worker := w.newWorker("settle", calm, 0)
	which := worker.draw("shards", 0) & 3
	for end := time.Now().Add(d); ; time.Sleep(min(period, time.Until(end))) {
		w.verify(worker.context(ctx), int(which))
		if !time.Now().Before(end) {
			return
		}
	}
}

// rows are the stored rows of which this is true.
func (w *world) rows(ctx context.Context, is func(installation.Installation, []installation.Candidate) bool) (rows []installation.Installation) {
	for _, org := range w.orgs {
		row, candidates, err := w.store.backend.Find(ctx, installationtest.Key(org.ID()), time.Now())
		if err != nil {
			panic(err)
		}
		if is(row, candidates) {
			rows = append(rows, row)
		}
	}
	return rows
}

// settled reports whether a row is in order, as it says itself, and nothing is left to
// be proven, which may renew its tokens.
func settled(row installation.Installation, candidates []installation.Candidate) bool {
	for _, c := range candidates {
		if !c.Refused {
			return false
		}
	}
	if row.State != installation.Active || row.Schedule.Failures > 0 || row.Work.Owner != "" {
		return false
	}
	for _, feature := range row.Features {
		if feature.Status == installation.Pending || feature.Drift != "" {
			return false
		}
	}
	return true
}

// lasts reports whether nothing is to be done about a settled row by then.
func lasts(row installation.Installation, then time.Time) bool {
	due, tokens := row.Schedule.DueAt, row.Tokens
	return (due.IsZero() || due.After(then)) && tokens.AccessExpiresAt.After(then.Add(time.Minute)) &&
		(tokens.RefreshExpiresAt.IsZero() || tokens.RefreshExpiresAt.After(then.Add(30*24*time.Hour)))
}

// inOrder checks what must be in order: not what nobody can reach, what drifted so
// often that it is held, or what failed for so long that it is seldom tried.
func (w *world) inOrder(ctx context.Context, when string) {
	for _, row := range w.rows(ctx, func(row installation.Installation, _ []installation.Candidate) bool {
		return row.State == installation.Active
	}) {
		org, _ := w.cloud.Organization(row.OrgKey)
		view, installed := w.cloud.Installation(row.OrgKey)
		if !installed || row.URLs.App != view.AppURL || !offered(row, view) || w.waits(row) || !w.takes(row) {
			continue
		}
		w.model.mu.Lock()
		before := len(w.model.violations)
		w.checkConfigurations(org, row, view)
		if len(w.model.violations) > before {
			w.model.wrong("which is %s's, %s", org.Name(), when)
		}
		w.model.mu.Unlock()
	}
}

// waits reports whether a row may wait for longer than an interval.
func (w *world) waits(row installation.Installation) bool {
	for _, feature := range row.Features {
		if feature.HoldUntil.After(time.Now()) {
			return true
		}
	}
	since := row.Schedule.FailingSince
	return !since.IsZero() && time.Since(since) > 7*24*time.Hour
}
