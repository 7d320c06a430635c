package crosslaunch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/launch"
	"signpost/shared/webex"
	"signpost/shared/webex/verifiertest"
	"signpost/shared/webex/webextest"
)

// contentURL has a query of its own, to which the code is added.
const contentURL = "https://content.example.com/?a=1&b"

// deployment is the two functions of one deployment, its Webex and its log.
type deployment struct {
	cloud  *webextest.Cloud
	org    *webextest.Organization
	log    bytes.Buffer
	assign gateway.Handler
	manage gateway.Handler
}

// deploy provides digital signage only. Key sets are fetched by toWebex.
func deploy(t testing.TB, store launch.Creator, now func() time.Time, toWebex http.RoundTripper) *deployment {
	t.Helper()
	d := &deployment{cloud: webextest.NewServer(t, webextest.Options{Now: now})}
	d.org = d.cloud.AddOrganization("Acme", "us-west-2_r")
	verifier, err := verifiertest.New(d.cloud.AppID(), d.cloud.JWKSURLs(), toWebex, now)
	if err != nil {
		t.Fatal(err)
	}
	provides := func(feature webex.Feature) bool { return feature == webex.DigitalSignage }
	issuer, err := launch.NewIssuer(store, provides, contentURL)
	if err != nil {
		t.Fatal(err)
	}
	issuers := func(context.Context, webex.Token) (*launch.Issuer, error) { return issuer, nil }
	log := slog.New(slog.NewJSONHandler(&d.log, nil))
	d.assign = gateway.Handle(log, now, crosslaunch.Serve(verifier, issuers, webex.AssignContent, now))
	d.manage = gateway.Handle(log, now, crosslaunch.Serve(verifier, issuers, webex.ManageContent, now))
	return d
}

// mint returns a token for an action of the organization. Extra claims replace
// those of a good token, and nil removes one.
func (d *deployment) mint(t testing.TB, action string, extra map[string]any) string {
	t.Helper()
	token, err := d.cloud.MintAction(d.org.ID(), action, extra)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// body is what Webex posts with a good token, with more members.
func (d *deployment) body(t testing.TB, more map[string]any) map[string]any {
	t.Helper()
	body := map[string]any{"jwt": d.mint(t, "crossLaunch", nil)}
	maps.Copy(body, more)
	return body
}

// event is what API Gateway passes on for a body, a string or what is encoded as JSON.
func event(t testing.TB, feature string, body any) events.APIGatewayV2HTTPRequest {
	t.Helper()
	raw, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(encoded)
	}
	return events.APIGatewayV2HTTPRequest{
		RouteKey: "POST /crossLaunch/{feature}/assignContent", PathParameters: map[string]string{"feature": feature},
		Headers: map[string]string{"content-type": "application/json"}, Body: raw,
	}
}

func handle(t testing.TB, handler gateway.Handler, event events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	t.Helper()
	response, err := handler(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func post(t testing.TB, handler gateway.Handler, feature string, body any) events.APIGatewayV2HTTPResponse {
	t.Helper()
	return handle(t, handler, event(t, feature, body))
}

// codeOf returns the launch code in a redirect.
func codeOf(t testing.TB, response events.APIGatewayV2HTTPResponse) string {
	t.Helper()
	var answer map[string]string
	if err := json.Unmarshal([]byte(response.Body), &answer); err != nil || len(answer) != 1 || response.StatusCode != http.StatusOK {
		t.Fatalf("answer = %d %s, %v", response.StatusCode, response.Body, err)
	}
	code, found := strings.CutPrefix(answer["redirectUrl"], contentURL+"&launch=")
	if !found || len(code) != 43 {
		t.Fatalf("redirectUrl = %q", answer["redirectUrl"])
	}
	return code
}

func checkProblem(t testing.TB, response events.APIGatewayV2HTTPResponse, status int, code string) {
	t.Helper()
	var problem gateway.Problem
	if err := json.Unmarshal([]byte(response.Body), &problem); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status || problem.Status != status || problem.Code != code || problem.Detail == "" {
		t.Errorf("got %d %s, want %d %s", response.StatusCode, response.Body, status, code)
	}
}
