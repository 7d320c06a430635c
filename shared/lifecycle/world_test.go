package lifecycle_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
	"signpost/shared/webex/verifiertest"
	"signpost/shared/webex/webextest"
)

const (
	home      = "us-west-2_r"
	elsewhere = "eu-central-1_k"
	base      = "https://api.vendor.example"
	signage   = "https://signage.vendor.example/?d=$(deviceId)"
	webApp    = "https://pwa.vendor.example/?d=$(deviceId)"
)

// world is Webex, a table and the service between them, on one clock.
type world struct {
	t        *testing.T
	cloud    *webextest.Cloud
	org      *webextest.Organization
	store    *dynamo.Store
	client   *dynamodb.Client
	table    string
	settings lifecycle.Settings
	keys     *keys
	log      *logBuffer
	verifier *webex.Verifier
	shards   []int // those that runs are for, nil for all

	mu  sync.Mutex
	now time.Time
}

// logBuffer takes lines from many workers.
type logBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(line)
}

func (b *logBuffer) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// keys are the deployment's secrets; a test may rotate them.
type keys struct {
	id       func() string
	client   secret.String
	document []byte // the keyset
	sealer   *sealing.Keyset
}

func (k *keys) use(t *testing.T, document []byte, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if k.sealer, err = sealing.Parse(document); err != nil {
		t.Fatal(err)
	}
	k.document = document
}

func (k *keys) Client(context.Context, installation.Key) (webex.Credentials, error) {
	return webex.Credentials{ClientID: k.id(), ClientSecret: k.client}, nil
}

func (*keys) Prove(context.Context, installation.Key, webex.Credentials) error { return nil }
func (k *keys) Sealer(context.Context) (lifecycle.Sealer, error)               { return k.sealer, nil }
func (w *world) clock() time.Time                                              { w.mu.Lock(); defer w.mu.Unlock(); return w.now }
func (w *world) pass(d time.Duration)                                          { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }
func (w *world) count(kind, method string) int                                 { return w.cloud.Count(kind, method) }
func (w *world) pushes(feature webex.Feature) int                              { return w.cloud.Pushes(w.org.ID(), string(feature)) }
func (w *world) fault(fault webextest.Fault)                                   { w.cloud.Inject(fault) }
func (w *world) provide(feature webex.Feature, c lifecycle.Content)            { w.settings.Provided[feature] = c }
func (w *world) act(token string) error                                        { return w.actWithin(w.t.Context(), token) }
func (w *world) stored() (installation.Installation, []installation.Candidate) {
	return w.storedOf(w.org)
}

// newWorld returns a world whose manifest has these features, all without any.
func newWorld(t *testing.T, features ...string) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), log: &logBuffer{}}
	w.cloud = webextest.NewServer(t, webextest.Options{Now: w.clock, Features: features})
	w.org = w.cloud.AddOrganization("Acme", home)
	w.client, w.table = dynamotest.New(t)
	w.store = dynamo.New(w.client, w.table)
	w.keys = &keys{client: secret.New(w.cloud.ClientSecret()), id: func() string { return w.settings.ClientID }}
	document, err := sealing.NewDocument()
	w.keys.use(t, document, err)
	w.settings = lifecycle.Settings{
		ClientID: w.cloud.ClientID(), VerifyInterval: time.Hour,
		Provided: map[webex.Feature]lifecycle.Content{
			webex.DigitalSignage: {DeviceURL: signage}, webex.PersistentWebApp: {DeviceURL: webApp},
		},
	}
	w.verifier, err = verifiertest.New(w.cloud.AppID(), w.cloud.JWKSURLs(), nil, w.clock)
	w.must(err)
	return w
}

// service returns a new service with the current settings, as in a new process.
func (w *world) service() *lifecycle.Service { return w.build(w.store, slog.LevelDebug) }

// vendor returns the vendor's use cases.
func (w *world) vendor() *lifecycle.Vendor {
	w.t.Helper()
	vendor, err := lifecycle.NewVendor(w.store, w.clock, slog.New(slog.NewJSONHandler(w.log, nil)))
	w.must(err)
	return vendor
}

// over returns a service over another store, which logs as in production.
func (w *world) over(store lifecycle.Store) *lifecycle.Service { return w.build(store, slog.LevelInfo) }

func (w *world) build(store lifecycle.Store, level slog.Level) *lifecycle.Service {
	w.t.Helper()
	log := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: level}))
	service, err := lifecycle.New(store, webex.NewClient(http.DefaultTransport), w.keys, w.settings, w.clock, log)
	w.must(err)
	return service
}

// must ends the test unless err is nil.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) verified(raw string) webex.Token {
	w.t.Helper()
	token, err := w.verifier.Verify(w.t.Context(), raw, webex.Provision, webex.UpdateApproved, webex.Update, webex.HealthCheck, webex.Deprovision)
	w.must(err)
	return token
}

