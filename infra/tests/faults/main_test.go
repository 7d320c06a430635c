// Package faults_test kills real processes of the product, at every call that
// they make, and holds what is left behind to the invariants. The functions
// run as on Lambda, in the local stack; between them and Webex and DynamoDB
// stand proxies that know which call is whose, and pull the plug before or
// after the one whose turn it is. Time passes by making the rows older.
package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/infra/local/stack"
	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/lifecycle"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
)

const (
	signage = "https://signage.vendor.example/?d=$(deviceId)"
	webApp  = "https://pwa.vendor.example/?d=$(deviceId)"
)

// rig is the stack with its proxies, for all cases, one after the other.
type rig struct {
	stack    *stack.Stack
	client   *dynamodb.Client // past the proxy
	store    *dynamo.Store
	sealer   *sealing.Keyset
	settings lifecycle.Settings
	webex    *proxy
	table    *proxy
}

// proxy passes requests on, as a process's transport does.
type proxy struct {
	peer   faults.Peer
	target string

	mu      sync.Mutex
	process *faults.Process
}

func (p *proxy) setProcess(process *faults.Process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.process = process
}

// transport carries what a function sends; what the stack itself asks of the
// table, the records of its stream, is nobody's call.
func (p *proxy) transport(request *http.Request) http.RoundTripper {
	if strings.HasPrefix(request.Header.Get("X-Amz-Target"), "DynamoDBStreams") {
		return http.DefaultTransport
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process.Transport(p.peer, http.DefaultTransport)
}

// ServeHTTP implements http.Handler. What fails, fails by a cut connection.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target, err := url.Parse(p.target)
	if err != nil {
		panic(err)
	}
	out := r.Clone(context.WithoutCancel(r.Context())) // the work is done, whoever hangs up
	out.RequestURI, out.URL.Scheme, out.URL.Host, out.Host = "", target.Scheme, target.Host, target.Host
	response, err := p.transport(out).RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer response.Body.Close()
	maps.Copy(w.Header(), response.Header)
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

func newProxy(t *testing.T, peer faults.Peer) (*proxy, string) {
	t.Helper()
	p := &proxy{peer: peer, process: &faults.Process{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return p, server.URL
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	var tableURL, webexURL string
	r.table, tableURL = newProxy(t, faults.DynamoDB)
	r.webex, webexURL = newProxy(t, faults.Webex)
	config := dynamotest.Config(t)
	r.table.target = *config.BaseEndpoint
	client, table := dynamotest.New(t)
	r.client, r.store = client, dynamo.New(client, table)
	var err error
	r.stack, err = stack.Start(t.Context(), stack.Options{
		Root: "../../..", EphemeralPorts: true, DataDir: t.TempDir(), ScheduleEvery: stack.ScheduleOff, Unlimited: true,
		Environment: map[string]string{
			"AWS_ENDPOINT_URL_DYNAMODB": tableURL, "INSTALLATIONS_TABLE": table,
			"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
			"SIGNAGE_URL": signage, "PWA_URL": webApp,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stack.Stop)
	r.webex.target = r.stack.WebexURL()
	r.stack.Webex().SetBaseURL(webexURL)
	r.stack.Webex().SetRotateRefreshTokens(true)
	keySets, err := json.Marshal(r.stack.Webex().JWKSURLs())
	if err != nil {
		t.Fatal(err)
	}
	r.stack.SetEnvironment(map[string]string{"WEBEX_JWKS_URLS": string(keySets)})
	if r.sealer, err = sealing.Parse(r.stack.Secrets().TokenKeyset); err != nil {
		t.Fatal(err)
	}
	r.settings = lifecycle.Settings{
		ClientID: r.stack.Webex().ClientID(), PublicURL: r.stack.URL(), VerifyInterval: time.Hour,
		Provided: map[webex.Feature]lifecycle.Content{
			webex.DigitalSignage: {URL: signage}, webex.PersistentWebApp: {URL: webApp},
		},
	}
	return r
}

// use makes the process the one that all requests are counted to.
func (r *rig) use(process *faults.Process) {
	r.table.setProcess(process)
	r.webex.setProcess(process)
}

// post delivers a token to the product, and reports whether it was taken.
func (r *rig) post(path, token string) error {
	request, err := http.NewRequest(http.MethodPost, r.stack.URL()+path, strings.NewReader(fmt.Sprintf(`{"jwt":%q}`, token)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d %s", path, response.StatusCode, body)
	}
	return err
}
