package crosslaunch_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// store keeps launches as the real one does, without a table.
type store struct {
	regions map[string]string // of the installations, by organization
	used    map[string]bool
	stored  []launch.Launch
	err     error
}

func (s *store) Create(ctx context.Context, l launch.Launch, region string, used installation.Used) error {
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 2*time.Second {
		return errors.New("the answer would leave too late")
	}
	switch home, known := s.regions[l.OrgKey]; {
	case s.err != nil:
		return s.err
	case !known:
		return installation.ErrNotFound
	case home != region:
		return installation.ErrWrongRegion
	case s.used[used.ID]:
		return installation.ErrReplayed
	}
	s.used[used.ID] = true
	s.stored = append(s.stored, l)
	return nil
}

// fixture is one deployment, its Webex and its log.
type fixture struct {
	cloud  *webextest.Cloud
	org    *webextest.Organization
	store  *store
	now    time.Time
	log    bytes.Buffer
	assign gateway.Handler
	manage gateway.Handler
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return f.now }
	f.cloud = webextest.NewServer(t, webextest.Options{Now: clock})
	f.org = f.cloud.AddOrganization("Org", "us-west-2_r")
	f.store = &store{regions: map[string]string{f.org.ID(): f.org.Region()}, used: map[string]bool{}}
	urls, err := webex.KeySetURLs(webex.DefaultRegions, f.cloud.JWKSURLs())
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := webex.ParseHosts(webex.DefaultHosts, false)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := webex.NewVerifier(f.cloud.AppID(), webex.NewKeySets(urls, nil, clock), hosts, clock)
	if err != nil {
		t.Fatal(err)
	}
	provides := func(feature webex.Feature) bool { return feature == webex.DigitalSignage }
	issuer, err := launch.NewIssuer(f.store, provides, "https://content.example.com/?a=1&b")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(&f.log, nil))
	f.assign = gateway.Handle(log, clock, crosslaunch.Serve(verifier, issuer, webex.AssignContent, clock))
	f.manage = gateway.Handle(log, clock, crosslaunch.Serve(verifier, issuer, webex.ManageContent, clock))
	return f
}

