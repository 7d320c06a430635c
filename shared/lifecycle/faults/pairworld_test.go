package faults_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/lifecycle/model"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
	"signpost/shared/webex/verifiertest"
	"signpost/shared/webex/webextest"
)

// budget is what an activation has, whose time is the longest.
const budget = 8500 * time.Millisecond

// duo is one pair of use cases, over the store in memory, which package dynamo's
// tests hold to the same behaviour as the real one, and a Webex in process.
type duo struct {
	t        *testing.T
	cloud    *webextest.Cloud
	spy      *spy
	org      *webextest.Organization
	store    *model.Memory
	keys     *keys
	settings lifecycle.Settings
	verifier *webex.Verifier
	gate     *gate
	mutate   func(stores) stores
	log      *logBuffer

	began        time.Time
	pushesBefore map[webex.Feature]int
	// What is to come of the pair: the most pushes, and that the installation is
	// gone, or its refresh token dead.
	want       map[webex.Feature]int
	gone, dead bool
	// unwritten is the version of a row that is in order, 0 for any.
	unwritten int64
	// alive wants of the stored refresh token that Webex takes it, where Webex
	// issued tokens for two activations, each of which is the newest of its own.
	alive bool
	// errs is what the two were answered, and known whether Webex knew us at that
	// moment.
	errs  [2]error
	known [2]bool
	// after is what else is to hold in the end, nil if nothing.
	after func() string
}

var sharedKeyset = sync.OnceValues(func() (*sealing.Keyset, error) {
	document, err := sealing.NewDocument()
	if err != nil {
		return nil, err
	}
	return sealing.Parse(document)
})

// newDuo is called in a bubble.
func newDuo(t *testing.T, mutate func(stores) stores) *duo {
	t.Helper()
	cloud := webextest.NewCloud(webextest.Options{Now: time.Now})
	cloud.SetBaseURL("http://127.0.0.1:1")
	d := &duo{
		t: t, cloud: cloud, spy: &spy{cloud: cloud}, store: model.NewMemory(), gate: &gate{}, mutate: mutate, log: &logBuffer{},
		want: map[webex.Feature]int{},
		settings: lifecycle.Settings{
			ClientID: cloud.ClientID(), VerifyInterval: interval,
			Provided: map[webex.Feature]lifecycle.Content{
				webex.DigitalSignage: {DeviceURL: signage}, webex.PersistentWebApp: {DeviceURL: webApp},
			},
		},
	}
	d.org = cloud.AddOrganization("Acme", home)
	sealer, err := sharedKeyset()
	d.must(err)
	d.keys = &keys{id: cloud.ClientID(), client: secret.New(cloud.ClientSecret()), sealer: sealer}
	began := time.Now() // key sets do not age: they are not what is in question
	d.verifier, err = verifiertest.WithKeys(cloud.AppID(), cloud.JWKSURLs(), d.spy, func() time.Time { return began }, time.Now)
	d.must(err)
	for shard := range installation.Shards {
		ended := installation.Pass{Shard: shard, Settings: d.fingerprint(), Began: began, Ended: true, Count: 1}
		if shard != d.shard() {
			ended.Began = began.AddDate(100, 0, 0) // no run takes it over as late
		}
		_, err = d.store.SavePass(t.Context(), ended)
		d.must(err)
	}
	return d
}

func (d *duo) shard() int { return installation.ShardOf(d.org.ID()) }

// fingerprint is that of the settings.
func (d *duo) fingerprint() string { return d.service().Parts().Settings }

// position is where the shard's pass is.
func (d *duo) position() installation.Pass {
	passes, err := d.store.Passes(context.Background())
	d.must(err)
	return passes[d.shard()]
}

// listed reports whether passes look at the organization.
func (d *duo) listed() bool {
	page, err := d.store.Page(context.Background(), d.shard(), "", 1)
	d.must(err)
	return len(page.Rows) == 1
}

func (d *duo) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("prepare: %v", err)
	}
}

