package crosslaunch_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

const home = "us-west-2_r"

// counting counts the requests that go through it.
type counting struct {
	requests atomic.Int64
	next     http.RoundTripper
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return c.next.RoundTrip(r)
}

// rig is a cross-launch function on a real table, with every request counted.
type rig struct {
	cloud       *webextest.Cloud
	org         *webextest.Organization
	store       *dynamo.Store
	handler     gateway.Handler
	toWebex     *counting
	toDynamoDB  *counting
	log         *strings.Builder
	contentPage string
}

func newRig(t testing.TB) *rig {
	t.Helper()
	crosslaunch.LiftBudget(t)
	r := &rig{
		toWebex: &counting{next: http.DefaultTransport}, toDynamoDB: &counting{next: http.DefaultTransport},
		log: &strings.Builder{}, contentPage: "https://content.vendor.example/open?tab=signage",
	}
	r.cloud = webextest.NewServer(t, webextest.Options{})
	r.org = r.cloud.AddOrganization("Acme", home)
	_, table := dynamotest.New(t)
	config := dynamotest.Config(t)
	config.HTTPClient = &http.Client{Transport: r.toDynamoDB}
	r.store = dynamo.New(dynamo.NewClient(config), table)
	row := installation.Installation{
		OrgKey: r.org.ID(), Statement: installation.Statement{Subject: r.org.Sub(), OrgName: "Acme", AppID: r.cloud.AppID(), Region: home},
		State: installation.Active, Generation: "g",
	}
	if _, err := r.store.Save(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	urls, err := webex.KeySetURLs(webex.DefaultRegions, r.cloud.JWKSURLs())
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := webex.ParseHosts("127.0.0.1", true)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := webex.NewVerifier(r.cloud.AppID(), webex.NewKeySets(urls, r.toWebex, time.Now), hosts, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	provides := func(feature webex.Feature) bool { return feature == webex.DigitalSignage }
	issuer, err := launch.NewIssuer(r.store, provides, r.contentPage)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(r.log, nil))
	r.handler = gateway.Handle(log, time.Now, crosslaunch.Serve(verifier, issuer, webex.AssignContent, time.Now))
	return r
}

// event is what API Gateway gives for a cross-launch that Webex just signed.
func (r *rig) event(t testing.TB, devices []launch.Device) events.APIGatewayV2HTTPRequest {
	t.Helper()
	token, err := r.cloud.MintAction(r.org.ID(), "crossLaunch", nil)
	if err != nil {
		// The integration is not installed at this Webex: sign by hand.
		token = r.cloud.Sign(home, nil, map[string]any{
			"sub": r.org.Sub(), "iat": time.Now().Unix(), "jti": fmt.Sprint(rand.Uint64()), "appId": r.cloud.AppID(), "action": "crossLaunch",
		})
	}
	body, err := json.Marshal(map[string]any{"jwt": token, "devices": devices})
	if err != nil {
		t.Fatal(err)
	}
	return events.APIGatewayV2HTTPRequest{
		RouteKey:       "POST /crossLaunch/{feature}/assignContent",
		Headers:        map[string]string{"content-type": "application/json"},
		PathParameters: map[string]string{"feature": "digital_signage"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST"}},
		Body:           string(body),
	}
}

// devices are as Webex has them: ids of 80 characters and names of 25, random,
// so that they do not compress into one item.
func devices(n int) []launch.Device {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	text := func(length int) string {
		var b strings.Builder
		for range length {
			b.WriteByte(alphabet[rand.IntN(len(alphabet))])
		}
		return b.String()
	}
	list := make([]launch.Device, n)
	for i := range list {
		list[i] = launch.Device{DeviceID: text(80), DisplayName: text(25)}
	}
	return list
}

// launched posts a cross-launch and returns the code in its redirect.
func (r *rig) launched(t testing.TB, event events.APIGatewayV2HTTPRequest) string {
	t.Helper()
	response, err := r.handler(t.Context(), event)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("answer = %d %s, %v", response.StatusCode, response.Body, err)
	}
	var answer struct{ RedirectURL string }
	if err := json.Unmarshal([]byte(response.Body), &answer); err != nil {
		t.Fatal(err)
	}
	code, found := strings.CutPrefix(answer.RedirectURL, r.contentPage+"&launch=")
	if !found {
		t.Fatalf("redirectUrl = %q", answer.RedirectURL)
	}
	return code
}

func TestWarmCrossLaunchIsOneRequest(t *testing.T) {
	for _, n := range []int{3, launch.MaxDevices} {
		t.Run(fmt.Sprint(n, " devices"), func(t *testing.T) {
			r := newRig(t)
			r.launched(t, r.event(t, devices(1))) // warm
			list := devices(n)
			event := r.event(t, list)
			r.toWebex.requests.Store(0)
			r.toDynamoDB.requests.Store(0)
			code := r.launched(t, event)
			if got := r.toDynamoDB.requests.Load(); got != 1 {
				t.Errorf("%d DynamoDB requests, want 1", got)
			}
			if got := r.toWebex.requests.Load(); got != 0 {
				t.Errorf("%d requests to Webex, want none", got)
			}
			taken, orgName, err := r.store.Take(t.Context(), launch.IDOf(code), time.Now())
			if err != nil || orgName != "Acme" || taken.OrgID != r.org.Sub() {
				t.Fatalf("taken for %q %q: %v", orgName, taken.OrgID, err)
			}
			if diff := cmp.Diff(list, taken.Devices); diff != "" {
				t.Errorf("devices changed on the way (-posted +redeemed): %.400s", diff)
			}
			if strings.Contains(r.log.String(), code) {
				t.Error("the log holds the launch code")
			}
		})
	}
}

func TestReplayIsRefusedAndWritesNothing(t *testing.T) {
	r := newRig(t)
	event := r.event(t, devices(3))
	r.launched(t, event)
	response, err := r.handler(t.Context(), event)
	if err != nil || response.StatusCode != http.StatusConflict || !strings.Contains(response.Body, `"token_replayed"`) {
		t.Errorf("answer = %d %s, %v", response.StatusCode, response.Body, err)
	}
}
