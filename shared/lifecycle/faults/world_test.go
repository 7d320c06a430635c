package faults_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/launch"
	"signpost/shared/lifecycle"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// world is one case: an organization in a lab, and what is wanted of it.
type world struct {
	*lab
	t        *testing.T
	org      *webextest.Organization
	settings lifecycle.Settings
	log      *logBuffer
	secrets  []string
	// mutant, if set, puts something faulty between the service and a part.
	mutant func(*parts)

	want         map[webex.Feature]int // the most pushes that the case needs
	gone         bool                  // the case removes the installation
	dead         bool                  // its refresh token is dead
	failing      bool                  // a run of the schedule may fail, by what the case prepares
	asked        bool                  // somebody asked for it, without a token
	token        webex.Token           // that the case is about, if any
	before       faults.Snapshot
	began        int // line of the log
	beganAt      time.Time
	unwritten    int64                     // the version of a row that is in order, 0 for any
	together     []string                  // these calls begin before any of them ends
	launches     bool                      // the case leaves rows of launches
	rollout      bool                      // the case has a rollout
	walked       int                       // how many other organizations' rows a rollout may read
	carriedOn    *schedule.Rollout         // what the process that was started last carries on
	check        func() []faults.Violation // what else is to hold, nil if nothing
	pushesBefore map[webex.Feature]int
}

// parts are what a service is made of.
type parts struct {
	store lifecycle.Store
	rows  schedule.Store
	webex lifecycle.Webex
	keys  lifecycle.Keys
	log   *slog.Logger
}

func newWorld(t *testing.T, l *lab) *world {
	t.Helper()
	w := &world{
		lab: l, t: t, log: &logBuffer{}, want: map[webex.Feature]int{},
		settings: lifecycle.Settings{
			ClientID: l.cloud.ClientID(), VerifyInterval: interval,
			Provided: map[webex.Feature]lifecycle.Content{
				webex.DigitalSignage: {DeviceURL: signage}, webex.PersistentWebApp: {DeviceURL: webApp},
			},
		},
		secrets: []string{l.cloud.ClientSecret()},
	}
	l.webex.given() // those of the case before
	l.cloud.SetRotateRefreshTokens(false)
	w.org = l.cloud.AddOrganization("Acme", home)
	w.placeForeign()
	if w.quiet == nil {
		quiet := w.look()
		w.quiet = &quiet
	}
	w.placePass()
	return w
}

// process is one process of a function, with all that a use case needs.
type process struct {
	*faults.Process
	ctx      context.Context
	service  *lifecycle.Service
	rollout  *schedule.Rollout
	store    *dynamo.Store
	rows     schedule.Store
	verifier *webex.Verifier
	issuer   *launch.Issuer
	hung     atomic.Bool
	// Excused: it got over what befell it, and need not say so.
	Excused bool
}

// invocation is a context whose time can be ended from outside.
type invocation struct {
	context.Context
	over chan struct{}
	once sync.Once
}