// rows is the store as one process uses it.
func (d *duo) rows() stores {
	if d.mutate != nil {
		return d.mutate(gatedStore{d.store, d.gate})
	}
	return gatedStore{d.store, d.gate}
}

// service is that of one process.
func (d *duo) service() *lifecycle.Service {
	d.t.Helper()
	client := gatedWebex{webex.NewClient(d.spy), d.gate}
	service, err := lifecycle.New(d.rows(), client, d.keys, d.settings, time.Now, slog.New(slog.NewJSONHandler(writer{d.log, func() bool { return false }}, nil)))
	d.must(err)
	return service
}

// minted is the token, as the function's check of it gives it.
func (d *duo) minted(raw string, err error) webex.Token {
	d.t.Helper()
	d.must(err)
	token, err := d.verifier.Verify(d.t.Context(), raw, webex.Provision, webex.UpdateApproved, webex.Update, webex.HealthCheck, webex.Deprovision)
	d.must(err)
	return token
}

func (d *duo) code() webex.Token { return d.minted(d.cloud.MintActivation(d.org.ID())) }

// installed is an installation in sync, some hours later: its access token has
// lapsed by then.
func (d *duo) installed(later time.Duration) {
	d.t.Helper()
	_, err := d.service().Activate(d.t.Context(), d.code(), base)
	d.must(err)
	time.Sleep(later)
	d.begin()
}

// begin notes how things are before the pair.
func (d *duo) begin() {
	d.pushesBefore, d.began = pushesOf(d.cloud, d.org.ID()), time.Now()
	d.cloud.ResetRequests()
}

func (d *duo) row() (installation.Installation, []installation.Candidate) {
	row, candidates, err := d.store.Find(context.Background(), installationtest.Key(d.org.ID()), time.Now())
	d.must(err)
	return row, candidates
}

// use is a use case of one process.
type use func(ctx context.Context, s *lifecycle.Service) error

func activate(token webex.Token) use {
	return func(ctx context.Context, s *lifecycle.Service) error {
		_, err := s.Activate(ctx, token, base)
		return err
	}
}

func act(token webex.Token) use {
	return func(ctx context.Context, s *lifecycle.Service) error { return s.Act(ctx, token) }
}

func (d *duo) health() use {
	token := d.minted(d.cloud.MintAction(d.org.ID(), webextest.ActionHealthCheck, nil))
	return func(ctx context.Context, s *lifecycle.Service) error {
		_, err := s.CheckHealth(ctx, token)
		return err
	}
}

func (d *duo) verify() use {
	return func(ctx context.Context, s *lifecycle.Service) error {
		report, err := schedule.New(s, d.rows()).VerifyDue(ctx, schedule.Run{Shards: []int{d.shard()}, Concurrency: 1})
		if report.Failed > 0 {
			err = errors.Join(err, errFailed)
		}
		return err
	}
}

// errFailed is a run of the schedule that counts a failure.
var errFailed = errors.New("the schedule counts a failure")

func (d *duo) withdraw() use {
	return func(ctx context.Context, s *lifecycle.Service) error {
		return s.Withdraw(ctx, installationtest.Key(d.org.ID()))
	}
}

// pair is two use cases, side by side.
type pair struct {
	name string
	// prepare brings the world to where both begin.
	prepare func(d *duo) (first, second use)
	// allowed are the errors that one of them may be answered with, without which
	// both have to succeed.
	allowed []error
}

// run plays the pair once, and returns the decisions and what was wrong.
func (p pair) run(t *testing.T, mutate func(stores) stores, choose chooser) (steps []step, wrong []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDuo(t, mutate)
		first, second := p.prepare(d)
		if d.pushesBefore == nil {
			d.pushesBefore, d.began = pushesOf(d.cloud, d.org.ID()), time.Now()
		}
		var acts [2]func(context.Context)
		for actor, do := range []use{first, second} {
			service := d.service()
			acts[actor] = func(ctx context.Context) {
				ctx, cancel := context.WithTimeout(ctx, budget)
				defer cancel()
				d.errs[actor] = do(ctx, service)
				view, _ := d.cloud.Installation(d.org.ID())
				d.known[actor] = view.ActionsURL == base+"/actions"
			}
		}
		steps = interleave(d.gate, acts, choose)
		wrong = d.judge(p.allowed)
		d.cloud.Close()
	})
	return steps, wrong
}

