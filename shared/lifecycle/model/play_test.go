package model_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

const (
	home      = "us-west-2_r"
	elsewhere = "eu-central-1_k"
	third     = "us-east-2_a"
	thief     = "us-gov-west-1_a1" // trusted too, but nobody lives there
	hosts     = ".webexapis.com"   // of the regions, below their names
	base      = "https://api.vendor.example"
	signage   = "https://signage.vendor.example/?d=$(deviceId)"
	webApp    = "https://pwa.vendor.example/?d=$(deviceId)"
	// anotherID is the OAuth client of another upload of the manifest, to which no
	// refresh token was issued.
	anotherID = "Canother"
)

// keys are the deployment's secrets. The keyset is the process's: making one
// is dear.
type keys struct{ client webex.Credentials }

var keyset = sync.OnceValue(func() *sealing.Keyset {
	document, err := sealing.NewDocument()
	if err != nil {
		panic(err)
	}
	keyset, err := sealing.Parse(document)
	if err != nil {
		panic(err)
	}
	return keyset
})

func (k keys) Client(context.Context, installation.Key) (webex.Credentials, error) {
	return k.client, nil
}
func (keys) Prove(context.Context, installation.Key, webex.Credentials) error { return nil }
func (keys) Sealer(context.Context) (lifecycle.Sealer, error)                 { return keyset(), nil }

// plant is a bug that is put between the product and what it talks to.
type plant struct {
	store func(lifecycle.Store) lifecycle.Store
	webex func(lifecycle.Webex) lifecycle.Webex
	rows  func(schedule.Store) schedule.Store
}

// world is one deployment, its customers, and what must hold of them.
type world struct {
	sequence sequence
	plant    plant
	cloud    *webextest.Cloud
	orgs     []*webextest.Organization
	store    *store
	network  *network
	client   *webex.Client
	verifier *webex.Verifier
	model    *oracle
	settings atomic.Pointer[lifecycle.Settings]
	forged   int              // tokens so far
	acted    map[string]int64 // the second of an organization's last action
	running  sync.WaitGroup
	trail    trail
}

// trail is what happened, for whoever reads a failure. It is written out only
// then.
type trail struct {
	mu    sync.Mutex
	notes []note
}

type note struct {
	at     time.Time
	format string
	args   []any
}

func (t *trail) note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, note{time.Now(), format, args})
}

func (t *trail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var text strings.Builder
	for _, n := range t.notes {
		fmt.Fprintf(&text, "%s "+n.format+"\n", append([]any{n.at.Format("02 15:04:05.000")}, n.args...)...)
	}
	return text.String()
}

// play plays a sequence in a bubble of its own time and returns what was wrong
// and what happened.
func play(t *testing.T, s sequence, newBackend func() backend, plant plant) (violations []string, trail string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(s, newBackend(), plant)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for n, step := range s.Steps {
			time.Sleep(step.Gap)
			w.do(ctx, n, step)
		}
		w.finish(ctx)
		w.cloud.Close()
		w.running.Wait()
		if violations = w.model.violations; len(violations) > 0 {
			trail = w.trail.String()
		}
	})
	return violations, trail
}

func newWorld(s sequence, backend backend, plant plant) *world {
	options := webextest.Options{Now: time.Now, Regions: []string{home, elsewhere, third, thief}}
	if s.Narrow {
		options.Features = []string{webextest.DigitalSignage}
	}
	w := &world{
		sequence: s, plant: plant, cloud: webextest.NewCloud(options), model: newOracle(keyset()), acted: map[string]int64{},
	}
	w.cloud.SetBaseURL("https://{region}" + hosts)
	w.populate()
	w.store = &store{backend: backend, model: w.model, label: w.label, shards: shardsInUse, channels: newChannels(), writes: map[string]int{}}
	w.model.channels = w.store.channels
	w.network = &network{cloud: w.cloud, model: w.model, label: w.label}
	w.client = webex.NewClient(w.network)
	w.settings.Store(w.settingsOf(0))
	urls := must(webex.KeySetURLs([]string{home, elsewhere, third, thief}, w.cloud.JWKSURLs()))
	began := time.Now() // key sets do not age: they are not what is in question
	trusted := must(webex.ParseHosts("*"+hosts, false))
	w.verifier = must(webex.NewVerifier(webex.OneApp(w.cloud.AppID()), webex.NewKeySets(urls, w.network, func() time.Time { return began }), trusted, time.Now))
	// Before the first fault: each set is fetched.
	for region := range urls {
		token := w.cloud.Sign(region, nil, map[string]any{
			"sub": w.orgs[0].Sub(), "appId": w.cloud.AppID(), "action": "healthCheck", "region": region, "jti": region, "iat": began.Unix(),
		})
		_ = must(w.verifier.Verify(context.Background(), token, webex.HealthCheck))
	}
	w.placeSiblings()
	w.activateCrowd()
	return w
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err) // the test's own mistake
	}
	return value
}

