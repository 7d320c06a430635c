package faults_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// useCase is one thing that a function does. prepare brings the world to where
// it begins and returns it, to be done by a process.
type useCase struct {
	name    string
	prepare func(w *world) func(p *process) error
}

func useCases() []useCase {
	return slices.Concat(checks(), activations(), actions(), moves(), verifications(), passes(), endings(), rollouts(), launches())
}

// both wants one push of each feature.
func (w *world) both() { w.want[webex.DigitalSignage], w.want[webex.PersistentWebApp] = 1, 1 }

// activation is the use case of activating with this code.
func (w *world) activation(code string) func(*process) error {
	token := w.about(code)
	return func(p *process) error {
		_, err := p.service.Activate(p.ctx, token, base)
		return err
	}
}

// action is the use case of acting on this token.
func (w *world) action(token string, err error) func(*process) error {
	about := w.about(w.minted(token, err))
	return func(p *process) error { return p.service.Act(p.ctx, about) }
}

// checks are the use case that precedes all others: is the token good.
func checks() []useCase {
	check := func(name string, sets int, mint func(w *world) string) useCase {
		return useCase{name, func(w *world) func(*process) error {
			w.activated()
			token := mint(w)
			return func(p *process) error {
				if sets > 1 {
					p.BeforeCall = allBegun(sets, p.ctx.Done())
				}
				_, err := p.verifier.Verify(p.ctx, token, webex.UpdateApproved, webex.HealthCheck)
				p.awaitStrike()
				if err == nil {
					p.Excused = true // another region's set had the key
				}
				return err
			}
		}}
	}
	return []useCase{
		check("token check, region named", 1, func(w *world) string {
			return w.minted(w.cloud.MintAction(w.org.ID(), webextest.ActionHealthCheck, map[string]any{"region": home}))
		}),
		check("token check, no region", len(webex.DefaultRegions), func(w *world) string {
			return w.minted(w.cloud.MintAction(w.org.ID(), webextest.ActionHealthCheck, nil))
		}),
	}
}

func activations() []useCase {
	return []useCase{
		{"first activation", func(w *world) func(*process) error {
			w.both()
			return w.activation(w.code())
		}},
		{"first activation, rotating", func(w *world) func(*process) error {
			w.cloud.SetRotateRefreshTokens(true)
			w.both()
			return w.activation(w.code())
		}},
		{"activation repeated", func(w *world) func(*process) error {
			code := w.code()
			w.must(w.activate(w.healthy(), code))
			w.pass(10 * time.Second)
			return w.activation(code)
		}},
		{"activation resumed, unproven", func(w *world) func(*process) error {
			w.both()
			return w.activation(w.interrupted(webextest.Fault{Kind: webextest.KindToken, Status: 500}))
		}},
		{"activation resumed, untold", func(w *world) func(*process) error {
			w.both()
			return w.activation(w.interrupted(
				webextest.Fault{Kind: webextest.KindApp, Status: 500}, webextest.Fault{Kind: webextest.KindSignage, Status: 500},
				webextest.Fault{Kind: webextest.KindPWA, Status: 500}))
		}},
		{"activation over an active one", func(w *world) func(*process) error {
			w.cloud.SetRotateRefreshTokens(true)
			w.activated()
			return w.activation(w.code())
		}},
		{"re-installation", func(w *world) func(*process) error {
			w.cloud.SetRotateRefreshTokens(true)
			w.activated()
			w.must(w.act(w.healthy(), w.minted(w.cloud.MintDeprovision(w.org.ID()))))
			w.pass(10 * time.Second)
			w.both()
			return w.activation(w.code())
		}},
		{"activation over token_invalid", func(w *world) func(*process) error {
			w.activated()
			w.cloud.RevokeRefreshToken(w.org.ID())
			w.pass(interval + 3*time.Hour)
			_, err := w.verify(w.healthy())
			w.must(err)
			if row, _ := w.stored(); row.State != installation.TokenInvalid {
				w.t.Fatalf("prepare: state is %s", row.State)
			}
			return w.activation(w.code())
		}},
	}
}

