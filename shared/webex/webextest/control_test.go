package webextest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

// ask calls the control API and decodes the answer.
func ask[T any](f *fixture, method, path, body string) (answer T) {
	f.Helper()
	r := send(f.T, method, f.BaseURL()+"/_control/"+path, "application/json", "", body)
	if r.status != 200 {
		f.Fatalf("%s %s: %d %s", method, path, r.status, r.raw)
	}
	if err := json.Unmarshal(r.raw, &answer); err != nil {
		f.Fatal(err)
	}
	return answer
}

type object = map[string]any

func TestControlTellsTheStoryOfOneCustomer(t *testing.T) {
	i := newIntegration(t)
	f := setup(t, webextest.Options{ProvisioningURL: i.url + "/activation"})
	state := ask[object](f, "GET", "state", "")
	if state["clientSecret"] != f.ClientSecret() || len(state["jwksUrls"].(object)) != 4 {
		t.Errorf("state %v", state)
	}
	id := ask[object](f, "POST", "organizations", `{"name":"New","region":"`+east+`"}`)["id"].(string)
	org := "organizations/" + id + "/"
	if len(ask[[]object](f, "GET", "organizations", "")) != 2 {
		t.Error("not two organizations")
	}
	ask[object](f, "POST", org+"activate", "")
	i.only(t)
	_, claims := claimsOf(t, ask[object](f, "POST", org+"mint", "")["jwt"].(string))
	access := f.accessToken(claims["oauthUrl"].(string), ask[object](f, "GET", org+"refreshToken", "")["refreshToken"].(string))
	send(t, "PATCH", claims["appUrl"].(string), "", access, `{"provisioningState":"completed","actionsUrl":"`+i.url+`/actions"}`)
	f.put(claims["signageUrl"].(string), access, strings.ReplaceAll(signageBody, "https://api.example.com", i.url))
	if n := ask[map[string]int](f, "GET", org+"pushes", "")["digital_signage"]; n != 1 {
		t.Errorf("%d pushes", n)
	}
	devices := ask[[]webextest.Device](f, "POST", org+"devices", `{"count":3,"model":"Cisco Board Pro"}`)
	if all := ask[[]webextest.Device](f, "GET", org+"devices", ""); len(all) != 8 {
		t.Errorf("%d devices", len(all))
	}
	if u := ask[object](f, "GET", org+"deviceUrl?device="+devices[0].ID, "")["url"].(string); !strings.Contains(u, devices[0].ID) {
		t.Errorf("device URL %s", u)
	}
	i.answers(200, `{"redirectUrl":"https://content.example.com/"}`)
	launched := ask[object](f, "POST", org+"crossLaunch", `{"feature":"digital_signage","task":"assign_content","deviceIds":["`+devices[0].ID+`"]}`)
	if launched["redirectUrl"] != "https://content.example.com/" || launched["body"].(object)["redirectUrl"] == nil {
		t.Errorf("launch %v", launched)
	}
	i.received()
	for _, button := range []string{"approveUpdate", "healthCheck"} {
		if reply := ask[object](f, "POST", org+button, ""); reply["status"] != 200.0 {
			t.Errorf("%s: %v", button, reply)
		}
	}
	ask[object](f, "POST", org+"move", `{"region":"`+europe+`","signedBy":"old","newRefreshToken":true}`)
	if view := ask[object](f, "GET", "organizations/"+id, ""); view["region"] != europe || view["installation"].(object)["provisioningState"] != "completed" {
		t.Errorf("moved: %v", view)
	}
	if r := send(t, "DELETE", f.BaseURL()+"/_control/organizations/"+id, "", "", ""); r.status != 409 {
		t.Errorf("removed while the integration is installed: %d %s", r.status, r.raw)
	}
	ask[object](f, "POST", org+"deprovision", "")
	if n := len(i.received()); n != 4 {
		t.Errorf("%d actions", n)
	}
	ask[object](f, "DELETE", "organizations/"+id, "")
	if _, ok := f.Organization(id); ok {
		t.Error("the organization was not removed")
	}
}

