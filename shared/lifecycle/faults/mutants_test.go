package faults_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// TestEveryMutantIsFound puts something faulty in the place of a part of the
// service, which some fault at some step has to bring to light, as the
// violation of just that rule.
func TestEveryMutantIsFound(t *testing.T) {
	mutants := map[string]struct {
		rule    faults.Rule
		useCase string
		mutate  func(*parts)
	}{
		"rotated token dropped": {faults.Newest, "verify, renewal due, rotating", func(p *parts) { p.store = dropsTokens{p.store} }},
		"token not sealed":      {faults.Secret, "first activation", func(p *parts) { p.keys = clearKeys{p.keys} }},
		"pushed without a look": {faults.Pushes, "verify, access token refused", func(p *parts) { p.webex = blind{p.webex} }},
		"pushed twice":          {faults.Pushes, "first activation", func(p *parts) { p.webex = stutters{p.webex} }},
		"nothing logged":        {faults.Cause, "verify, in sync", func(p *parts) { p.log = slog.New(slog.NewJSONHandler(io.Discard, nil)) }},
		"failed commit ignored": {faults.Durable, "update", func(p *parts) { p.store = optimist{p.store} }},
		"page done too early":   {faults.Asked, "pass, in order", func(p *parts) { p.rows = hasty{p.rows} }},
		"in order, claimed":     {faults.Unwritten, "pass, in order", func(p *parts) { p.rows = suspicious{p.rows} }},
		"lost for passes":       {faults.Asked, "pass, in order", func(p *parts) { p.rows = blinkered{p.rows} }},
		"failed, never due":     {faults.Settled, "verify, in sync", func(p *parts) { p.store = forgetful{p.store} }},
		"back-off forgotten":    {faults.Patient, "verify, in sync", func(p *parts) { p.store = restless{p.store} }},
	}
	for name, test := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			cases := useCases()
			c := cases[slices.IndexFunc(cases, func(c useCase) bool { return c.name == test.useCase })]
			if !foundBy(t, l, c, test.mutate, test.rule) {
				t.Errorf("no fault at any step of %q shows it", c.name)
			}
		})
	}
}

// foundBy reports whether some fault in the use case makes the mutant violate
// the rule.
func foundBy(t *testing.T, l *lab, c useCase, mutate func(*parts), rule faults.Rule) bool {
	t.Helper()
	run := func(plan faults.Plan) ([]faults.Violation, *process) {
		w := newWorld(t, l)
		do := c.prepare(w)
		w.begin()
		w.mutant = mutate
		p := w.start(plan)
		err := do(p)
		return w.outcome(p, do, plan.Fault, err), p
	}
	found, p := run(faults.Plan{})
	violates := func(v faults.Violation) bool { return v.Rule == rule }
	if slices.ContainsFunc(found, violates) {
		return true
	}
	for _, call := range p.Calls() {
		for _, fault := range faults.Faults() {
			if !fault.Fits(call) || fault.Rival {
				continue
			}
			if found, _ := run(faults.Plan{Call: call, Fault: fault}); slices.ContainsFunc(found, violates) {
				return true
			}
		}
	}
	return false
}

// dropsTokens keeps the refresh token that is stored.
type dropsTokens struct{ lifecycle.Store }

func (s dropsTokens) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	stored, _, err := s.Find(ctx, i.Key, time.Time{})
	if err != nil {
		return i, err
	}
	i.Tokens.Refresh = stored.Tokens.Refresh
	return s.Store.Save(ctx, i)
}

// optimist takes a commit that failed for done.
type optimist struct{ lifecycle.Store }

func (s optimist) Commit(ctx context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (installation.Installation, error) {
	stored, err := s.Store.Commit(ctx, i, used, done, now)
	if err != nil && !errors.Is(err, installation.ErrConflict) {
		return i, nil
	}
	return stored, err
}

// hasty has a pass at its end before it has looked at anything.
type hasty struct{ schedule.Store }

func (s hasty) SavePass(ctx context.Context, pass installation.Pass) (installation.Pass, error) {
	early := pass
	early.Ended = true
	saved, err := s.Store.SavePass(ctx, early)
	pass.Version = saved.Version
	return pass, err
}

// suspicious finds that each installation's token has lapsed.
type suspicious struct{ schedule.Store }

func (s suspicious) Page(ctx context.Context, shard int, place string, limit int) (installation.Page, error) {
	page, err := s.Store.Page(ctx, shard, place, limit)
	for n := range page.Rows {
		page.Rows[n].Tokens.Access = nil
	}
	return page, err
}

// blinkered has passes go by whatever is there.
type blinkered struct{ schedule.Store }

func (s blinkered) Page(ctx context.Context, shard int, place string, limit int) (installation.Page, error) {
	page, err := s.Store.Page(ctx, shard, place, limit)
	page.Rows = nil
	return page, err
}

// forgetful leaves whatever failed to the passes.
type forgetful struct{ lifecycle.Store }

func (s forgetful) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	if i.Schedule.Failures > 0 {
		i.Schedule.DueAt = time.Time{}
	}
	return s.Store.Save(ctx, i)
}

// restless has whatever failed due at once.
type restless struct{ lifecycle.Store }

func (s restless) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	if i.Schedule.Failures > 0 {
		i.Schedule.DueAt = i.Schedule.VerifiedAt
	}
	return s.Store.Save(ctx, i)
}

// blind never finds a configuration.
type blind struct{ lifecycle.Webex }

func (blind) GetConfig(context.Context, webex.Feature, string, secret.String) (webex.FeatureConfig, error) {
	return webex.FeatureConfig{}, webex.ErrNotFound
}

// stutters does everything twice.
type stutters struct{ lifecycle.Webex }

func (c stutters) PutConfig(ctx context.Context, endpoint string, token secret.String, config webex.FeatureConfig) error {
	return errors.Join(c.Webex.PutConfig(ctx, endpoint, token, config), c.Webex.PutConfig(ctx, endpoint, token, config))
}

// clear seals nothing.
type clear struct{}

func (clear) Seal(token secret.String, _ string) (secret.Sealed, error) {
	return secret.Sealed(token.Reveal()), nil
}

func (clear) Open(sealed secret.Sealed, _ string) (secret.String, error) {
	return secret.New(string(sealed)), nil
}

func (clear) Stale(secret.Sealed) bool { return false }

type clearKeys struct{ lifecycle.Keys }

func (clearKeys) Sealer(context.Context) (lifecycle.Sealer, error) { return clear{}, nil }
