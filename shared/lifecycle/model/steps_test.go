package model_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// do does one step. One that is impossible, as a removal of what is not
// installed, does nothing.
func (w *world) do(ctx context.Context, n int, step step) {
	org := w.orgs[step.Org]
	w.trail.note("step %d: %s/%d", n, step.Kind, step.Variant)
	switch step.Kind {
	case verify:
		for i, d := range step.Deliveries {
			w.start(ctx, fmt.Sprintf("%d/%d", n, i), d, func(ctx context.Context) { w.verify(ctx, step.Variant) })
		}
	case hours:
		for i, d := range step.Deliveries {
			w.runs(ctx, n, i, step, d)
		}
	case outage:
		w.outage(org.Region(), step.Variant)
	case settings:
		w.settings.Store(w.settingsOf(step.Variant))
	case wrongClient:
		wrong := *w.settings.Load()
		wrong.ClientID = anotherID
		w.settings.Store(&wrong)
	case drift:
		w.drift(org.ID(), step.Variant)
	case revoke:
		if step.Variant == 0 {
			w.cloud.RevokeRefreshToken(org.ID())
		}
		w.cloud.RevokeAccessTokens(org.ID())
	case rotate:
		w.cloud.SetRotateRefreshTokens(step.Variant > 0)
	case webexFault:
		if step.Variant == len(webexFaults) {
			w.network.starve(2)
		} else {
			w.cloud.Inject(webexFaults[step.Variant])
		}
	case tableFault:
		w.store.spoil(1+step.Variant/2, trouble(step.Variant)%troubles)
	case heal:
		w.heal()
	case rollout:
		w.changeChannels(step.Variant)
	default:
		if raw, genuine, err := w.token(org, step); err == nil {
			w.deliver(ctx, n, step, raw, genuine)
		}
	}
}

func (w *world) heal() {
	right := *w.settings.Load()
	right.ClientID = w.cloud.ClientID()
	w.settings.Store(&right)
	w.cloud.ClearFaults()
	w.network.starve(0)
	w.store.spoil(0, refused)
}

// inASecondOfItsOwn waits for the next second if Webex issued an action for this
// organization within this one. An `iat` has whole seconds: an action for an
// installation that is removed and activated anew within its own second cannot
// be told from one for the new installation, by us or by anybody.
func (w *world) inASecondOfItsOwn(org *webextest.Organization, kind kind) {
	now := time.Now()
	if kind == activate && w.acted[org.ID()] == now.Unix() {
		time.Sleep(now.Truncate(time.Second).Add(time.Second).Sub(now))
	}
	if kind == approve || kind == move {
		w.acted[org.ID()] = now.Unix()
	}
}

// token has Webex do something and send a token for it; or somebody forge one.
func (w *world) token(org *webextest.Organization, step step) (raw string, genuine bool, err error) {
	w.inASecondOfItsOwn(org, step.Kind)
	switch step.Kind {
	case activate:
		raw, err = w.cloud.MintActivation(org.ID())
	case stranger:
		raw, err = w.cloud.MintStrangerActivation(org.ID())
		return raw, false, err
	case approve:
		raw, err = w.cloud.MintUpdateApproved(org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp})
	case move:
		raw, err = w.cloud.MintMove(org.ID(), next(org.Region(), step.Variant&1), webextest.MoveOptions{
			SignedBy: []string{"old", "new"}[step.Variant>>1&1], NewRefreshToken: step.Variant&4 != 0,
		})
	case forgedMove:
		return w.forge(org, step.Variant), false, nil
	case deprovision:
		raw, err = w.cloud.MintDeprovision(org.ID())
	default:
		raw, err = w.cloud.MintAction(org.ID(), string(step.Kind), nil)
	}
	return raw, true, err
}

// next is another region than this one.
func next(region string, which int) string {
	regions := []string{home, elsewhere, third}
	for i, name := range regions {
		if name == region {
			return regions[(i+1+which)%len(regions)]
		}
	}
	return home
}

// forge signs a move with the key of a trusted region that the organization
// never lives in: as if that key were stolen.
func (w *world) forge(org *webextest.Organization, variant int) string {
	w.forged++
	claims := map[string]any{
		"sub": org.Sub(), "iat": time.Now().Unix(), "jti": fmt.Sprint("forged ", w.forged),
		"appId": w.cloud.AppID(), "action": "update", "region": thief,
	}
	nowhere := strings.TrimSuffix(w.cloud.JWKSURLs()[thief], "/jwks") + "/xapi/api/organizations/" + org.ID() + "/apps/nowhere"
	extra := []map[string]any{
		{"refreshToken": "bogus", "appUrl": nowhere},
		{"appUrl": nowhere},
		{}, // says nothing but the region
		// The address as it is stored now, and only for now: once the row says
		// another one, this is an address at which Webex does show the
		// installation, and that is all the proof there is (see infra/docs/assurance.md).
		{"appUrl": w.storedAppURL(org), "expiryTime": time.Now().Add(time.Second).Format(time.RFC3339Nano)},
	}
	maps.Copy(claims, extra[variant>>1])
	return w.cloud.Sign(thief, nil, claims)
}

func (w *world) storedAppURL(org *webextest.Organization) string {
	row, _, err := w.store.backend.Find(context.Background(), installationtest.Key(org.ID()), time.Now())
	if err != nil || row.URLs.App == "" {
		return w.cloud.JWKSURLs()[thief] + "/nowhere"
	}
	return row.URLs.App
}

// settingsOf are those that the vendor deploys.
func (w *world) settingsOf(variant int) *lifecycle.Settings {
	s := &lifecycle.Settings{
		ClientID: w.cloud.ClientID(), VerifyInterval: interval,
		Provided: map[webex.Feature]lifecycle.Content{webex.DigitalSignage: {DeviceURL: signage}, webex.PersistentWebApp: {DeviceURL: webApp}},
	}
	switch variant % 4 {
	case 1:
		s.Provided[webex.DigitalSignage] = lifecycle.Content{DeviceURL: signage + "&new"}
	case 2:
		delete(s.Provided, webex.PersistentWebApp)
	case 3:
		s.PublicURL = "https://new.vendor.example"
	}
	return s
}

// drift changes what Webex stores behind our back.
func (w *world) drift(org string, variant int) {
	feature := []string{webextest.DigitalSignage, webextest.PersistentWebApp}[variant&1]
	if variant&2 == 0 {
		w.cloud.DeleteConfiguration(org, feature)
		return
	}
	if stored, ok := w.cloud.Configuration(org, feature); ok {
		delete(stored, "crossLaunch")
		w.cloud.SetConfiguration(org, feature, stored)
	}
}

// webexFaults are what Webex does wrong, once or a few times.
var webexFaults = []webextest.Fault{
	{Status: 503, Times: 2},
	{Kind: webextest.KindToken, Status: 500, Times: 1},
	{Kind: webextest.KindToken, LoseReply: true, Times: 1},
	{Method: "PUT", LoseReply: true, Times: 2},
	{Kind: webextest.KindApp, Refuse: true, Times: 1},
	{Status: 429, RetryAfter: "40", Times: 1},
	{Truncate: true, Times: 2},
}