func (f *fixture) mint(t *testing.T, action string, extra map[string]any) string {
	t.Helper()
	token, err := f.cloud.MintAction(f.org.ID(), action, extra)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// claims are those of a good token, changed.
func (f *fixture) claims(changes map[string]any) map[string]any {
	all := map[string]any{
		"sub": "ciscospark://us/ORGANIZATION/" + f.org.ID(), "appId": f.cloud.AppID(), "action": "crossLaunch",
		"jti": fmt.Sprint(len(f.log.String())), "iat": f.now.Unix(),
	}
	maps.Copy(all, changes)
	return all
}

func post(t *testing.T, handler gateway.Handler, feature string, body any) events.APIGatewayV2HTTPResponse {
	t.Helper()
	raw, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(encoded)
	}
	response, err := handler(t.Context(), events.APIGatewayV2HTTPRequest{
		RouteKey: "POST /crossLaunch/{feature}/assignContent", PathParameters: map[string]string{"feature": feature},
		Headers: map[string]string{"content-type": "application/json"}, Body: raw,
	})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestCrossLaunch(t *testing.T) {
	f := newFixture(t)
	devices := []map[string]any{{"deviceId": "b", "displayName": "Büro"}, {"deviceId": "a"}, {"deviceId": "b", "displayName": nil, "x": 1}}
	response := post(t, f.assign, "digital_signage", map[string]any{"jwt": f.mint(t, "crossLaunch", nil), "devices": devices, "task": "assign_content"})
	var answer struct{ RedirectURL string }
	if err := json.Unmarshal([]byte(response.Body), &answer); err != nil || response.StatusCode != 200 {
		t.Fatalf("%+v", response)
	}
	code, found := strings.CutPrefix(answer.RedirectURL, "https://content.example.com/?a=1&b&launch=")
	if !found || len(f.store.stored) != 1 || f.store.stored[0].ID != launch.IDOf(code) {
		t.Fatalf("redirect %s, stored %+v", answer.RedirectURL, f.store.stored)
	}
	stored := f.store.stored[0]
	if len(stored.Devices) != 3 || stored.Devices[0] != (launch.Device{DeviceID: "b", DisplayName: "Büro"}) || stored.Task != webex.AssignContent || stored.OrgKey != f.org.ID() {
		t.Errorf("stored %+v", stored)
	}
	if !strings.Contains(response.Body, "&b&launch=") {
		t.Errorf("the address is escaped: %s", response.Body)
	}
	for _, logged := range []string{`"action":"crossLaunch"`, `"org":"` + f.org.ID(), `"feature":"digital_signage"`, `"task":"assign_content"`, `"devices":3`, `"outcome":"launched"`} {
		if !strings.Contains(f.log.String(), logged) {
			t.Errorf("log lacks %s: %s", logged, f.log.String())
		}
	}
	if strings.Contains(f.log.String(), code) {
		t.Errorf("a launch code is in the log: %s", f.log.String())
	}

	response = post(t, f.manage, "digital_signage", map[string]any{"jwt": f.mint(t, "crossLaunch", nil)})
	if response.StatusCode != 200 || f.store.stored[1].Task != webex.ManageContent || len(f.store.stored[1].Devices) != 0 {
		t.Errorf("manage content: %+v", response)
	}
}

func TestCrossLaunchRefuses(t *testing.T) {
	f := newFixture(t)
	many := make([]map[string]string, launch.MaxDevices+1)
	for i := range many {
		many[i] = map[string]string{"deviceId": "d"}
	}
	with := func(fields map[string]any, token string) map[string]any {
		body := maps.Clone(fields)
		body["jwt"] = token
		return body
	}
	none := map[string]any{}
	good := func() string { return f.mint(t, "crossLaunch", nil) }
	forged := func() string {
		token := good()
		return token[:strings.LastIndexByte(token, '.')+1] + strings.Repeat("A", 86)
	}
	used := good()
	if response := post(t, f.assign, "digital_signage", with(none, used)); response.StatusCode != 200 {
		t.Fatalf("%+v", response)
	}
	stranger, moved := f.cloud.AddOrganization("Stranger", "us-west-2_r"), f.cloud.AddOrganization("Moved", "us-west-2_r")
	f.store.regions[moved.ID()] = "eu-central-1_k"
	mintFor := func(org *webextest.Organization) string {
		token, err := f.cloud.MintAction(org.ID(), "crossLaunch", nil)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	signed := func(region string, changes map[string]any) string {
		return f.cloud.Sign(region, nil, f.claims(changes))
	}
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"x"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x"}`)) + "."

	tests := []struct {
		name    string
		feature string // default digital_signage
		body    any
		status  int
		code    string
	}{
		{"no JSON", "", "nonsense", 400, "malformed_request"},
		{"no token", "", `{"devices":[]}`, 400, "malformed_request"},
		{"not a token", "", with(none, "nonsense"), 400, "malformed_request"},
		{"devices are no list", "", with(map[string]any{"devices": "d"}, good()), 400, "malformed_request"},
		{"claims lack the time", "", with(none, signed("us-west-2_r", map[string]any{"iat": nil})), 400, "malformed_request"},
		{"unsigned", "", with(none, unsigned), 401, "bad_algorithm"},
		{"untrusted region", "", with(none, signed("us-east-1_int13", nil)), 401, "unknown_key"},
		{"forged", "", with(none, forged()), 401, "bad_signature"},
		{"old", "", with(none, signed("us-west-2_r", map[string]any{"iat": f.now.Add(-time.Hour).Unix()})), 401, "token_expired"},
		{"early", "", with(none, signed("us-west-2_r", map[string]any{"iat": f.now.Add(time.Hour).Unix()})), 401, "token_not_yet_valid"},
		{"another integration", "", with(none, signed("us-west-2_r", map[string]any{"appId": "x"})), 403, "wrong_app"},
		{"another action", "", with(none, f.mint(t, "healthCheck", nil)), 400, "wrong_action"},
		{"untrusted address", "", with(none, signed("us-west-2_r", map[string]any{"appUrl": "https://evil.example.com/"})), 400, "untrusted_url"},
		{"another task in the body", "", with(map[string]any{"task": "manage_content"}, good()), 400, "wrong_action"},
		{"another task in the token", "", with(none, f.mint(t, "crossLaunch", map[string]any{"task": "manage_content"})), 400, "wrong_action"},
		{"feature not provided", "persistent_web_app", with(none, good()), 404, "feature_not_provided"},
		{"unknown feature", "nonsense", with(none, good()), 404, "feature_not_provided"},
		{"too many devices", "", with(map[string]any{"devices": many}, good()), 413, "too_many_devices"},
		{"device without an id", "", with(map[string]any{"devices": []any{nil}}, good()), 400, "malformed_request"},
		{"device with a long name", "", with(map[string]any{"devices": []any{map[string]any{"deviceId": "d", "displayName": strings.Repeat("x", 513)}}}, good()), 400, "malformed_request"},
		{"not a customer", "", with(none, mintFor(stranger)), 404, "unknown_installation"},
		{"another region's key", "", with(none, mintFor(moved)), 401, "unknown_key"},
		{"replayed", "", with(none, used), 409, "token_replayed"},

		// A stranger without a signature learns nothing of what is behind it.
		{"forged, feature not provided", "persistent_web_app", with(none, forged()), 401, "bad_signature"},
		{"forged, too many devices", "", with(map[string]any{"devices": many, "task": "manage_content"}, forged()), 401, "bad_signature"},
	}
	stored := len(f.store.stored)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.feature == "" {
				test.feature = "digital_signage"
			}
			checkProblem(t, post(t, f.assign, test.feature, test.body), test.status, test.code)
			if len(f.store.stored) != stored {
				t.Error("a launch was stored")
			}
		})
	}
}

