package model_test

import (
	"context"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/secret"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// finish ends all trouble, lets the schedule run, and checks that it comes to
// rest where it must.
func (w *world) finish(ctx context.Context) {
	w.running.Wait()
	w.heal()
	w.trail.note("all trouble ends")
	w.endRollout(ctx)
	w.heals(ctx)
	// Access tokens lapse twice, and Webex gives new refresh tokens: what is
	// stored must be the newest.
	w.cloud.SetRotateRefreshTokens(true)
	var pushes [2]int
	for n := range pushes {
		time.Sleep(20 * time.Hour)
		w.cloud.ResetRequests()
		w.keepRunning(ctx, interval)
		pushes[n] = w.pushes()
	}
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	if more := pushes[1] - pushes[0]; more > 0 {
		w.model.wrong("%d pushes, although nothing had changed", more)
	}
	for _, org := range w.orgs {
		w.check(ctx, org)
	}
	w.checkSiblings(ctx)
	for _, token := range w.model.tokens {
		if w.lost(ctx, token) {
			w.model.wrong("at rest: %s of %s was stored, could be borne out, and is lost", token.Action, clock(token.IssuedAt))
		}
	}
}

// pushes counts what reached devices so far.
func (w *world) pushes() int {
	count := 0
	for _, org := range w.orgs {
		for _, feature := range webex.Features {
			count += w.cloud.Pushes(org.ID(), string(feature))
		}
	}
	return count
}

// lost reports whether a token that was stored as a candidate came to nothing,
// although nothing newer was applied and Webex bears it out; the model's lock
// is held, and Webex is not asked for more after this.
func (w *world) lost(ctx context.Context, token *minted) bool {
	o := w.model.org(webex.OrganizationKey(token.Subject))
	iat := token.IssuedAt
	if !token.put || !token.genuine || token.applied > 0 || iat.Before(o.lastAt) || iat.Before(o.activatedAt) || iat.Before(o.removedAt) {
		return false
	}
	view, _ := w.cloud.Installation(webex.OrganizationKey(token.Subject))
	if token.AppURL != view.AppURL || token.RefreshToken.IsZero() || token.Action == webex.Update && !o.exists {
		return false
	}
	if w.model.deadOrSucceeded(token.RefreshToken.Reveal()) {
		return false // refused: whoever brings the code is told so
	}
	credentials := webex.Credentials{ClientID: w.cloud.ClientID(), ClientSecret: secret.New(w.cloud.ClientSecret())}
	w.network.model = newOracle(keyset()) // it has seen enough
	_, err := w.client.Exchange(ctx, token.OAuthURL, credentials, token.RefreshToken)
	return err == nil
}

// check compares an organization's row and what Webex holds of it; the model's
// lock is held.
func (w *world) check(ctx context.Context, org *webextest.Organization) {
	m := w.model
	row, candidates, err := w.store.backend.Find(ctx, installationtest.Key(org.ID()), time.Now())
	if err != nil {
		panic(err)
	}
	view, installed := w.cloud.Installation(org.ID())
	w.checkCandidates(candidates, view.AppURL)
	o := m.org(org.ID())
	if row.Exists() != o.exists {
		m.wrong("at rest: the row is %q, exists must be %v", row.State, o.exists)
	}
	switch {
	case !row.Exists():
		if calls := w.callsOf(org.ID()); calls > 0 {
			m.wrong("at rest: %d calls to Webex for nobody's installation", calls)
		}
	case w.refusedWrongly(row):
		m.wrong("at rest: the installation is token_invalid, though Webex takes its refresh token")
	case row.State == installation.TokenInvalid:
	case !installed:
		m.wrong("at rest: Webex removed the installation 20 hours ago, and it is %s", row.State)
	case row.URLs.App != view.AppURL: // it moved, and nobody told us
		// It is due for as long until a run takes its silent shard over.
		if time.Since(row.Schedule.DueAt) > interval+late {
			m.wrong("at rest: what cannot succeed is due without a pause")
		}
	default:
		w.checkInSync(org, row, view)
	}
}

// refusedWrongly reports whether a token_invalid installation's refresh token is
// one that Webex would take.
func (w *world) refusedWrongly(row installation.Installation) bool {
	return row.State == installation.TokenInvalid && w.takes(row)
}

// takes reports whether Webex would take the installation's refresh token.
func (w *world) takes(row installation.Installation) bool {
	token, err := keyset().Open(row.Tokens.Refresh, installation.RefreshPlace(row.Key))
	return err == nil && w.cloud.AcceptsRefreshToken(token.Reveal())
}

func (w *world) callsOf(orgID string) int {
	calls := 0
	for _, request := range w.cloud.Requests() {
		if request.OrgID == orgID {
			calls++
		}
	}
	return calls
}

// checkCandidates: what is left over is refused for good, or a move from where
// the customer has moved on.
func (w *world) checkCandidates(candidates []installation.Candidate, appURL string) {
	for _, c := range candidates {
		token := w.model.tokens[c.ID]
		switch {
		case c.Refused && (token.RefreshToken.IsZero() || w.model.deadOrSucceeded(token.RefreshToken.Reveal())):
		case c.Kind == installation.Move && c.URLs.App != appURL && time.Since(c.Schedule.DueAt) < interval+late:
		default:
			w.model.wrong("at rest: a candidate for %s of %s is left (refused: %v)", c.Kind, clock(c.IssuedAt), c.Refused)
		}
	}
}

// checkInSync: Webex stores what is wanted, and we the newest refresh token.
func (w *world) checkInSync(org *webextest.Organization, row installation.Installation, view webextest.InstallationView) {
	m := w.model
	if token := m.open(row); m.next[token] != "" || !m.good[token] {
		m.wrong("at rest: the stored refresh token is not the newest")
	}
	if row.Schedule.Failures > 0 && offered(row, view) {
		m.wrong("at rest: still failing: %s", row.Schedule.LastResult)
	}
	w.checkConfigurations(org, row, view)
}

// checkConfigurations: Webex stores what is wanted of a row whose address is right;
// the model's lock is held.
func (w *world) checkConfigurations(org *webextest.Organization, row installation.Installation, view webextest.InstallationView) {
	m := w.model
	settings := withChannels(*w.settings.Load(), w.store.channels.now())
	want := settings.PublicURL
	if want == "" {
		want = base
	}
	if view.ActionsURL != want+"/actions" || view.ProvisioningState != "completed" && !m.mintedSince(row) {
		m.wrong("at rest: Webex was told %q, %q", view.ActionsURL, view.ProvisioningState)
	}
	endpoints := endpointsOf(view)
	field := map[webex.Feature]string{webex.DigitalSignage: "signageUrl", webex.PersistentWebApp: "pwaUrl"}
	for _, feature := range webex.Features {
		if endpoints[feature] == "" || row.Features[feature].Endpoint == "" {
			continue // not in the manifest, or nobody told us
		}
		want, provided := settings.Wanted(feature, row)
		got, present := w.cloud.Configuration(org.ID(), string(feature))
		_, complete := got["crossLaunch"]
		if present != provided || present && (got[field[feature]] != want.DeviceURL || !complete) {
			m.wrong("at rest: Webex stores %v for %s, wanted %v %v", got, feature, provided, want.DeviceURL)
		}
	}
}

func endpointsOf(view webextest.InstallationView) map[webex.Feature]string {
	return map[webex.Feature]string{webex.DigitalSignage: view.SignageURL, webex.PersistentWebApp: view.PWAURL}
}

// offered reports whether Webex has every feature that the row knows of: an
// activation that was not delivered may have offered less.
func offered(row installation.Installation, view webextest.InstallationView) bool {
	for name, feature := range row.Features {
		if feature.Endpoint != "" && feature.Endpoint != endpointsOf(view)[name] {
			return false
		}
	}
	return true
}

// mintedSince reports whether Webex made another activation code since, which
// puts what it holds back to in_progress, though it be delivered never.
func (m *oracle) mintedSince(row installation.Installation) bool {
	for id, token := range m.tokens {
		if token.Action == webex.Provision && webex.OrganizationKey(token.Subject) == row.OrgKey && token.genuine &&
			id != string(row.Generation) && !token.IssuedAt.Before(row.ActivatedAt) {
			return true
		}
	}
	return false
}
