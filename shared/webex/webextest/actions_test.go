package webextest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/webex/webextest"
)

// integration is the product's side: it records what Webex posts.
type integration struct {
	url string

	mu     sync.Mutex
	posted []map[string]any
	answer string
	status int
}

func newIntegration(t *testing.T) *integration {
	i := &integration{answer: `{}`, status: 200}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body := map[string]any{"path": r.URL.Path}
		_ = json.Unmarshal(raw, &body)
		i.mu.Lock()
		defer i.mu.Unlock()
		i.posted = append(i.posted, body)
		w.WriteHeader(i.status)
		_, _ = io.WriteString(w, i.answer)
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

func (i *integration) answers(status int, body string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status, i.answer = status, body
}

// received returns and forgets what was posted.
func (i *integration) received() []map[string]any {
	i.mu.Lock()
	defer i.mu.Unlock()
	posted := i.posted
	i.posted = nil
	return posted
}

// only returns the claims of the one action that was posted.
func (i *integration) only(t *testing.T) (map[string]any, string) {
	t.Helper()
	posted := i.received()
	if len(posted) != 1 {
		t.Fatalf("%d posts", len(posted))
	}
	token := posted[0]["jwt"].(string)
	_, claims := claimsOf(t, token)
	return claims, token
}

// provisioned is a cloud whose customer has an integration that listens.
func provisioned(t *testing.T) (*fixture, activated, *integration) {
	t.Helper()
	i := newIntegration(t)
	f := setup(t, webextest.Options{ProvisioningURL: i.url + "/activation"})
	a := f.activate()
	r := send(t, "PATCH", a.app, "application/json", a.access, `{"provisioningState":"completed","actionsUrl":"`+i.url+`/actions"}`)
	if r.status != 200 {
		t.Fatalf("PATCH: %s", r.raw)
	}
	return f, a, i
}

func TestActivateOverHTTPS(t *testing.T) {
	f, _, i := provisioned(t)
	i.answers(201, "hello")
	reply, err := f.Activate(t.Context(), f.org)
	if err != nil || reply.Status != 201 || string(reply.Body) != "hello" || !strings.HasSuffix(reply.URL, "/activation") {
		t.Fatalf("%+v %v", reply, err)
	}
	claims, token := i.only(t)
	if claims["action"] != "provision" || token != reply.JWT {
		t.Errorf("posted %v", claims)
	}
	manual := setup(t, webextest.Options{})
	if _, err := manual.Activate(t.Context(), manual.org); !errors.Is(err, webextest.ErrNoProvisioningURL) {
		t.Errorf("without a provisioning URL: %v", err)
	}
}

func TestApproveUpdate(t *testing.T) {
	f, a, i := provisioned(t)
	f.put(a.pwa, a.access, pwaBody)
	if _, err := f.ApproveUpdate(t.Context(), f.org, nil); err != nil {
		t.Fatal(err)
	}
	claims, token := i.only(t)
	if claims["manifestVersion"] != 2.0 || claims["signageUrl"] != a.signage || claims["pwaUrl"] != a.pwa || claims["region"] != nil || !f.verifies(west, token) {
		t.Errorf("claims %v", claims)
	}
	if _, err := f.ApproveUpdate(t.Context(), f.org, []string{webextest.DigitalSignage}); err != nil {
		t.Fatal(err)
	}
	claims, _ = i.only(t)
	if _, offered := claims["pwaUrl"]; offered || claims["manifestVersion"] != 3.0 {
		t.Errorf("claims %v", claims)
	}
	if _, stored := f.Configuration(f.org, webextest.PersistentWebApp); stored {
		t.Error("the configuration of a dropped feature is kept")
	}
}

func TestHealthCheck(t *testing.T) {
	f, _, i := provisioned(t)
	i.answers(200, `{"operationalState":"impaired","tokensState":"valid"}`)
	if _, err := f.HealthCheck(t.Context(), f.org); err != nil {
		t.Fatal(err)
	}
	if view, _ := f.Installation(f.org); view.OperationalState != "impaired" || view.TokensState != "valid" {
		t.Errorf("%+v", view)
	}
	if claims, _ := i.only(t); claims["action"] != "healthCheck" {
		t.Errorf("claims %v", claims)
	}
}

func TestDeprovision(t *testing.T) {
	f, a, i := provisioned(t)
	if _, err := f.Deprovision(t.Context(), f.org); err != nil {
		t.Fatal(err)
	}
	if claims, _ := i.only(t); claims["action"] != "deprovision" {
		t.Errorf("claims %v", claims)
	}
	if r := send(t, "GET", a.app, "", a.access, ""); r.status != 401 {
		t.Errorf("GET: %d", r.status)
	}
	if _, installed := f.Installation(f.org); installed || f.RefreshToken(f.org) != "" {
		t.Error("still installed")
	}
	if _, err := f.Deprovision(t.Context(), f.org); !errors.Is(err, webextest.ErrNotInstalled) {
		t.Errorf("again: %v", err)
	}
}

func TestMove(t *testing.T) {
	for _, test := range []struct {
		name       string
		options    webextest.MoveOptions
		signer     string
		newRefresh bool
		oldStatus  int
	}{
		{"signed by the new region", webextest.MoveOptions{}, europe, false, 410},
		{"signed by the old region", webextest.MoveOptions{SignedBy: "old", OldStatus: 404}, west, false, 404},
		{"with a new refresh token", webextest.MoveOptions{NewRefreshToken: true}, europe, true, 410},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, a, i := provisioned(t)
			f.put(a.signage, a.access, signageBody)
			if _, err := f.Move(t.Context(), f.org, europe, test.options); err != nil {
				t.Fatal(err)
			}
			claims, token := i.only(t)
			text := func(name string) string { s, _ := claims[name].(string); return s }
			if !f.verifies(test.signer, token) || claims["action"] != "update" || claims["region"] != europe {
				t.Errorf("claims %v", claims)
			}
			org, _ := f.Organization(f.org)
			if org.Region() != europe || org.Sub() != claims["sub"] || claims["sub"] == a.claims["sub"] {
				t.Errorf("sub %v", claims["sub"])
			}
			for _, name := range []string{"appUrl", "oauthUrl", "signageUrl", "pwaUrl", "manifestUrl", "webexapisBaseUrl"} {
				if !strings.HasPrefix(text(name), f.BaseURL()+"/"+europe+"/") {
					t.Errorf("%s = %v", name, text(name))
				}
			}
			if r := send(t, "GET", a.signage, "", a.access, ""); r.status != test.oldStatus {
				t.Errorf("old address: %d", r.status)
			}
			if r := send(t, "GET", text("signageUrl"), "", a.access, ""); r.status != 401 {
				t.Errorf("old access token: %d", r.status)
			}
			refresh := a.refresh
			if test.newRefresh {
				refresh = text("refreshToken")
				if f.exchange(text("oauthUrl"), a.refresh).json["error"] != "invalid_grant" {
					t.Error("the old refresh token is still valid")
				}
			} else if refresh == "" || claims["refreshToken"] != nil {
				t.Errorf("an unexpected refresh token")
			}
			access := f.accessToken(text("oauthUrl"), refresh)
			if r := send(t, "GET", text("signageUrl"), "", access, ""); r.status != 200 {
				t.Errorf("the configuration was not carried over: %d", r.status)
			}
		})
	}
}