func TestControlOfConfigurationsActionsAndTokens(t *testing.T) {
	f, a, i := provisioned(t)
	org := "organizations/" + f.org + "/"
	ask[object](f, "PUT", org+"configurations/digital_signage", signageBody)
	if got := ask[object](f, "GET", org+"configurations/digital_signage", ""); got["signageUrl"] == nil {
		t.Errorf("configuration %v", got)
	}
	ask[object](f, "DELETE", org+"configurations/digital_signage", "")
	if _, stored := f.Configuration(f.org, webextest.DigitalSignage); stored {
		t.Error("still stored")
	}
	ask[object](f, "POST", org+"dropNextAction", "")
	ask[object](f, "POST", org+"healthCheck", "")
	ask[object](f, "POST", org+"duplicateNextAction", "")
	if reply := ask[object](f, "POST", org+"healthCheck", ""); reply["repeated"] == nil || len(i.received()) != 2 {
		t.Errorf("repeated: %v", reply)
	}
	ask[object](f, "POST", "actions/hold", "")
	ask[object](f, "POST", org+"healthCheck", "")
	if replies := ask[[]object](f, "POST", "actions/release", `{"order":[0,0]}`); len(replies) != 2 || len(i.received()) != 2 {
		t.Errorf("released: %v", replies)
	}
	ask[object](f, "POST", "rotateRefreshTokens", `{"on":true}`)
	if f.exchange(a.oauth, a.refresh).json["refresh_token"] == a.refresh {
		t.Error("not rotating")
	}
	ask[object](f, "POST", org+"revokeRefreshToken", "")
	ask[object](f, "POST", org+"revokeAccessTokens", "")
	if r := send(t, "GET", a.app, "", a.access, ""); r.status != 401 || f.exchange(a.oauth, a.refresh).status != 400 {
		t.Errorf("not revoked: %d", r.status)
	}
	ask[object](f, "POST", org+"scopes", `{"scopes":["x"]}`)
	if view, _ := f.Installation(f.org); len(view.Scopes) != 1 {
		t.Errorf("scopes %v", view.Scopes)
	}
	minted := ask[object](f, "POST", org+"mintAction", `{"action":"crossLaunch","extra":{"task":"x"}}`)["jwt"].(string)
	signed := ask[object](f, "POST", "sign", `{"region":"`+west+`","alg":"RS256","header":{"x":1},"claims":{"y":2}}`)["jwt"].(string)
	if !f.verifies(west, minted) || !f.verifies(west, signed) {
		t.Error("tokens do not verify")
	}
	ask[object](f, "POST", "regions/"+west+"/rotateKeys", "")
	ask[object](f, "POST", "regions/"+west+"/pruneKeys", "")
	if f.verifies(west, minted) {
		t.Error("keys not pruned")
	}
}

func TestControlOfFaultsAndRequests(t *testing.T) {
	f := setup(t, webextest.Options{})
	ask[object](f, "POST", "faults", `{"kind":"jwks","status":503,"retryAfter":"3","delayMillis":1}`)
	if faults := ask[[]object](f, "GET", "faults", ""); len(faults) != 1 || faults[0]["delayMillis"] != 1.0 || faults[0]["status"] != 503.0 {
		t.Errorf("faults %v", faults)
	}
	if r := send(t, "GET", f.JWKSURLs()[west], "", "", ""); r.status != 503 || r.header.Get("Retry-After") != "3" {
		t.Errorf("%d", r.status)
	}
	ask[object](f, "DELETE", "faults", "")
	send(t, "GET", f.JWKSURLs()[west], "", "", "hello")
	requests := ask[[]object](f, "GET", "requests", "")
	if len(requests) != 2 || requests[0]["status"] != 503.0 || requests[1]["kind"] != "jwks" || requests[1]["body"] != "hello" {
		t.Errorf("requests %v", requests)
	}
	ask[object](f, "DELETE", "requests", "")
	if len(f.Requests()) != 0 {
		t.Error("not emptied")
	}
}

