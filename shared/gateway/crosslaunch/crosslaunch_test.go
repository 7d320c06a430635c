package crosslaunch_test

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/secret"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// store keeps launches as the real one does, without a table.
type store struct {
	appID   string            // of all installations
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
	case !known || l.AppID != s.appID:
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

// fixture is a deployment with a store in memory, at a fixed time.
type fixture struct {
	*deployment
	store *store
	now   time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{store: &store{used: map[string]bool{}}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	f.deployment = deploy(t, f.store, func() time.Time { return f.now }, nil)
	f.store.appID = f.cloud.AppID()
	f.store.regions = map[string]string{f.org.ID(): f.org.Region()}
	return f
}

func TestCrossLaunch(t *testing.T) {
	f := newFixture(t)
	devices := []map[string]any{{"deviceId": "b", "displayName": "Büro"}, {"deviceId": "a"}, {"deviceId": "b", "displayName": nil, "x": 1}}
	response := post(t, f.assign, "digital_signage", f.body(t, map[string]any{"devices": devices, "task": "assign_content"}))
	code := codeOf(t, response)
	if len(f.store.stored) != 1 || f.store.stored[0].ID != secret.CodeID(code) {
		t.Fatalf("code %s, stored %+v", code, f.store.stored)
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

	codeOf(t, post(t, f.manage, "digital_signage", f.body(t, nil)))
	if f.store.stored[1].Task != webex.ManageContent || len(f.store.stored[1].Devices) != 0 {
		t.Errorf("manage content: %+v", f.store.stored[1])
	}
}

func TestCrossLaunchRefuses(t *testing.T) {
	f := newFixture(t)
	many := make([]map[string]string, launch.MaxDevices+1)
	for i := range many {
		many[i] = map[string]string{"deviceId": "d"}
	}
	jwt := func(token string) map[string]any { return map[string]any{"jwt": token} }
	claim := func(name string, value any) map[string]any {
		return jwt(f.mint(t, "crossLaunch", map[string]any{name: value}))
	}
	with := func(name string, value any) map[string]any { return f.body(t, map[string]any{name: value}) }
	good := f.mint(t, "crossLaunch", nil)
	forged := good[:strings.LastIndexByte(good, '.')+1] + strings.Repeat("A", 86)
	codeOf(t, post(t, f.assign, "digital_signage", jwt(good)))
	stranger, moved := f.cloud.AddOrganization("Stranger", "us-west-2_r"), f.cloud.AddOrganization("Moved", "us-west-2_r")
	f.store.regions[moved.ID()] = "eu-central-1_k"
	of := func(org *webextest.Organization) map[string]any { return claim("sub", org.Sub()) }
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"x"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x"}`)) + "."

	stored := len(f.store.stored)
	for _, test := range []struct {
		name    string
		feature string // default digital_signage
		body    any
		status  int
		code    string
	}{
		{"no JSON", "", "nonsense", 400, "malformed_request"},
		{"no token", "", `{"devices":[]}`, 400, "malformed_request"},
		{"not a token", "", jwt("nonsense"), 400, "malformed_request"},
		{"devices are no list", "", with("devices", "d"), 400, "malformed_request"},
		{"claims lack the time", "", claim("iat", nil), 400, "malformed_request"},
		{"unsigned", "", jwt(unsigned), 401, "bad_algorithm"},
		{"untrusted region", "", jwt(f.cloud.Sign("us-east-1_int13", nil, map[string]any{"sub": f.org.Sub()})), 401, "unknown_key"},
		{"forged", "", jwt(forged), 401, "bad_signature"},
		{"old", "", claim("iat", f.now.Add(-time.Hour).Unix()), 401, "token_expired"},
		{"early", "", claim("iat", f.now.Add(time.Hour).Unix()), 401, "token_not_yet_valid"},
		{"another integration", "", claim("appId", "x"), 403, "wrong_app"},
		{"another integration with our id in it", "", claim("appId", "x#"+f.cloud.AppID()), 403, "wrong_app"},
		{"another integration, another action", "", jwt(f.mint(t, "healthCheck", map[string]any{"appId": "x"})), 403, "wrong_app"},
		{"another integration, feature not provided", "nonsense", claim("appId", "x"), 403, "wrong_app"},
		{"another integration, too many devices", "", map[string]any{"jwt": f.mint(t, "crossLaunch", map[string]any{"appId": "x"}), "devices": many}, 403, "wrong_app"},
		{"another action", "", jwt(f.mint(t, "healthCheck", nil)), 400, "wrong_action"},
		{"untrusted address", "", claim("appUrl", "https://evil.example.com/"), 400, "untrusted_url"},
		{"another task in the body", "", with("task", "manage_content"), 400, "wrong_action"},
		{"another task in the token", "", claim("task", "manage_content"), 400, "wrong_action"},
		{"feature not provided", "persistent_web_app", f.body(t, nil), 404, "feature_not_provided"},
		{"unknown feature", "nonsense", f.body(t, nil), 404, "feature_not_provided"},
		{"too many devices", "", with("devices", many), 413, "too_many_devices"},
		{"device without an id", "", with("devices", []any{nil}), 400, "malformed_request"},
		{"device with a long name", "", with("devices", []any{map[string]any{"deviceId": "d", "displayName": strings.Repeat("x", 513)}}), 400, "malformed_request"},
		{"not a customer", "", of(stranger), 404, "unknown_installation"},
		{"another region's key", "", of(moved), 401, "unknown_key"},
		{"replayed", "", jwt(good), 409, "token_replayed"},

		// Without a valid signature, the answer says nothing else.
		{"forged, feature not provided", "persistent_web_app", jwt(forged), 401, "bad_signature"},
		{"forged, too many devices", "", map[string]any{"jwt": forged, "devices": many, "task": "manage_content"}, 401, "bad_signature"},
	} {
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

func TestCrossLaunchWhenSomethingIsDown(t *testing.T) {
	f := newFixture(t)
	f.store.err = context.DeadlineExceeded
	checkProblem(t, post(t, f.assign, "digital_signage", f.body(t, nil)), 500, "internal")

	// Without Webex's key sets, a new process cannot verify anything.
	urls := map[string]string{"us-west-2_r": "http://127.0.0.1:1/jwks"}
	verifier, err := webex.NewVerifier(webex.OneApp(f.cloud.AppID()), webex.NewKeySets(urls, nil, time.Now), webex.Hosts{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	handler := gateway.Handle(slog.New(slog.DiscardHandler), time.Now, crosslaunch.Serve(verifier, nil, webex.AssignContent, time.Now))
	checkProblem(t, post(t, handler, "digital_signage", f.body(t, nil)), 503, "webex_unavailable")
}