func TestMovingBackAndWrongMoves(t *testing.T) {
	f, a, _ := provisioned(t)
	for _, region := range []string{europe, west} {
		if _, err := f.MintMove(f.org, region, webextest.MoveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if r := send(t, "GET", a.app, "", f.accessToken(a.oauth, a.refresh), ""); r.status != 200 {
		t.Errorf("moved back: %d", r.status)
	}
	for name, err := range map[string]error{
		"nowhere":      second(f.MintMove(f.org, "nowhere", webextest.MoveOptions{})),
		"same region":  second(f.MintMove(f.org, west, webextest.MoveOptions{})),
		"wrong signer": second(f.MintMove(f.org, east, webextest.MoveOptions{SignedBy: "x"})),
		"nobody":       second(f.MintMove("x", east, webextest.MoveOptions{})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestLostRepeatedAndReorderedActions(t *testing.T) {
	f, _, i := provisioned(t)
	f.DropNextAction(f.org)
	if n := f.ActionsToDrop(f.org); n != 1 {
		t.Errorf("%d actions are to be lost", n)
	}
	if reply, err := f.HealthCheck(t.Context(), f.org); err != nil || !reply.Dropped || len(i.received()) != 0 {
		t.Errorf("not lost: %+v %v", reply, err)
	}
	f.DuplicateNextAction(f.org)
	reply, err := f.HealthCheck(t.Context(), f.org)
	if posted := i.received(); err != nil || reply.Repeated == nil || len(posted) != 2 || posted[0]["jwt"] != posted[1]["jwt"] {
		t.Errorf("not repeated: %+v %v", reply, err)
	}
	f.HoldActions()
	for range 3 {
		if reply, err := f.ApproveUpdate(t.Context(), f.org, nil); err != nil || !reply.Held {
			t.Errorf("not held: %+v %v", reply, err)
		}
	}
	if len(i.received()) != 0 {
		t.Error("posted while held")
	}
	replies, err := f.ReleaseActions(2, 0, 2)
	var versions []any
	for _, body := range i.received() {
		_, claims := claimsOf(t, body["jwt"].(string))
		versions = append(versions, claims["manifestVersion"])
	}
	if diff := cmp.Diff([]any{4.0, 2.0, 4.0}, versions); diff != "" || err != nil || len(replies) != 3 {
		t.Errorf("versions (-want +got):\n%s %v", diff, err)
	}
	if reply, err := f.ApproveUpdate(t.Context(), f.org, nil); err != nil || reply.Status != 200 {
		t.Errorf("after the release: %+v %v", reply, err)
	}
	if _, err := f.ReleaseActions(0); err == nil {
		t.Error("released what was not held")
	}
}

func TestActionsThatCannotBeDelivered(t *testing.T) {
	f, a := setupActivated(t)
	if _, err := f.ApproveUpdate(t.Context(), f.org, nil); !errors.Is(err, webextest.ErrNoActionsURL) {
		t.Errorf("without an actionsUrl: %v", err)
	}
	send(t, "PATCH", a.app, "application/json", a.access, `{"actionsUrl":"http://127.0.0.1:1/actions"}`)
	if _, err := f.HealthCheck(t.Context(), f.org); err == nil {
		t.Error("no error although nothing listens")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.HealthCheck(canceled, f.org); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestCrossLaunch(t *testing.T) {
	f, a, i := provisioned(t)
	board := f.AddDevice(f.org, webextest.Device{Name: "Board"})
	launch := func(task string, devices ...string) (webextest.Reply, error) {
		return f.CrossLaunch(t.Context(), f.org, webextest.DigitalSignage, task, devices)
	}
	if _, err := launch(webextest.TaskAssignContent); !errors.Is(err, webextest.ErrNoCrossLaunch) {
		t.Errorf("without a configuration: %v", err)
	}
	f.put(a.signage, a.access, strings.ReplaceAll(signageBody, "https://api.example.com", i.url))
	i.answers(200, `{"redirectUrl":"https://content.example.com/?launch=1"}`)
	reply, err := launch(webextest.TaskAssignContent, board.ID, "elsewhere")
	if err != nil || reply.RedirectURL != "https://content.example.com/?launch=1" {
		t.Fatalf("%+v %v", reply, err)
	}
	body := i.received()[0]
	_, claims := claimsOf(t, body["jwt"].(string))
	if claims["action"] != "crossLaunch" || len(claims) != 5 || !f.verifies(west, reply.JWT) {
		t.Errorf("claims %v", claims)
	}
	delete(body, "jwt")
	want := map[string]any{"path": "/a", "task": "assign_content", "devices": []any{
		map[string]any{"deviceId": board.ID, "displayName": "Board"}, map[string]any{"deviceId": "elsewhere"},
	}}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if _, err := launch("manageContent"); err != nil || i.received()[0]["path"] != "/m" {
		t.Errorf("manageContent: %v", err)
	}
	if _, err := launch("deleteContent"); err == nil {
		t.Error("an unknown task")
	}
	for _, answer := range []string{`{}`, `{"redirectUrl":"javascript:x"}`, `no JSON`} {
		i.answers(200, answer)
		if _, err := launch(webextest.TaskManageContent); err == nil {
			t.Errorf("%s: redirectUrl is required", answer)
		}
	}
	i.answers(404, `{}`)
	if reply, err := launch(webextest.TaskManageContent); err != nil || reply.Status != 404 {
		t.Errorf("%+v %v", reply, err)
	}
}