// interrupted is the code of an activation that Webex's faults left half-done.
func (w *world) interrupted(injected ...webextest.Fault) string {
	code := w.code()
	for _, fault := range injected {
		fault.OrgID = w.org.ID()
		w.cloud.Inject(fault)
	}
	if err := w.activate(w.healthy(), code); !errors.Is(err, webex.ErrUnavailable) {
		w.t.Fatalf("prepare: interrupted activation: %v", err)
	}
	w.cloud.ClearFaults()
	w.pass(10 * time.Second)
	return code
}

func actions() []useCase {
	return []useCase{
		{"updateApproved with a new feature", func(w *world) func(*process) error {
			w.activated()
			w.must(w.act(w.healthy(), w.minted(w.cloud.MintUpdateApproved(w.org.ID(), []string{webextest.DigitalSignage}))))
			w.cloud.DeleteConfiguration(w.org.ID(), webextest.PersistentWebApp)
			w.pass(10 * time.Second)
			w.want[webex.PersistentWebApp] = 1
			return w.action(w.cloud.MintUpdateApproved(w.org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp}))
		}},
		{"update", func(w *world) func(*process) error {
			w.activated()
			return w.action(w.cloud.MintAction(w.org.ID(), webextest.ActionUpdate, map[string]any{"orgName": "Acme Ltd", "region": home}))
		}},
		{"healthCheck", func(w *world) func(*process) error {
			w.activated()
			return w.healthCheck(lifecycle.Operational)
		}},
		{"healthCheck, access token lapsed", func(w *world) func(*process) error {
			w.cloud.SetRotateRefreshTokens(true)
			w.activated()
			w.pass(20 * time.Hour)
			return w.healthCheck(lifecycle.Operational)
		}},
		{"healthCheck, configuration gone", func(w *world) func(*process) error {
			w.activated()
			w.cloud.DeleteConfiguration(w.org.ID(), webextest.DigitalSignage)
			w.want[webex.DigitalSignage] = 1
			return w.healthCheck(lifecycle.Impaired)
		}},
		{"deprovision", func(w *world) func(*process) error {
			w.activated()
			w.gone = true
			return w.action(w.cloud.MintDeprovision(w.org.ID()))
		}},
		{"withdraw", func(w *world) func(*process) error {
			w.activated()
			w.gone, w.asked = true, true
			return func(p *process) error { return p.service.Withdraw(p.ctx, installationtest.Key(w.org.ID())) }
		}},
		{"deprovision of a candidate", func(w *world) func(*process) error {
			w.interrupted(webextest.Fault{Kind: webextest.KindToken, Status: 500})
			w.gone = true
			return w.action(w.cloud.MintDeprovision(w.org.ID()))
		}},
	}
}

// healthCheck is answered with 200 and a state, whatever Webex does; that the
// state is right where nothing befell the process is checked here.
func (w *world) healthCheck(want lifecycle.OperationalState) func(*process) error {
	token := w.verified(w.minted(w.cloud.MintAction(w.org.ID(), webextest.ActionHealthCheck, nil)))
	return func(p *process) error {
		health, err := p.service.CheckHealth(p.ctx, token)
		if err == nil && p.Injected() == 0 && health.OperationalState != want {
			return fmt.Errorf("health is %+v, want %s", health, want)
		}
		return err
	}
}

func moves() []useCase {
	move := func(name string, rotating bool, options webextest.MoveOptions) useCase {
		return useCase{name, func(w *world) func(*process) error {
			w.cloud.SetRotateRefreshTokens(rotating)
			w.activated()
			return w.action(w.cloud.MintMove(w.org.ID(), elsewhere, options))
		}}
	}
	return []useCase{
		move("move, old region's word, new token, rotating", true, webextest.MoveOptions{SignedBy: "old", NewRefreshToken: true}),
		move("move, new region's word", false, webextest.MoveOptions{}),
		move("move, new region's word, rotating", true, webextest.MoveOptions{}),
		move("move, new region's word, new token, rotating", true, webextest.MoveOptions{NewRefreshToken: true}),
	}
}

