package webextest_test

import (
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

func TestControlOfIntegrations(t *testing.T) {
	f := setup(t, webextest.Options{})
	org := "organizations/" + f.org + "/"
	uploaded := ask[object](f, "POST", org+"integrations", string(manifestWith(t, nil)))
	clientID, secret := uploaded["clientId"].(string), uploaded["clientSecret"].(string)
	list := ask[[]object](f, "GET", org+"integrations", "")
	if len(list) != 2 || list[0]["appId"] != f.AppID() || list[1]["clientId"] != clientID || list[1]["clientSecret"] != nil || list[1]["orgId"] != f.org {
		t.Fatalf("integrations %v", list)
	}
	const query = "?appId=" + testAppID
	_, claims := claimsOf(t, ask[object](f, "POST", org+"mint"+query, "")["jwt"].(string))
	refresh := ask[object](f, "GET", org+"refreshToken"+query, "")["refreshToken"].(string)
	if claims["appId"] != testAppID || claims["refreshToken"] != refresh {
		t.Errorf("activation code %v", claims)
	}
	if r := f.exchangeAs(clientID, secret, refresh); r.status != 200 {
		t.Errorf("exchange: %d %s", r.status, r.raw)
	}
	const signage = "configurations/" + webextest.DigitalSignage
	ask[object](f, "PUT", org+signage+query, `{"signageUrl":"https://test/"}`)
	ask[object](f, "POST", org+"scopes"+query, `{"scopes":["one"]}`)
	test, found := ask[object](f, "GET", "organizations/"+f.org+query, ""), ask[object](f, "GET", org+signage+query, "")
	if scopes := test["installation"].(object)["scopes"].([]any); len(scopes) != 1 || found["signageUrl"] != "https://test/" || len(test["configurations"].(object)) != 1 {
		t.Errorf("%v, configuration %v", test, found)
	}
	if other := ask[object](f, "GET", "organizations/"+f.org, ""); other["installation"] != nil || len(other["configurations"].(object)) != 0 {
		t.Errorf("the default integration has %v", other)
	}
	if _, claims := claimsOf(t, ask[object](f, "POST", org+"mintAction"+query, `{"action":"healthCheck"}`)["jwt"].(string)); claims["appId"] != testAppID {
		t.Errorf("action token %v", claims)
	}
	if pushes := ask[map[string]int](f, "GET", org+"pushes"+query, ""); pushes[webextest.DigitalSignage] != 0 {
		t.Errorf("pushes %v", pushes)
	}
	for _, path := range []string{"revokeAccessTokens", "revokeRefreshToken"} {
		ask[object](f, "POST", org+path+query, "")
	}
	if r := f.exchangeAs(clientID, secret, refresh); r.json["error"] != "invalid_grant" {
		t.Errorf("the revoked token: %s", r.raw)
	}
}

func TestControlErrorsOfIntegrations(t *testing.T) {
	f := setup(t, webextest.Options{})
	i := f.uploaded(f.org, nil)
	org := "organizations/" + f.org + "/"
	const query = "?appId=" + testAppID
	if _, err := f.MintActivation(f.org); err != nil { // the default one does not count
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", org + "integrations", "", 400, "not a JSON object"},
		{"POST", org + "integrations", "[]", 400, "not a JSON object"},
		{"POST", org + "integrations", string(manifestWith(t, object{"id": nil, "vendor": nil})), 400, "id must be a UUID: generate one, and keep it in later versions\nvendor must"},
		{"POST", org + "integrations", string(manifestWith(t, nil)), 400, "use a higher number"},
		{"POST", "organizations/x/integrations", string(manifestWith(t, nil)), 404, "no organization"},
		{"DELETE", org + "integrations?appId=x", "", 404, `no integration "x"`},
		{"DELETE", org + "integrations", "", 409, "only the organization that uploaded"},
		{"POST", org + "mint?appId=x", "", 404, `no integration "x"`},
		{"POST", org + "activate" + query, "", 409, "provisioning is manual"},
		{"POST", org + "healthCheck" + query, "", 409, "no actionsUrl"},
		{"POST", org + "approveUpdate" + query, "", 409, "not installed"},
		{"POST", org + "deprovision" + query, "", 409, "not installed"},
		{"POST", org + "move" + query, `{"region":"` + east + `"}`, 409, "not installed"},
		{"POST", org + "crossLaunch" + query, `{"feature":"digital_signage","task":"assign_content"}`, 409, "not installed"},
		{"PUT", org + "configurations/digital_signage" + query, `{}`, 409, "not installed"},
		{"GET", org + "configurations/digital_signage" + query, "", 404, "no configuration"},
	} {
		r := send(t, test.method, f.BaseURL()+"/_control/"+test.path, "", "", test.body)
		if message, _ := r.json["error"].(string); r.status != test.status || !strings.Contains(message, test.says) {
			t.Errorf("%s %s: %d %s, want %d %s", test.method, test.path, r.status, r.raw, test.status, test.says)
		}
	}
	listens := f.installs(i)
	for body, status := range map[string]int{"": 409, `{"features":[]}`: 400} {
		if r := send(t, "POST", f.BaseURL()+"/_control/"+org+"approveUpdate"+query, "", "", body); r.status != status || len(listens.received()) != 0 {
			t.Errorf("approval of %q: %d %s", body, r.status, r.raw)
		}
	}
	if r := send(t, "DELETE", f.BaseURL()+"/_control/"+org+"integrations"+query, "", "", ""); r.status != 409 {
		t.Errorf("removal of what is installed: %d %s", r.status, r.raw)
	}
	ask[object](f, "POST", org+"deprovision"+query, "")
	ask[object](f, "DELETE", org+"integrations"+query, "")
	if list := ask[[]object](f, "GET", org+"integrations", ""); len(list) != 1 {
		t.Errorf("after the removal: %v", list)
	}
}