// judge lets the schedule run until all is at rest, and says what does not hold.
func (d *duo) judge(allowed []error) (wrong []string) {
	for actor, err := range d.errs {
		if err != nil && !slices.ContainsFunc(allowed, func(one error) bool { return errors.Is(err, one) }) {
			wrong = append(wrong, fmt.Sprintf("%c is answered: %v", 'A'+actor, err))
		}
	}
	d.cloud.ClearFaults()
	if d.gone {
		d.cloud.ResetRequests() // what is done until it is removed may call Webex
	}
	wrong = append(wrong, d.settle()...)
	row, candidates := d.row()
	world := faults.World{
		Cloud: d.cloud, Row: row, Candidates: candidates, Began: d.began, Time: time.Now(), OrgID: d.org.ID(), Settings: d.settings,
		Now: faults.Snapshot{Rows: map[string]string{"org#" + installationtest.Key(d.org.ID()).Text(): fmt.Sprintf("%+v", row)}},
		Open: func(row installation.Installation) (string, error) {
			token, err := d.keys.sealer.Open(row.Tokens.Refresh, installation.RefreshPlace(row.Key))
			return token.Reveal(), err
		},
		Log: d.log.since(0), Secrets: d.spy.given(), PushesBefore: d.pushesBefore, Pushes: d.want, Gone: d.gone, Dead: d.dead,
		Pass: d.position(), Listed: d.listed(), Kept: d.unwritten,
	}
	for _, violation := range world.Check() {
		if violation.Rule == faults.Newest && d.alive {
			continue
		}
		wrong = append(wrong, violation.String())
	}
	if d.alive {
		wrong = append(wrong, d.exchanges(row)...)
	}
	if d.after != nil {
		if what := d.after(); what != "" {
			wrong = append(wrong, what)
		}
	}
	return wrong
}

// exchanges says whether Webex takes the stored refresh token.
func (d *duo) exchanges(row installation.Installation) (wrong []string) {
	token, err := d.keys.sealer.Open(row.Tokens.Refresh, installation.RefreshPlace(row.Key))
	if err == nil {
		credentials := webex.Credentials{ClientID: d.settings.ClientID, ClientSecret: d.keys.client}
		_, err = webex.NewClient(d.spy).Exchange(context.Background(), row.URLs.OAuth, credentials, token)
	}
	if err != nil {
		wrong = append(wrong, fmt.Sprintf("the stored refresh token is not good: %v", err))
	}
	return wrong
}

// settle runs the schedule whenever something is due, until nothing is for a
// while.
func (d *duo) settle() (wrong []string) {
	for range maxRuns {
		wait := d.nextDue()
		if wait > 2*soon {
			return wrong
		}
		time.Sleep(max(wait, 0) + time.Second)
		if err := d.verify()(context.Background(), d.service()); err != nil {
			wrong = append(wrong, fmt.Sprintf("afterwards: %v", err))
		}
	}
	return append(wrong, fmt.Sprintf("still something to do after %d runs", maxRuns))
}

// nextDue is in how long the organization's next row, or its shard's pass, is due.
func (d *duo) nextDue() time.Duration {
	row, candidates := d.row()
	due := passDue(d.position(), d.fingerprint(), time.Now())
	sooner := func(at time.Time) {
		if !at.IsZero() && at.Before(due) {
			due = at
		}
	}
	if row.Exists() {
		sooner(row.Schedule.DueAt)
	}
	for _, c := range candidates {
		if !c.Refused {
			sooner(c.Schedule.DueAt)
		}
	}
	return time.Until(due)
}

var _ http.RoundTripper = (*spy)(nil)