func verifications() []useCase {
	// due is the use case of verifying once the installation is due, after
	// change; the access token has lapsed by then.
	due := func(name string, change func(w *world)) useCase {
		return useCase{name, func(w *world) func(*process) error {
			w.activated()
			w.pass(interval + 3*time.Hour)
			change(w)
			return w.verification()
		}}
	}
	return []useCase{
		{"verify, in sync", func(w *world) func(*process) error {
			w.activated()
			w.soonDue()
			return w.verification()
		}},
		{"verify, access token refused", func(w *world) func(*process) error {
			w.activated()
			w.soonDue()
			w.cloud.RevokeAccessTokens(w.org.ID())
			w.together = features(1, 1)
			return w.verification()
		}},
		due("verify, renewal due, rotating", func(w *world) { w.cloud.SetRotateRefreshTokens(true) }),
		due("verify, configuration vanished", func(w *world) {
			w.cloud.DeleteConfiguration(w.org.ID(), webextest.DigitalSignage)
			w.want[webex.DigitalSignage] = 1
		}),
		due("verify, setting changed", func(w *world) {
			w.settings.Provided[webex.DigitalSignage] = lifecycle.Content{DeviceURL: signage + "&new"}
			w.want[webex.DigitalSignage] = 1
		}),
		due("verify, feature dropped", func(w *world) { delete(w.settings.Provided, webex.PersistentWebApp) }),
		due("verify, PUBLIC_URL changed", func(w *world) {
			w.settings.PublicURL = "https://new.vendor.example"
			w.both()
		}),
		{"verify, candidate unproven", func(w *world) func(*process) error {
			w.interrupted(webextest.Fault{Kind: webextest.KindToken, Status: 500})
			w.both()
			w.pass(time.Minute)
			return w.verification()
		}},
		{"verify, move unproven", func(w *world) func(*process) error {
			w.activated()
			token := w.minted(w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{NewRefreshToken: true}))
			w.about(token)
			w.cloud.Inject(webextest.Fault{Kind: webextest.KindToken, Status: 500})
			w.must(w.act(w.healthy(), token))
			w.cloud.ClearFaults()
			w.pass(time.Minute)
			return w.verification()
		}},
	}
}

// passes are verifications by a pass that finds the access token good.
func passes() []useCase {
	// pass is the use case of the pass that follows change.
	pass := func(name string, change func(w *world)) useCase {
		return useCase{"pass, " + name, func(w *world) func(*process) error {
			w.activated()
			w.soonDue()
			_, err := w.verify(w.healthy())
			w.must(err)
			w.pass(10 * time.Second)
			w.dueForPass()
			change(w)
			return w.verification()
		}}
	}
	inOrder := func(w *world) {
		row, _ := w.stored()
		w.unwritten = row.Version
	}
	return []useCase{
		pass("in order", inOrder),
		pass("in order, the first", func(w *world) {
			inOrder(w)
			pass := w.position()
			w.savePass(installation.Pass{Shard: pass.Shard, Version: pass.Version})
		}),
		pass("host left out before", func(w *world) {
			inOrder(w)
			row, _ := w.stored()
			pass := w.position()
			pass.Began, pass.Skipped = w.clock(), map[string]installation.Skipped{lifecycle.Hosts(row)[0]: {Before: pass.Began}}
			w.savePass(pass)
		}),
		pass("other settings, nothing changed by them", func(w *world) {
			inOrder(w)
			pass := w.position()
			pass.Settings = "other"
			w.savePass(pass)
		}),
		pass("access token refused", func(w *world) {
			w.cloud.RevokeAccessTokens(w.org.ID())
			w.together = features(2, 1) // the look had the first
		}),
		pass("configuration vanished", func(w *world) {
			w.cloud.DeleteConfiguration(w.org.ID(), webextest.PersistentWebApp)
			w.want[webex.PersistentWebApp] = 1
		}),
		pass("setting changed", func(w *world) {
			w.settings.Provided[webex.DigitalSignage] = lifecycle.Content{DeviceURL: signage + "&new"}
			w.want[webex.DigitalSignage] = 1
		}),
		pass("feature dropped", func(w *world) { delete(w.settings.Provided, webex.PersistentWebApp) }),
	}
}

// dueForPass makes the shard's next pass due while the access token is good.
func (w *world) dueForPass() {
	pass := w.position()
	pass.Began = w.clock().Add(-interval)
	w.savePass(pass)
}

// features are those calls, of each feature, that ask for its configuration.
func features(signage, webApp int) []string {
	return []string{fmt.Sprintf("GET digital_signage at %s #%d", home, signage), fmt.Sprintf("GET persistent_web_app at %s #%d", home, webApp)}
}

