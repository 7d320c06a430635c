package faults_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// actorKey is the context's key for whose call it is: 0 or 1. A call of nobody's
// passes every gate: it prepares a case, or is the schedule's afterwards.
type actorKey struct{}

// turn is a call that waits to be made.
type turn struct {
	actor int
	name  string
	begin chan struct{}
}

// gate holds every call of the two use cases to the store and to Webex until it
// is let through.
type gate struct {
	mu      sync.Mutex
	waiting []*turn
}

// pass waits until the call is let through, or its time is over.
func (g *gate) pass(ctx context.Context, name string) error {
	actor, ok := ctx.Value(actorKey{}).(int)
	if !ok {
		return ctx.Err()
	}
	t := &turn{actor: actor, name: name, begin: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, t)
	g.mu.Unlock()
	select {
	case <-t.begin:
		return ctx.Err()
	case <-ctx.Done():
		g.remove(t)
		return ctx.Err()
	}
}

func (g *gate) remove(t *turn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = slices.DeleteFunc(g.waiting, func(other *turn) bool { return other == t })
}

// open lets a call through.
func (g *gate) open(t *turn) {
	g.remove(t)
	close(t.begin)
}

// turns are the calls of an actor that wait, in an order that is the same in
// every run.
func (g *gate) turns(actor int) []*turn {
	g.mu.Lock()
	defer g.mu.Unlock()
	own := slices.DeleteFunc(slices.Clone(g.waiting), func(t *turn) bool { return t.actor != actor })
	slices.SortStableFunc(own, func(a, b *turn) int { return cmp.Compare(a.name, b.name) })
	return own
}

// let makes a call once it is let through.
func (g *gate) let(ctx context.Context, name string, call func() error) error {
	if err := g.pass(ctx, name); err != nil {
		return err
	}
	return call()
}

// passed is let for a call with a result.
func passed[T any](ctx context.Context, g *gate, name string, call func() (T, error)) (result T, err error) {
	err = g.let(ctx, name, func() error {
		result, err = call()
		return err
	})
	return result, err
}

// gatedStore is a store behind the gate: each call is atomic at the moment at
// which it is let through, as those of the real one are.
type gatedStore struct {
	stores
	gate *gate
}

// stores are all rows.
type stores interface {
	lifecycle.Store
	schedule.Store
}

func (s gatedStore) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	if err := s.gate.pass(ctx, "Find"); err != nil {
		return installation.Installation{}, nil, err
	}
	return s.stores.Find(ctx, key, now)
}

func (s gatedStore) Used(ctx context.Context, key installation.Key, id string, now time.Time) (bool, error) {
	return passed(ctx, s.gate, "Used", func() (bool, error) { return s.stores.Used(ctx, key, id, now) })
}

func (s gatedStore) PutCandidate(ctx context.Context, c installation.Candidate) (installation.Candidate, error) {
	return passed(ctx, s.gate, "PutCandidate", func() (installation.Candidate, error) { return s.stores.PutCandidate(ctx, c) })
}

func (s gatedStore) DeleteCandidate(ctx context.Context, c installation.Candidate) error {
	return s.gate.let(ctx, "DeleteCandidate", func() error { return s.stores.DeleteCandidate(ctx, c) })
}

func (s gatedStore) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	return passed(ctx, s.gate, "Save", func() (installation.Installation, error) { return s.stores.Save(ctx, i) })
}

func (s gatedStore) Commit(ctx context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (installation.Installation, error) {
	return passed(ctx, s.gate, "Commit", func() (installation.Installation, error) { return s.stores.Commit(ctx, i, used, done, now) })
}

func (s gatedStore) Due(ctx context.Context, shard int, now time.Time, cursor string, limit int) ([]installation.Ref, string, error) {
	if err := s.gate.pass(ctx, "Due"); err != nil {
		return nil, "", err
	}
	return s.stores.Due(ctx, shard, now, cursor, limit)
}

func (s gatedStore) Passes(ctx context.Context) ([]installation.Pass, error) {
	return passed(ctx, s.gate, "Passes", func() ([]installation.Pass, error) { return s.stores.Passes(ctx) })
}

func (s gatedStore) Page(ctx context.Context, shard int, place string, limit int) (installation.Page, error) {
	return passed(ctx, s.gate, "Page", func() (installation.Page, error) { return s.stores.Page(ctx, shard, place, limit) })
}

func (s gatedStore) SavePass(ctx context.Context, p installation.Pass) (installation.Pass, error) {
	return passed(ctx, s.gate, "SavePass", func() (installation.Pass, error) { return s.stores.SavePass(ctx, p) })
}

func (s gatedStore) Claim(ctx context.Context, ref installation.Ref, lease installation.Lease, now time.Time) (installation.Work, error) {
	return passed(ctx, s.gate, "Claim", func() (installation.Work, error) { return s.stores.Claim(ctx, ref, lease, now) })
}

func (s gatedStore) Refusals(ctx context.Context, clientID string) (installation.Refusals, error) {
	return passed(ctx, s.gate, "Refusals", func() (installation.Refusals, error) { return s.stores.Refusals(ctx, clientID) })
}

func (s gatedStore) SaveRefusals(ctx context.Context, refusals installation.Refusals) (installation.Refusals, error) {
	return passed(ctx, s.gate, "SaveRefusals", func() (installation.Refusals, error) { return s.stores.SaveRefusals(ctx, refusals) })
}

// gatedWebex is Webex behind the gate.
type gatedWebex struct {
	lifecycle.Webex
	gate *gate
}

func (w gatedWebex) Exchange(ctx context.Context, oauthURL string, client webex.Credentials, refresh secret.String) (webex.Tokens, error) {
	return passed(ctx, w.gate, "POST token", func() (webex.Tokens, error) { return w.Webex.Exchange(ctx, oauthURL, client, refresh) })
}

func (w gatedWebex) GetApp(ctx context.Context, appURL string, token secret.String) (webex.App, error) {
	return passed(ctx, w.gate, "GET app", func() (webex.App, error) { return w.Webex.GetApp(ctx, appURL, token) })
}

func (w gatedWebex) UpdateApp(ctx context.Context, appURL string, token secret.String, update webex.AppUpdate) error {
	return w.gate.let(ctx, "PATCH app", func() error { return w.Webex.UpdateApp(ctx, appURL, token, update) })
}

func (w gatedWebex) DeleteApp(ctx context.Context, appURL string, token secret.String) error {
	return w.gate.let(ctx, "DELETE app", func() error { return w.Webex.DeleteApp(ctx, appURL, token) })
}

func (w gatedWebex) GetConfig(ctx context.Context, feature webex.Feature, endpoint string, token secret.String) (webex.FeatureConfig, error) {
	return passed(ctx, w.gate, "GET "+string(feature), func() (webex.FeatureConfig, error) { return w.Webex.GetConfig(ctx, feature, endpoint, token) })
}

func (w gatedWebex) PutConfig(ctx context.Context, endpoint string, token secret.String, config webex.FeatureConfig) error {
	return w.gate.let(ctx, "PUT "+string(config.Feature), func() error { return w.Webex.PutConfig(ctx, endpoint, token, config) })
}

func (w gatedWebex) DeleteConfig(ctx context.Context, feature webex.Feature, endpoint string, token secret.String) error {
	return w.gate.let(ctx, "DELETE "+string(feature), func() error { return w.Webex.DeleteConfig(ctx, feature, endpoint, token) })
}
