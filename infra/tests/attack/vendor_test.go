package attack_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// vendorRoutes are requests that a valid key allows.
func vendorRoutes(org string) []request {
	named := "/installations/" + org
	var all []request
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/installations", ""}, {"GET", named, ""}, {"POST", named + "/verify", ""}, {"POST", named + "/reload", ""},
		{"PUT", named + "/channel", `{"channel": null}`}, {"GET", "/invitations", ""}, {"POST", "/invitations", `{}`}, {"DELETE", "/invitations/x", ""}, {"GET", "/rollout", ""},
	} {
		all = append(all, request{Method: r.method, Path: r.path, ContentType: "application/json", Body: r.body})
	}
	return all
}

// TestVendorKeys: without a valid key, each route of the vendor API is closed, and nothing
// is changed.
func TestVendorKeys(t *testing.T) {
	f := newField(t, target)
	var rows []row
	for name, header := range map[string]string{
		"none": "", "Bearer only": "Bearer", "the key only": customer.VendorKey, "Basic": "Basic " + customer.VendorKey, "two": "Bearer x, Bearer " + customer.VendorKey,
		"a part": "Bearer " + customer.VendorKey[:20], "more": "Bearer " + customer.VendorKey + "x", "in capitals": "Bearer " + strings.ToUpper(customer.VendorKey),
		"the label": "Bearer " + customer.VendorLabel, "the content key": "Bearer " + customer.NewKey, "JSON": `Bearer {"erp":"` + customer.VendorKey + `"}`, "redacted": "Bearer [redacted]",
		"a token of Webex": "Bearer " + f.sign(f.claims(webextest.ActionCrossLaunch)), "64 KB": "Bearer " + strings.Repeat("x", 64<<10),
	} {
		for _, r := range vendorRoutes(f.Org.ID()) {
			r.Headers = map[string]string{"Authorization": header, "X-Api-Key": customer.VendorKey}
			rows = append(rows, row{name + " " + r.Method + " " + strings.ReplaceAll(r.Path, f.Org.ID(), "org"), r, unauthorized})
		}
	}
	query := "?" + url.Values{"key": {customer.VendorKey}, "authorization": {"Bearer " + customer.VendorKey}, "access_token": {customer.VendorKey}}.Encode()
	rows = append(rows, row{"in the query", request{Method: "GET", Path: "/installations" + query}, unauthorized})
	f.attack(t, rows)
}

// TestVendorNames: with a valid key, names that are not of an organization or of an
// invitation reach no other row, and change nothing.
func TestVendorNames(t *testing.T) {
	f := newField(t, target)
	vendor := func(method, path string, body any) request {
		return customer.VendorRequest(method, path, body, customer.VendorKey)
	}
	var rows []row
	for name, org := range map[string]string{
		"a partition key": "org#" + f.Org.ID() + "#" + f.Cloud.AppID(), "a key with its app id": f.Org.ID() + "#" + f.Cloud.AppID(), "the registry": "integrations", "a pass": "pass#0", "a wildcard": "*", "a part": f.Org.ID()[:8], "in capitals": strings.ToUpper(f.Org.ID()) + "X",
		"an expression": "x' OR '1'='1", "an object": `{"$gt":""}`, "a NUL after": f.Org.ID() + "\x00", "unicode": "\u202e" + f.Org.ID(), "8 KB": strings.Repeat("x", 8<<10), "half of UTF-8": "\xc3", "base64 of nothing": base64.StdEncoding.EncodeToString([]byte("ciscospark://us/ORGANIZATION/")),
	} {
		for _, r := range []request{
			vendor("GET", "/installations/"+url.PathEscape(org), nil), vendor("POST", "/installations/"+url.PathEscape(org)+"/verify", nil), vendor("POST", "/installations/"+url.PathEscape(org)+"/reload", nil),
			vendor("PUT", "/installations/"+url.PathEscape(org)+"/channel", object{"channel": "default"}),
		} {
			rows = append(rows, row{r.Method + " " + name, r, unknownOrg})
		}
		rows = append(rows, row{"revoke " + name, vendor("DELETE", "/invitations/"+url.PathEscape(org), nil), problem("unknown_invitation")})
	}
	for name, cursor := range map[string]string{"another partition": "integrations", "negative": "-1 x", "beyond": "16 ", "no place": "1", "huge": "99999999999999999999 x", "a number only": "x y"} {
		rows = append(rows, row{"cursor: " + name, vendor("GET", "/installations?cursor="+base64.RawURLEncoding.EncodeToString([]byte(cursor)), nil), malformed})
	}
	for name, body := range map[string]any{
		"a list": []int{1}, "a number": 1, "deep": strings.Repeat("[", 1000), "more members": object{"reference": "1", "usedBy": f.Org.ID()}, "twice": "{}{}", "an app id": object{"appId": f.Cloud.AppID()},
		"a negative life": object{"expiresIn": -1}, "an endless one": object{"expiresIn": 1e18}, "a fraction": object{"expiresIn": 1.5}, "control characters": object{"label": "a\x00b"}, "1 MB": object{"reference": strings.Repeat("x", 1<<20)},
	} {
		r := vendor("POST", "/invitations", body)
		if text, is := body.(string); is {
			r.Body = text
		}
		rows = append(rows, row{"invite: " + name, r, malformed})
	}
	f.attack(t, rows)
}

// TestVendorAnswersHoldNoSecret: what is listed contains no token, no key, and no link.
func TestVendorAnswersHoldNoSecret(t *testing.T) {
	f := newField(t, target)
	customer.Send(t, f.Stack.URL(), customer.VendorRequest("POST", "/invitations", object{}, customer.VendorKey)).Want(t, 201)
	for _, path := range []string{"/installations?limit=200", "/invitations", "/rollout", "/openapi.json"} {
		got := customer.Send(t, f.Stack.URL(), customer.VendorRequest("GET", path, nil, customer.VendorKey)).Want(t, 200)
		for _, secret := range []string{f.Cloud.RefreshToken(f.Org.ID()), f.Cloud.ClientSecret(), customer.VendorKey, customer.NewKey, "invite=", "installationKey\":\"", "refreshToken"} {
			if strings.Contains(got.Body, secret) && !(path == "/openapi.json" && secret == "invite=") {
				t.Errorf("%s contains %s", path, secret)
			}
		}
	}
}