// endings are verifications of what is, or will be, no more.
func endings() []useCase {
	return []useCase{
		{"verify, move overtaken", func(w *world) func(*process) error {
			w.activated()
			w.cloud.Inject(webextest.Fault{Kind: webextest.KindToken, Status: 500})
			w.must(w.act(w.healthy(), w.minted(w.cloud.MintMove(w.org.ID(), elsewhere, webextest.MoveOptions{NewRefreshToken: true}))))
			w.cloud.ClearFaults()
			w.pass(10 * time.Second)
			w.must(w.act(w.healthy(), w.minted(w.cloud.MintMove(w.org.ID(), "us-east-2_a", webextest.MoveOptions{NewRefreshToken: true}))))
			w.pass(time.Minute)
			return w.verification()
		}},
		{"verify, refresh token dead", func(w *world) func(*process) error {
			w.activated()
			w.cloud.RevokeRefreshToken(w.org.ID())
			w.pass(interval + 3*time.Hour)
			w.dead = true
			return w.verification()
		}},
		{"verify, refresh token dead for 90 days", func(w *world) func(*process) error {
			w.activated()
			w.cloud.RevokeRefreshToken(w.org.ID())
			w.pass(interval + 3*time.Hour)
			_, err := w.verify(w.healthy())
			w.must(err)
			w.pass(installation.TokenInvalidLife + time.Minute)
			w.gone = true
			return w.verification()
		}},
		{"verify, kept token taken again", func(w *world) func(*process) error {
			w.invalidated()
			w.pass(installation.RetryInvalidAfter)
			return w.verification()
		}},
		{"verify, refusal suspected", func(w *world) func(*process) error {
			w.activated()
			w.refused("one", "two")
			w.pass(interval + 3*time.Hour)
			w.cloud.Inject(webextest.Fault{Kind: webextest.KindToken, Status: 400, Body: `{"error":"invalid_grant"}`, ContentType: "application/json", Times: 1})
			w.failing = true
			return w.verification()
		}},
		{"verify, refusal suspected later", func(w *world) func(*process) error {
			w.invalidated()
			w.refused("one", "two", w.org.ID())
			w.pass(time.Minute)
			return w.verification()
		}},
		{"inspect and refresh, access token lapsed", func(w *world) func(*process) error {
			w.cloud.SetRotateRefreshTokens(true)
			w.activated()
			w.pass(20 * time.Hour)
			return func(p *process) error {
				inspection, err := p.service.Inspect(p.ctx, installationtest.Key(w.org.ID()), true)
				return errors.Join(append(slices.Collect(maps.Values(inspection.Failures)), err)...)
			}
		}},
	}
}

// invalidated is an installation whose refresh token was refused once, and would
// be taken now.
func (w *world) invalidated() {
	w.t.Helper()
	w.activated()
	w.cloud.Inject(webextest.Fault{Kind: webextest.KindToken, Status: 400, Body: `{"error":"invalid_grant"}`, ContentType: "application/json"})
	w.pass(interval + 3*time.Hour)
	_, err := w.verify(w.healthy())
	w.must(err)
	w.cloud.ClearFaults()
	if row, _ := w.stored(); row.State != installation.TokenInvalid {
		w.t.Fatalf("prepare: state is %s", row.State)
	}
}

// refused puts these organizations down as refused in a row.
func (w *world) refused(orgs ...string) {
	w.t.Helper()
	stored, err := w.lab.store.Refusals(w.t.Context(), w.settings.ClientID)
	w.must(err)
	stored.Organizations = orgs
	_, err = w.lab.store.SaveRefusals(w.t.Context(), stored)
	w.must(err)
}

// soonDue makes the installation due while its access token is good.
func (w *world) soonDue() {
	row, _ := w.stored()
	row.Schedule.DueAt = w.clock()
	_, err := w.lab.store.Save(w.t.Context(), row)
	w.must(err)
}

func (w *world) verification() func(*process) error {
	return func(p *process) error {
		report, err := w.verify(p)
		// It got over it, as it looked twice; or its time was over, and it says what it
		// leaves: the shard's row does, too.
		p.Excused = err == nil && report.Failed == 0 && (report.Verified > 0 || report.Left > 0 || p.ctx.Err() != nil)
		return err
	}
}