func (i *invocation) end()                  { i.once.Do(func() { close(i.over) }) }
func (i *invocation) Done() <-chan struct{} { return i.over }
func (i *invocation) Err() error {
	select {
	case <-i.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// patience is after how long, in real time, a process counts as one that does
// not end by itself.
const patience = time.Minute

// start starts a process, whose calls go as planned.
func (w *world) start(plan faults.Plan) *process {
	w.t.Helper()
	w.readChannels()
	budget := &invocation{Context: w.t.Context(), over: make(chan struct{})}
	p := &process{Process: &faults.Process{Plan: plan, Expire: budget.end}, ctx: budget}
	guard := time.AfterFunc(patience, func() { p.hung.Store(true); budget.end() })
	w.t.Cleanup(func() { guard.Stop(); budget.end() })
	if w.together != nil {
		p.BeforeCall = rendezvous(w.together, budget.Done())
	}
	config := w.config
	config.HTTPClient = &http.Client{Transport: p.Transport(faults.DynamoDB, http.DefaultTransport)}
	config.Retryer = func() aws.Retryer { // as the product's, but without waiting
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	transport := p.Transport(faults.Webex, w.webex)
	p.store = dynamo.New(dynamo.NewClient(config), w.table)
	of := parts{
		store: p.store, rows: p.store, webex: webex.NewClient(transport), keys: w.keys,
		log: slog.New(slog.NewJSONHandler(writer{w.log, p.Dead}, nil)),
	}
	if w.mutant != nil {
		w.mutant(&of)
	}
	var err error
	p.rows = of.rows
	if w.carriedOn != nil {
		p.rollout = &schedule.Rollout{Current: w.carriedOn.Current, Store: p.store}
	}
	if p.service, err = lifecycle.New(of.store, of.webex, of.keys, w.settings, w.clock, of.log); err != nil {
		w.t.Fatal(err)
	}
	if p.verifier, err = w.newVerifier(transport); err != nil {
		w.t.Fatal(err)
	}
	provides := func(feature webex.Feature) bool { _, provided := w.settings.Provided[feature]; return provided }
	if p.issuer, err = launch.NewIssuer(p.store, provides, content); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// rendezvous lets these calls wait for each other, until over: so it does not depend
// on chance which of them finds what another left.
func rendezvous(names []string, over <-chan struct{}) func(faults.Call) {
	wait := allBegun(len(names), over)
	return func(call faults.Call) {
		if slices.Contains(names, call.Name()) {
			wait(call)
		}
	}
}

// allBegun lets so many calls side by side wait for each other, until over:
// which of them are made at all then does not depend on which is answered first.
func allBegun(calls int, over <-chan struct{}) func(faults.Call) {
	var arrived atomic.Int32
	all := make(chan struct{})
	return func(faults.Call) {
		if int(arrived.Add(1)) == calls {
			close(all)
		}
		select {
		case <-all:
		case <-over:
		}
	}
}

// awaitStrike waits until the plan's fault has befallen its call, which a use
// case that needs no answer of it may have left behind.
func (p *process) awaitStrike() {
	for p.Plan.Fault.Name != "" && p.Injected() == 0 && p.ctx.Err() == nil {
		runtime.Gosched()
	}
}

// healthy is a process that nothing befalls.
func (w *world) healthy() *process { return w.start(faults.Plan{}) }

// answer notes what a process answered, as its function logs it.
func (w *world) answer(p *process, err error) {
	if err != nil && !p.Dead() {
		w.log.add("answered: " + err.Error())
	}
}

// must ends the test if a step of its preparation fails.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("prepare: %v", err)
	}
}

func (w *world) minted(token string, err error) string {
	w.t.Helper()
	w.must(err)
	w.secrets = append(w.secrets, token)
	return token
}

// about makes the token what the case is about.
func (w *world) about(raw string) webex.Token {
	w.t.Helper()
	w.token = w.verified(raw)
	return w.token
}

func (w *world) code() string { return w.minted(w.cloud.MintActivation(w.org.ID())) }

// verified is the token, as the function's check of it gives it.
func (w *world) verified(raw string) webex.Token {
	w.t.Helper()
	token, err := w.verifier.Verify(w.t.Context(), raw, webex.Provision, webex.UpdateApproved, webex.Update, webex.HealthCheck, webex.Deprovision, webex.CrossLaunch)
	w.must(err)
	if !token.RefreshToken.IsZero() {
		w.secrets = append(w.secrets, token.RefreshToken.Reveal())
	}
	return token
}

func (w *world) activate(p *process, raw string) error {
	w.t.Helper()
	_, err := p.service.Activate(p.ctx, w.verified(raw), base)
	return err
}

func (w *world) act(p *process, raw string) error {
	w.t.Helper()
	return p.service.Act(p.ctx, w.verified(raw))
}

// activated is an installation in sync, a little later. It is made of what an
// activation makes, with one write: activating itself is a use case of its own.
func (w *world) activated() {
	w.t.Helper()
	token := w.verified(w.code())
	row, err := installation.NewCandidate(installation.Activation, token, base, w.clock()).Promote(installation.Installation{})
	w.must(err)
	client := webex.NewClient(w.webex)
	issued, err := client.Exchange(w.t.Context(), row.URLs.OAuth, webex.Credentials{ClientID: w.settings.ClientID, ClientSecret: w.keys.client}, token.RefreshToken)
	w.must(err)
	newest := token.RefreshToken
	if !issued.Refresh.IsZero() {
		newest = issued.Refresh
	}
	row.Tokens = installation.Tokens{
		Refresh: w.sealed(newest, installation.RefreshPlace(row.Key)), RefreshExpiresAt: w.clock().Add(issued.RefreshLife),
		Access: w.sealed(issued.Access, installation.AccessPlace(row.Key)), AccessExpiresAt: w.clock().Add(issued.AccessLife), RenewedAt: w.clock(),
	}
	row.RegisteredActionsURL = base + "/actions"
	w.must(client.UpdateApp(w.t.Context(), row.URLs.App, issued.Access, webex.AppUpdate{ProvisioningState: webex.ProvisioningCompleted, ActionsURL: row.RegisteredActionsURL}))
	for name, feature := range row.Features {
		want, _ := w.settings.Wanted(name, row)
		w.must(client.PutConfig(w.t.Context(), feature.Endpoint, issued.Access, want))
		feature.Status, feature.PushedAt = installation.InSync, w.clock()
		row.Features[name] = feature
	}
	row.Schedule = installation.Schedule{VerifiedAt: w.clock(), Settings: w.fingerprint()}
	_, err = w.lab.store.Save(w.t.Context(), row)
	w.must(err)
	w.pass(10 * time.Second)
}

func (w *world) sealed(token secret.String, place string) secret.Sealed {
	sealed, err := w.keys.sealer.Seal(token, place)
	w.must(err)
	return sealed
}

// verify runs the schedule once, for the organization's shard.
func (w *world) verify(p *process) (schedule.Report, error) {
	return schedule.New(p.service, p.rows).VerifyDue(p.ctx, schedule.Run{Shards: []int{w.shard()}, Concurrency: 1, Rollout: p.rollout})
}

func (w *world) stored() (installation.Installation, []installation.Candidate) {
	w.t.Helper()
	row, candidates, err := w.lab.store.Find(w.t.Context(), installationtest.Key(w.org.ID()), w.clock())
	w.must(err)
	return row, candidates
}

// placeForeign puts another organization's row into the shard, which nothing
// that befalls this one may touch. Passes look at it, find it in order by its row
// alone, as it offers no feature, and so write nothing.
func (w *world) placeForeign() {
	w.t.Helper()
	shard, told, later := w.shard(), cmp.Or(w.settings.PublicURL, base)+"/actions", w.clock().AddDate(100, 0, 0)
	if w.foreign[shard] == told {
		return
	}
	key := installationtest.Key(w.foreignKey())
	row, _, err := w.lab.store.Find(w.t.Context(), key, w.clock())
	w.must(err)
	row.Key, row.State, row.Generation, row.BaseURL, row.RegisteredActionsURL = key, installation.Active, "neighbour", base, told
	row.Statement = installation.Statement{OrgName: "Neighbour", Region: home}
	row.Tokens = installation.Tokens{
		Refresh: w.sealed(secret.New("refresh"), installation.RefreshPlace(key)),
		Access:  w.sealed(secret.New("access"), installation.AccessPlace(key)), AccessExpiresAt: later,
	}
	row.Features, row.ActivatedAt = map[webex.Feature]installation.Feature{}, later
	for _, feature := range webex.Features {
		row.Features[feature] = installation.Feature{Status: installation.NotOffered}
	}
	_, err = w.lab.store.Save(w.t.Context(), row)
	w.must(err)
	w.foreign[shard], w.quiet = told, nil
}

// placeSibling puts another installation of the same organization beside the case's own,
// of another integration. As [world.placeForeign]'s, passes find it in order by its row
// alone; nothing else may touch it.
func (w *world) placeSibling() {
	w.t.Helper()
	key := installation.Key{OrgKey: w.org.ID(), AppID: "sibling"}
	later := w.clock().AddDate(100, 0, 0)
	row := installation.Installation{
		Key: key, State: installation.Active, Generation: "sibling", BaseURL: base, RegisteredActionsURL: cmp.Or(w.settings.PublicURL, base) + "/actions",
		Statement: installation.Statement{Subject: w.org.Sub(), OrgName: w.org.Name(), Region: home}, ActivatedAt: later,
		Tokens: installation.Tokens{
			Refresh: w.sealed(secret.New("refresh"), installation.RefreshPlace(key)),
			Access:  w.sealed(secret.New("access"), installation.AccessPlace(key)), AccessExpiresAt: later,
		},
		Features: map[webex.Feature]installation.Feature{},
	}
	for _, feature := range webex.Features {
		row.Features[feature] = installation.Feature{Status: installation.NotOffered}
	}
	_, err := w.lab.store.Save(w.t.Context(), row)
	w.must(err)
	w.before = w.look()
}

// placePass is a pass of the shard that has just ended.
func (w *world) placePass() {
	w.t.Helper()
	pass := w.position()
	pass.Settings, pass.Began, pass.Ended, pass.Count = w.fingerprint(), w.clock(), true, 1
	w.savePass(pass)
}

func (w *world) savePass(pass installation.Pass) {
	w.t.Helper()
	_, err := w.lab.store.SavePass(w.t.Context(), pass)
	w.must(err)
}

func (w *world) shard() int { return installation.ShardOf(w.org.ID()) }

// position is where the shard's pass is.
func (w *world) position() installation.Pass {
	w.t.Helper()
	passes, err := w.lab.store.Passes(w.t.Context())
	w.must(err)
	return passes[w.shard()]
}

// listed reports whether passes look at the organization.
func (w *world) listed() bool {
	w.t.Helper()
	page, err := w.lab.store.Page(w.t.Context(), w.shard(), "", 100)
	w.must(err)
	return slices.ContainsFunc(page.Rows, func(row installation.Installation) bool { return row.Key == installationtest.Key(w.org.ID()) })
}

// fingerprint is that of the settings.
func (w *world) fingerprint() string { return w.healthy().service.Parts().Settings }

// foreignKey is the other organization in the shard of this one.
func (w *world) foreignKey() string {
	for n := 0; ; n++ {
		key := fmt.Sprintf("neighbour-%d", n)
		if installation.ShardOf(key) == w.shard() {
			return key
		}
	}
}

// durable reports whether the table holds what the case's token asks for, or nothing, if
// that is a removal.
func (w *world) durable(seen faults.Snapshot) bool {
	switch {
	case w.token.ID == "" && w.asked:
		row, _ := w.stored()
		_, queued := seen.NextDue(w.org.ID())
		return !row.Exists() && !queued
	case w.token.ID == "":
		return true
	}
	return seen.Holds(w.org.ID(), w.token.ID) || w.gone && len(seen.Of(w.org.ID())) == 0
}

// launched is the code in an address that Control Hub opens.
func launched(address string) string {
	_, code, _ := strings.Cut(address, "launch=")
	return code
}
