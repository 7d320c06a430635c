package attack_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// TestMethods: every address takes one method, which no header overrides.
func TestMethods(t *testing.T) {
	f := newField(t, target)
	code := f.launch(t)
	f.watch.last = f.watch.picture(t)
	var rows []row
	for _, path := range append(slices.Collect(maps.Keys(doors)), "/launches/"+code) {
		token := f.sign(f.claims(doors[path]))
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "POSTx", "$default", "ANY"} {
			if method == "GET" && path == page {
				continue // the page itself
			}
			r := customer.Post(path, token)
			r.Method = method
			r.Headers = map[string]string{"Authorization": "Bearer " + customer.NewKey, "X-Http-Method-Override": "POST", "X-Method-Override": "POST", "X-Http-Method": "POST"}
			rows = append(rows, row{method + " " + path[:min(len(path), 40)], r, noRoute})
		}
	}
	for _, path := range []string{
		"/actions/", "//actions", "/actions/.", "/./actions", "/x/../actions", "/Actions", "/actions%00", "/actions%2f", "/actions;x=1", "/actions.json", "/actions/x", "/crossLaunch/digital_signage",
		"/crossLaunch//assignContent", "/crossLaunch/a/b/assignContent", "/crossLaunch/digital_signage/assigncontent", "/launches", "/launches/", "/launches/" + code + "/", "/launches//" + code,
		"/launches/x/" + code, "/.env", "/.git/config", "/actuator/env", "/_control/organizations",
	} {
		rows = append(rows, row{"POST " + strings.ReplaceAll(path, code, "code"), customer.Post(path, f.sign(f.claims(webextest.ActionDeprovision))), noRoute})
	}
	f.attack(t, rows)
	launchIs(t, customer.Send(t, f.Stack.URL(), customer.Redeeming(code, customer.NewKey)), f.victim) // nobody used it up
}

// launchIs checks that a redemption gave the victim's launch.
func launchIs(t *testing.T, got answer, v *victim) {
	t.Helper()
	var redeemed struct{ OrgID string }
	if err := json.Unmarshal([]byte(got.Body), &redeemed); err != nil || got.Status != 200 || redeemed.OrgID != v.Org.Sub() {
		t.Errorf("redeeming is answered %d %s", got.Status, got.Body)
	}
}

// leadingAway are headers that give another address of the API, as proxies do.
func leadingAway(evil string) []map[string]string {
	sets := []map[string]string{
		{"Host": evil}, {"X-Forwarded-Host": evil, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}, {"Forwarded": "host=" + evil + ";proto=https;for=127.0.0.1"},
		{"X-Original-Host": evil}, {"X-Host": evil}, {"X-Forwarded-Server": evil}, {"X-Http-Host-Override": evil}, {"X-Original-Url": "https://" + evil + "/"}, {"X-Rewrite-Url": "/x"},
		{"Origin": "https://" + evil}, {"Referer": "https://" + evil + "/"}, {"X-Forwarded-Prefix": "//" + evil}, {"X-Forwarded-Path": "/x"}, {"X-Amzn-Trace-Id": evil}, {"True-Client-Ip": evil}, {"Via": evil},
	}
	all := map[string]string{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return append(sets, all)
}

// TestHostHeaders: an address of the API in a caller's headers reaches neither
// Webex, nor the redirect, nor the table.
func TestHostHeaders(t *testing.T) {
	f := newField(t, target)
	const evil = "evil.example.net"
	for _, headers := range leadingAway(evil) {
		names := customer.Encode(headers)
		t.Run(names[:min(len(names), 40)], func(t *testing.T) {
			v := &victim{customer.New(f.T, f.Stack, ours)} // an organization's name without the header
			for _, r := range []request{
				customer.Post(page, v.sign(v.activation())), customer.Post(actions, v.sign(v.claims(webextest.ActionUpdateApproved))), customer.Post(manage, v.sign(v.claims(webextest.ActionCrossLaunch))),
			} {
				r.Headers = headers
				got := customer.Send(t, f.Stack.URL(), r)
				if got.Status != 200 || strings.Contains(got.Body, evil) || strings.Contains(customer.Encode(got.Header), evil) {
					t.Errorf("%s is answered %d %v %s", r.Path, got.Status, got.Header, got.Body)
				}
				if r.Path == manage {
					got.LaunchCode(t) // of the redirect that is configured
				}
			}
			view, _ := v.Cloud.Installation(v.Org.ID())
			signage, _ := v.Cloud.Configuration(v.Org.ID(), webextest.DigitalSignage)
			pwa, _ := v.Cloud.Configuration(v.Org.ID(), webextest.PersistentWebApp)
			told := customer.Encode([]any{signage, pwa})
			if view.ActionsURL != f.Stack.URL()+"/actions" || strings.Contains(told, evil) || strings.Count(told, f.Stack.URL()+"/crossLaunch/") != 4 {
				t.Errorf("Webex holds %s and %s", view.ActionsURL, told)
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
			r := customer.Post(actions, f.token(goodHeader, f.claims(webextest.ActionDeprovision), none))
			r.Headers = headers
			check(t, customer.Send(t, f.Stack.URL(), r), badSignature)
		}
		f.watch.unchanged(t)
	})
}

// TestQueries: a token or key in the address is ignored.
func TestQueries(t *testing.T) {
	f := newField(t, target)
	code := f.launch(t)
	f.watch.last = f.watch.picture(t)
	query := "?" + url.Values{"jwt": {f.sign(f.claims(webextest.ActionDeprovision))}, "key": {customer.NewKey}, "authorization": {"Bearer " + customer.NewKey}}.Encode()
	f.attack(t, []row{
		{"a token", request{Method: "POST", Path: actions + query}, malformed},
		{"a token, as a form", request{Method: "POST", Path: actions + query, ContentType: asForm}, malformed},
		{"a key", request{Method: "POST", Path: "/launches/" + code + query}, unauthorized},
		{"a key in a cookie", request{Method: "POST", Path: "/launches/" + code, Headers: map[string]string{"Cookie": "Authorization=Bearer " + customer.NewKey}}, unauthorized},
	})
}