// service is a new one for each invocation, with the settings of its time, and with the
// channels as they were when its process read them.
func (w *world) service(ctx context.Context) *lifecycle.Service {
	lag := workerOf(ctx).draw("channels", 0) % uint64(channel.CacheLife)
	return w.serviceWith(w.store.channels.asOf(time.Now().Add(-time.Duration(lag))))
}

func (w *world) serviceWith(current channel.Current) *lifecycle.Service {
	var (
		store  lifecycle.Store = w.store
		client lifecycle.Webex = w.client
	)
	if w.plant.store != nil {
		store = w.plant.store(store)
	}
	if w.plant.webex != nil {
		client = w.plant.webex(client)
	}
	settings := withChannels(*w.settings.Load(), current)
	secrets := keys{webex.Credentials{ClientID: settings.ClientID, ClientSecret: secret.New(w.cloud.ClientSecret())}}
	return must(lifecycle.New(store, client, secrets, settings, time.Now, slog.New(slog.DiscardHandler)))
}

// start runs one invocation beside the others.
func (w *world) start(ctx context.Context, name string, d delivery, run func(ctx context.Context)) {
	worker := w.newWorker(name, w.sequence.Pace, d.KillAfter)
	w.running.Go(func() {
		ctx := worker.context(ctx)
		time.Sleep(d.After)
		if worker.take(ctx, "start") == nil {
			run(ctx)
		}
	})
}

// deliver has Webex's token arrive as often as the step says.
func (w *world) deliver(ctx context.Context, n int, step step, raw string, genuine bool) {
	token := w.model.mint(must(w.verifier.Verify(context.Background(), raw, every...)), genuine)
	w.trail.note("minted %s of %s, signed by %s", token.Action, clock(token.IssuedAt), token.KeyRegion)
	for i, d := range step.Deliveries {
		name := fmt.Sprintf("%d/%d", n, i)
		w.start(ctx, name, d, func(ctx context.Context) {
			if !acceptable(token) {
				w.trail.note("%s: too late", name)
				return
			}
			w.trail.note("%s: %s arrives", name, token.Action)
			err := w.handle(ctx, token, step)
			w.trail.note("%s: %s answered: %v", name, token.Action, err)
			w.model.replied(token, err)
		})
	}
}

var every = []webex.Action{webex.Provision, webex.UpdateApproved, webex.Update, webex.HealthCheck, webex.Deprovision, webex.CrossLaunch}

// handle is what the functions do with a token, within their times.
func (w *world) handle(ctx context.Context, token *minted, step step) error {
	budget := map[webex.Action]time.Duration{
		webex.Provision: 9 * time.Second, webex.HealthCheck: 1400 * time.Millisecond, webex.CrossLaunch: 1500 * time.Millisecond,
	}[token.Action]
	if budget == 0 {
		budget = 4 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	switch token.Action {
	case webex.Provision:
		_, err := w.service(ctx).Activate(ctx, token.Token, base)
		return err
	case webex.HealthCheck:
		_, err := w.service(ctx).CheckHealth(ctx, token.Token)
		return ignored(err)
	case webex.CrossLaunch:
		issuer := must(launch.NewIssuer(w.store, func(webex.Feature) bool { return true }, "https://content.vendor.example/"))
		_, err := issuer.Issue(ctx, token.Token, launch.Order{Feature: webex.DigitalSignage, Task: webex.ManageContent}, time.Now())
		return err
	default:
		return w.service(ctx).Act(ctx, token.Token)
	}
}

// acceptable reports whether the token's time has not passed: all of it that
// changes once it was verified, which is dear.
func acceptable(token *minted) bool {
	until := token.ExpiryTime
	if until.IsZero() {
		until = token.AcceptableUntil().Add(-time.Minute) // which allows for a clock that differs
	}
	return !time.Now().After(until)
}

// errNoEffect stands for the answer to what has no effect to be judged.
var errNoEffect = fmt.Errorf("no effect")

func ignored(err error) error {
	if err == nil {
		return errNoEffect
	}
	return err
}

// verify runs the schedule once, of which variant says with how many rows at a time and
// for which shards.
func (w *world) verify(ctx context.Context, variant int) {
	ctx, cancel := context.WithTimeout(ctx, 55*time.Second)
	defer cancel()
	run := schedule.Run{Concurrency: 1, Shards: shardsInUse, Until: time.Now().Add(45 * time.Second)}
	if which := variant & 3; w.sequence.Crowd {
		run.Concurrency = 1 + variant>>2*2
		run.Shards = [][]int{shardsInUse[:1], shardsInUse[1:], shardsInUse, shardsInUse}[which]
	}
	var rows schedule.Store = w.store
	if w.plant.rows != nil {
		rows = w.plant.rows(rows)
	}
	current := w.store.channels.now()
	run.Rollout = &schedule.Rollout{Current: current, Store: w.store}
	report, err := schedule.New(w.serviceWith(current), rows).VerifyDue(ctx, run)
	w.trail.note("verify %v: %+v, %v", run.Shards, report, err)
}