// minted returns a token that the cloud signed.
func (w *world) minted(token string, err error) string {
	w.t.Helper()
	w.must(err)
	return token
}

// healthCheck returns the verified token of a health check.
func (w *world) healthCheck() webex.Token {
	w.t.Helper()
	return w.verified(w.minted(w.cloud.MintAction(w.org.ID(), "healthCheck", nil)))
}

func (w *world) code() string { return w.minted(w.cloud.MintActivation(w.org.ID())) }

func (w *world) activate(code string) (lifecycle.Activated, error) {
	w.t.Helper()
	return w.service().Activate(w.t.Context(), w.verified(code), base)
}

func (w *world) actWithin(ctx context.Context, token string) error {
	w.t.Helper()
	return w.service().Act(ctx, w.verified(token))
}

// activateOrg activates an organization with a new code.
func (w *world) activateOrg(org *webextest.Organization) {
	w.t.Helper()
	_, err := w.activate(w.minted(w.cloud.MintActivation(org.ID())))
	w.must(err)
}

// save writes a row past the service.
func (w *world) save(row installation.Installation) installation.Installation {
	w.t.Helper()
	saved, err := w.store.Save(w.t.Context(), row)
	w.must(err)
	return saved
}

// loseAccess has Webex refuse the refresh token from now on, and a verification find out.
func (w *world) loseAccess() schedule.Report {
	w.t.Helper()
	w.cloud.RevokeRefreshToken(w.org.ID())
	w.pass(20 * time.Hour)
	return w.verifyDue()
}

// activatedWorld returns a world with an installation that was in sync 10 s ago.
func activatedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.verifyDue() // the first pass, which is not spread over the interval
	w.activateOrg(w.org)
	w.pass(10 * time.Second)
	w.cloud.ResetRequests()
	return w
}

// alone leaves the shards of other organizations at rest, so that many runs take little
// time.
func (w *world) alone() {
	w.t.Helper()
	w.shards = []int{installation.ShardOf(w.org.ID())}
	for shard := range installation.Shards {
		if shard != w.shards[0] {
			w.must(faults.RestPass(w.t.Context(), w.store, shard, w.clock()))
		}
	}
}

func (w *world) storedOf(org *webextest.Organization) (installation.Installation, []installation.Candidate) {
	w.t.Helper()
	row, candidates, err := w.store.Find(w.t.Context(), installationtest.Key(org.ID()), w.clock())
	w.must(err)
	return row, candidates
}

// verifyNow verifies the world's organization, whether or not it is due.
func (w *world) verifyNow() schedule.Report {
	w.t.Helper()
	report, err := schedule.New(w.service(), w.store).VerifyNow(w.t.Context(), []string{w.org.ID()})
	if err != nil {
		w.t.Error(err)
	}
	return report
}

// verifyDue runs the schedule once.
func (w *world) verifyDue() schedule.Report {
	w.t.Helper()
	report, err := schedule.New(w.service(), w.store).VerifyDue(w.t.Context(), schedule.Run{Shards: w.shards, Concurrency: 4})
	w.must(err)
	return report
}

// inSync fails the test unless Webex stores exactly what the settings want.
func (w *world) inSync() {
	w.t.Helper()
	row, _ := w.stored()
	for _, feature := range webex.Features {
		want, provided := w.settings.Wanted(feature, row)
		got, present := w.cloud.Configuration(w.org.ID(), string(feature))
		if present != provided {
			w.t.Errorf("%s: stored at Webex = %v, want %v", feature, present, provided)
		}
		if url := got[map[webex.Feature]string{webex.DigitalSignage: "signageUrl", webex.PersistentWebApp: "pwaUrl"}[feature]]; present && url != want.DeviceURL {
			w.t.Errorf("%s: Webex stores %v, want %v", feature, url, want.DeviceURL)
		}
	}
}

// sealedNewest fails the test unless the stored refresh token is the newest one
// that Webex issued, and no row or log line holds a token in clear.
func (w *world) sealedNewest() {
	w.t.Helper()
	row, _ := w.stored()
	token, err := w.keys.sealer.Open(row.Tokens.Refresh, installation.RefreshPlace(row.Key))
	if err != nil || token.Reveal() != w.cloud.RefreshToken(w.org.ID()) {
		w.t.Errorf("stored refresh token is not the newest: %v", err)
	}
	if table := w.tableBytes(); strings.Contains(table, w.cloud.RefreshToken(w.org.ID())) {
		w.t.Error("the table holds the refresh token in clear")
	}
	if strings.Contains(w.log.text(), w.cloud.RefreshToken(w.org.ID())) {
		w.t.Error("the log holds the refresh token")
	}
}

// tableBytes is every attribute of every row, as text.
func (w *world) tableBytes() string {
	w.t.Helper()
	snapshot, err := faults.Look(w.t.Context(), w.client, w.table, w.cloud)
	w.must(err)
	return snapshot.Text()
}