func checkProblem(t *testing.T, response events.APIGatewayV2HTTPResponse, status int, code string) {
	t.Helper()
	var problem gateway.Problem
	if err := json.Unmarshal([]byte(response.Body), &problem); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status || problem.Status != status || problem.Code != code || problem.Detail == "" {
		t.Errorf("got %d %s, want %d %s", response.StatusCode, response.Body, status, code)
	}
}

func TestCrossLaunchWhenSomethingIsDown(t *testing.T) {
	f := newFixture(t)
	f.store.err = context.DeadlineExceeded
	checkProblem(t, post(t, f.assign, "digital_signage", map[string]any{"jwt": f.mint(t, "crossLaunch", nil)}), 500, "internal")

	// Webex's key sets cannot be had: a fresh process cannot check anything.
	dead := newFixture(t)
	urls := map[string]string{"us-west-2_r": "http://127.0.0.1:1/jwks"}
	verifier, err := webex.NewVerifier(dead.cloud.AppID(), webex.NewKeySets(urls, nil, time.Now), webex.Hosts{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	handler := gateway.Handle(slog.New(slog.DiscardHandler), time.Now, crosslaunch.Serve(verifier, nil, webex.AssignContent, time.Now))
	checkProblem(t, post(t, handler, "digital_signage", map[string]any{"jwt": dead.mint(t, "crossLaunch", nil)}), 503, "webex_unavailable")
}

func TestRedirectIsAURL(t *testing.T) {
	f := newFixture(t)
	response := post(t, f.assign, "digital_signage", map[string]any{"jwt": f.mint(t, "crossLaunch", nil)})
	var answer map[string]string
	if err := json.Unmarshal([]byte(response.Body), &answer); err != nil || len(answer) != 1 {
		t.Fatalf("%s: %v", response.Body, err)
	}
	u, err := url.Parse(answer["redirectUrl"])
	if err != nil || u.Query().Get("a") != "1" || len(u.Query().Get("launch")) != 43 {
		t.Errorf("%v, %v", u, err)
	}
}
