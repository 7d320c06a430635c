package attack_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

// TestMethods: every address takes its one method, whatever a header says.
func TestMethods(t *testing.T) {
	f := newField(t, target)
	code := f.launch(t)
	f.watch.last = f.watch.picture(t)
	var rows []row
	for path, action := range merged(object{"/launches/" + code: ""}, asObject(doors)) {
		token := f.sign(f.claims(action.(string)))
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "POSTx", "$default", "ANY"} {
			if method == "GET" && path == page {
				continue // the page itself
			}
			r := post(path, token)
			r.method = method
			r.headers = map[string]string{"Authorization": "Bearer " + contentKey, "X-Http-Method-Override": "POST", "X-Method-Override": "POST", "X-Http-Method": "POST"}
			rows = append(rows, row{method + " " + path[:min(len(path), 40)], r, noRoute})
		}
	}
	for _, path := range []string{
		"/actions/", "//actions", "/actions/.", "/./actions", "/x/../actions", "/Actions", "/actions%00", "/actions%2f", "/actions;x=1", "/actions.json", "/actions/x", "/crossLaunch/digital_signage",
		"/crossLaunch//assignContent", "/crossLaunch/a/b/assignContent", "/crossLaunch/digital_signage/assigncontent", "/launches", "/launches/", "/launches/" + code + "/", "/launches//" + code,
		"/launches/x/" + code, "/.env", "/.git/config", "/actuator/env", "/_control/organizations",
	} {
		rows = append(rows, row{"POST " + strings.ReplaceAll(path, code, "code"), post(path, f.sign(f.claims(webextest.ActionDeprovision))), noRoute})
	}
	f.attack(t, rows)
	mustSend(t, f.stack.URL(), redeeming(code, contentKey)).launchIs(t, f.victim) // nobody used it up
}

func asObject(texts map[string]string) object {
	result := object{}
	for name, value := range texts {
		result[name] = value
	}
	return result
}

// launchIs checks that a redemption gave the victim's launch.
func (a answer) launchIs(t *testing.T, v *victim) {
	t.Helper()
	var redeemed struct{ OrgID string }
	if err := json.Unmarshal([]byte(a.body), &redeemed); err != nil || a.status != 200 || redeemed.OrgID != v.org.Sub() {
		t.Errorf("redeeming is answered %d %s", a.status, a.body)
	}
}

// leadingAway are headers that say where the API is, as if a proxy had set them.
func leadingAway(evil string) []map[string]string {
	sets := []map[string]string{
		{"Host": evil}, {"X-Forwarded-Host": evil, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}, {"Forwarded": "host=" + evil + ";proto=https;for=127.0.0.1"},
		{"X-Original-Host": evil}, {"X-Host": evil}, {"X-Forwarded-Server": evil}, {"X-Http-Host-Override": evil}, {"X-Original-Url": "https://" + evil + "/"}, {"X-Rewrite-Url": "/x"},
		{"Origin": "https://" + evil}, {"Referer": "https://" + evil + "/"}, {"X-Forwarded-Prefix": "//" + evil}, {"X-Forwarded-Path": "/x"}, {"X-Amzn-Trace-Id": evil}, {"True-Client-Ip": evil}, {"Via": evil},
	}
	all := map[string]string{}
	for _, set := range sets {
		for name, value := range set {
			all[name] = value
		}
	}
	return append(sets, all)
}

// TestHostHeaders: what a caller says of our address reaches neither Webex, nor
// the redirect, nor the table.
func TestHostHeaders(t *testing.T) {
	f := newField(t, target)
	const evil = "evil.example.net"
	for _, headers := range leadingAway(evil) {
		names := encode(headers)
		t.Run(names[:min(len(names), 40)], func(t *testing.T) {
			v := &victim{stack: f.stack, cloud: f.cloud, org: f.cloud.AddOrganization("Victim of headers", ours)}
			for _, r := range []request{
				post(page, v.sign(v.activation(t))), post(actions, v.sign(v.claims(webextest.ActionUpdateApproved))), post(manage, v.sign(v.claims(webextest.ActionCrossLaunch))),
			} {
				r.headers = headers
				got := mustSend(t, f.stack.URL(), r)
				if got.status != 200 || strings.Contains(got.body, evil) || strings.Contains(encode(got.header), evil) {
					t.Errorf("%s is answered %d %v %s", r.path, got.status, got.header, got.body)
				}
				if r.path == manage {
					got.launchCode(t) // of the redirect that is configured
				}
			}
			view, _ := v.cloud.Installation(v.org.ID())
			signage, _ := v.cloud.Configuration(v.org.ID(), webextest.DigitalSignage)
			pwa, _ := v.cloud.Configuration(v.org.ID(), webextest.PersistentWebApp)
			told := encode([]any{signage, pwa})
			if view.ActionsURL != f.stack.URL()+"/actions" || strings.Contains(told, evil) || strings.Count(told, f.stack.URL()+"/crossLaunch/") != 4 {
				t.Errorf("Webex was told %s and %s", view.ActionsURL, told)
			}
			for name, text := range f.watch.rows(t) {
				if strings.Contains(text, evil) {
					t.Errorf("%s holds it: %s", name, text)
				}
			}
		})
	}
	t.Run("a refused token", func(t *testing.T) {
		f.watch.last = f.watch.picture(t)
		for _, headers := range leadingAway(evil) {
			r := post(actions, f.token(goodHeader, f.claims(webextest.ActionDeprovision), none))
			r.headers = headers
			mustSend(t, f.stack.URL(), r).check(t, badSignature)
		}
		f.watch.unchanged(t)
	})
}

// TestQueries: a token or a key in the address is none.
func TestQueries(t *testing.T) {
	f := newField(t, target)
	code := f.launch(t)
	f.watch.last = f.watch.picture(t)
	query := "?" + url.Values{"jwt": {f.sign(f.claims(webextest.ActionDeprovision))}, "key": {contentKey}, "authorization": {"Bearer " + contentKey}}.Encode()
	f.attack(t, []row{
		{"a token", request{method: "POST", path: actions + query}, malformed},
		{"a token, as a form", request{method: "POST", path: actions + query, contentType: asForm}, malformed},
		{"a key", request{method: "POST", path: "/launches/" + code + query}, unauthorized},
		{"a key in a cookie", request{method: "POST", path: "/launches/" + code, headers: map[string]string{"Cookie": "Authorization=Bearer " + contentKey}}, unauthorized},
	})
}
