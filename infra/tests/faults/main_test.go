// Package faults_test kills real processes of the product at every call that
// they make, and checks the invariants of package faults on what is left. The
// functions run as on Lambda, in the local stack. Proxies between them and Webex
// and DynamoDB know which process makes which call, and kill it before or after
// the planned one. Time passes by making the rows older.
package faults_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
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

// proxy passes requests on to target, through the transport of a process.
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

// RoundTrip implements http.RoundTripper. The peer does its work even if the
// caller has gone. The stack's own reads of the table's stream belong to no
// process.
func (p *proxy) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.WithContext(context.WithoutCancel(request.Context()))
	if strings.HasPrefix(request.Header.Get("X-Amz-Target"), "DynamoDBStreams") {
		return http.DefaultTransport.RoundTrip(request)
	}
	p.mu.Lock()
	transport := p.process.Transport(p.peer, http.DefaultTransport)
	p.mu.Unlock()
	return transport.RoundTrip(request)
}

// newProxy starts a proxy and returns its address. A call that fails ends in a
// cut connection.
func newProxy(t *testing.T, peer faults.Peer) (*proxy, string) {
	t.Helper()
	p := &proxy{peer: peer, process: &faults.Process{}}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Transport: p,
		Rewrite: func(r *httputil.ProxyRequest) {
			target, err := url.Parse(p.target)
			if err != nil {
				panic(err)
			}
			r.SetURL(target)
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	})
	t.Cleanup(server.Close)
	return p, server.URL
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	var tableURL, webexURL string
	r.table, tableURL = newProxy(t, faults.DynamoDB)
	r.webex, webexURL = newProxy(t, faults.Webex)
	r.table.target = *dynamotest.Config(t).BaseEndpoint
	client, table := dynamotest.New(t)
	r.client, r.store = client, dynamo.New(client, table)
	for shard := range installation.Shards {
		r.restPass(t, shard)
	}
	r.stack = customer.StartFor(t, map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": tableURL, "INSTALLATIONS_TABLE": table,
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
	})
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
			webex.DigitalSignage: {DeviceURL: customer.SignageURL}, webex.PersistentWebApp: {DeviceURL: customer.PWAURL},
		},
	}
	return r
}

func (r *rig) restPass(t *testing.T, shard int) {
	t.Helper()
	if err := faults.RestPass(t.Context(), r.store, shard, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// use counts all later requests as the process's.
func (r *rig) use(process *faults.Process) {
	r.table.setProcess(process)
	r.webex.setProcess(process)
}