func TestControlErrors(t *testing.T) {
	f := setup(t, webextest.Options{})
	org := "organizations/" + f.org + "/"
	for _, test := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "nothing", "", 404},
		{"POST", "organizations/x/mint", "", 404},
		{"POST", "organizations", `{}`, 400},
		{"POST", "organizations", `{"name":"n","region":"nowhere"}`, 400},
		{"POST", "organizations", `{"nome":"n"}`, 400},
		{"POST", "organizations", `{`, 400},
		{"POST", org + "activate", "", 409},
		{"POST", org + "approveUpdate", "", 409},
		{"POST", org + "crossLaunch", `{"feature":"digital_signage","task":"assign_content"}`, 409},
		{"PUT", org + "configurations/digital_signage", `{}`, 409},
		{"PUT", org + "configurations/x", `{}`, 404},
		{"GET", org + "configurations/x", "", 404},
		{"GET", org + "deviceUrl", "", 404},
		{"POST", org + "devices", `{"count":-1}`, 400},
		{"POST", "regions/nowhere/rotateKeys", "", 404},
		{"POST", "sign", `{"region":"nowhere"}`, 404},
		{"POST", "sign", `{"region":"` + west + `","alg":"HS256"}`, 400},
		{"POST", "faults", `{"status":99}`, 400},
	} {
		r := send(t, test.method, f.BaseURL()+"/_control/"+test.path, "", "", test.body)
		if message, _ := r.json["error"].(string); r.status != test.status || message == "" {
			t.Errorf("%s %s %s: %d %s, want %d", test.method, test.path, test.body, r.status, r.raw, test.status)
		}
	}
	if _, err := f.MintActivation(f.org); err != nil {
		t.Fatal(err)
	}
	f.SetConfiguration(f.org, webextest.DigitalSignage, object{"crossLaunch": object{"assignContent": object{"url": "http://127.0.0.1:1"}}})
	r := send(t, "POST", f.BaseURL()+"/_control/"+org+"crossLaunch", "", "", `{"feature":"digital_signage","task":"assign_content"}`)
	if r.status != 502 {
		t.Errorf("an integration that does not listen: %d %s", r.status, r.raw)
	}
}

func TestControlIsForThisMachineOnly(t *testing.T) {
	c := webextest.NewCloud(webextest.Options{})
	for _, test := range []struct {
		method, path, host, site, origin string
		status                           int
	}{
		{"GET", "/_control/state", "127.0.0.1:3001", "", "", 200},
		{"GET", "/_control/state", "localhost:3001", "same-origin", "", 200},
		{"GET", "/_control/state", "[::1]:3001", "none", "", 200},
		{"GET", "/_control/state", "[::1]", "", "", 200},
		{"GET", "/_control/state", "127.0.0.1:3001", "cross-site", "", 403},
		{"GET", "/_control/state", "127.0.0.1:3001", "same-site", "", 403},
		{"GET", "/_control/state", "evil.example.com:3001", "", "", 403},
		{"GET", "/_control/state", "127.0.0.1.evil.example.com", "", "", 403},
		{"GET", "/_control/state", "192.168.1.7:3001", "", "", 403},
		{"GET", "/_control/state", "127.0.0.1:3001", "", "http://127.0.0.1:3000", 403},
		{"GET", "/_control/state", "127.0.0.1:3001", "", "http://127.0.0.1:3001", 200},
	} {
		request := httptest.NewRequest(test.method, "http://x"+test.path, nil)
		request.Host = test.host
		request.Header = http.Header{"Sec-Fetch-Site": {test.site}, "Origin": {test.origin}}
		response := httptest.NewRecorder()
		c.ServeHTTP(response, request)
		if response.Code != test.status {
			t.Errorf("%+v: %d", test, response.Code)
		}
	}
}
