package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/secret"
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
	content   = "https://vendor.example/content"
	// interval is that of the verifications: long, so that days of schedule
	// are few runs.
	interval = 24 * time.Hour
)

// lab is a Webex, a table and a clock for many cases, one after the other:
// each has an organization of its own, and goes on where time stands.
type lab struct {
	cloud  *webextest.Cloud
	webex  *spy
	config aws.Config
	client *dynamodb.Client
	table  string
	store  *dynamo.Store
	keys   *keys
	// neighbour has the integration installed too, and is never touched.
	neighbour string
	// verifier has the key sets already.
	verifier *webex.Verifier
	// quiet is what there is between two cases; nil: to be looked up.
	quiet *faults.Snapshot

	mu      sync.Mutex
	now     time.Time
	foreign map[int]string // by shard: what another, whose row is there, was told
}

// keys are the deployment's secrets.
type keys struct {
	id     string
	client secret.String
	sealer lifecycle.Sealer
}

func (k *keys) Client(context.Context, installation.Key) (webex.Credentials, error) {
	return webex.Credentials{ClientID: k.id, ClientSecret: k.client}, nil
}

func (*keys) Prove(context.Context, installation.Key, webex.Credentials) error { return nil }
func (k *keys) Sealer(context.Context) (lifecycle.Sealer, error)               { return k.sealer, nil }
func (l *lab) clock() time.Time                                                { l.mu.Lock(); defer l.mu.Unlock(); return l.now }
func (l *lab) setClock(now time.Time)                                          { l.mu.Lock(); defer l.mu.Unlock(); l.now = now }
func (l *lab) pass(d time.Duration)                                            { l.setClock(l.clock().Add(d)) }

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), foreign: map[int]string{}}
	l.cloud = webextest.NewCloud(webextest.Options{Now: l.clock})
	l.webex = &spy{cloud: l.cloud}
	l.neighbour = l.cloud.AddOrganization("Neighbour", home).ID()
	if _, err := l.cloud.MintActivation(l.neighbour); err != nil {
		t.Fatal(err)
	}
	l.cloud.SetConfiguration(l.neighbour, webextest.DigitalSignage, map[string]any{"signageUrl": signage})
	l.config = dynamotest.Config(t)
	l.client, l.table = dynamotest.New(t)
	l.store = dynamo.New(l.client, l.table)
	for shard := range installation.Shards {
		if err := faults.RestPass(t.Context(), l.store, shard, l.clock()); err != nil {
			t.Fatal(err)
		}
	}
	keyset, err := sharedKeyset()
	if err != nil {
		t.Fatal(err)
	}
	l.keys = &keys{id: l.cloud.ClientID(), client: secret.New(l.cloud.ClientSecret()), sealer: keyset}
	if l.verifier, err = l.newVerifier(l.webex); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lab) newVerifier(transport http.RoundTripper) (*webex.Verifier, error) {
	return verifiertest.New(l.cloud.AppID(), l.cloud.JWKSURLs(), transport, l.clock)
}

// opened is an installation's refresh token.
func (l *lab) opened(row installation.Installation) (string, error) {
	token, err := l.keys.sealer.Open(row.Tokens.Refresh, installation.RefreshPlace(row.Key))
	return token.Reveal(), err
}

func pushesOf(cloud *webextest.Cloud, org string) map[webex.Feature]int {
	pushes := map[webex.Feature]int{}
	for _, feature := range webex.Features {
		pushes[feature] = cloud.Pushes(org, string(feature))
	}
	return pushes
}

// spy carries requests to the cloud, in memory, and notes the tokens that the
// cloud gives out.
type spy struct {
	cloud *webextest.Cloud

	mu     sync.Mutex
	tokens []string
}

// RoundTrip implements http.RoundTripper.
func (s *spy) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	received := request.Clone(request.Context())
	if received.Body == nil {
		received.Body = http.NoBody // as a server has it
	}
	recorder := httptest.NewRecorder()
	s.cloud.ServeHTTP(recorder, received)
	if strings.HasSuffix(request.URL.Path, "/access_token") {
		s.note(recorder.Body.Bytes())
	}
	return recorder.Result(), nil
}

func (s *spy) note(body []byte) {
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, token := range []string{answer.Access, answer.Refresh} {
		if token != "" {
			s.tokens = append(s.tokens, token)
		}
	}
}

// given are the tokens that were given out since the last call.
func (s *spy) given() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	tokens := s.tokens
	s.tokens = nil
	return tokens
}

// logBuffer takes the lines of many processes.
type logBuffer struct {
	mu    sync.Mutex
	lines []string
}

func (b *logBuffer) add(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, strings.TrimSpace(line))
}

// since returns the lines from the given one on.
func (b *logBuffer) since(first int) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.lines[first:]...)
}

func (b *logBuffer) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.lines)
}

// writer is where one process logs, as long as it lives.
type writer struct {
	to   *logBuffer
	dead func() bool
}

func (w writer) Write(line []byte) (int, error) {
	if !w.dead() {
		w.to.add(string(bytes.Clone(line)))
	}
	return len(line), nil
}

var _ io.Writer = writer{}
