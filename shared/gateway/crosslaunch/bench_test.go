package crosslaunch_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"signpost/shared/dynamo"
	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/launch"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// yes is a DynamoDB that takes everything: it is asked over the client's
// transport, so that all but the network is as it is.
type yes struct{}

// Do implements [aws.HTTPClient].
func (yes) Do(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(strings.NewReader("{}")), ContentLength: 2, Request: r,
	}, nil
}

// newHotRig is a cross-launch function on a DynamoDB that says yes, with its key
// sets fetched.
func newHotRig(t testing.TB) *rig {
	t.Helper()
	crosslaunch.LiftBudget(t)
	r := &rig{contentPage: "https://content.vendor.example/open?tab=signage"}
	r.cloud = webextest.NewServer(t, webextest.Options{})
	r.org = r.cloud.AddOrganization("Acme", home)
	client := dynamo.NewClient(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), HTTPClient: yes{},
	})
	urls, err := webex.KeySetURLs(webex.DefaultRegions, r.cloud.JWKSURLs())
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := webex.NewVerifier(r.cloud.AppID(), webex.NewKeySets(urls, nil, time.Now), webex.Hosts{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	provides := func(webex.Feature) bool { return true }
	issuer, err := launch.NewIssuer(dynamo.New(client, "table"), provides, r.contentPage)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	r.handler = gateway.Handle(log, time.Now, crosslaunch.Serve(verifier, issuer, webex.AssignContent, time.Now))
	r.launched(t, r.event(t, devices(1)))
	return r
}

// BenchmarkCrossLaunch is the handler from event to answer without the network.
// Nothing here remembers tokens, so that one event serves for all.
func BenchmarkCrossLaunch(b *testing.B) {
	for _, n := range []int{3, launch.MaxDevices} {
		b.Run(fmt.Sprint("devices=", n), func(b *testing.B) {
			r := newHotRig(b)
			event := r.event(b, devices(n))
			b.ReportAllocs()
			for b.Loop() {
				r.hot(b, event)
			}
		})
	}
}

// hot handles an event and looks at the status only.
func (r *rig) hot(t testing.TB, event events.APIGatewayV2HTTPRequest) {
	response, err := r.handler(t.Context(), event)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("answer = %d %s, %v", response.StatusCode, response.Body, err)
	}
}
