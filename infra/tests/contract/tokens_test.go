package contract_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

// TestOrderOfChecks sends tokens with two faults each: the earlier check in the
// contract's order must speak.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, code string
		post       func(c *customer) answer
	}{
		{"form before algorithm", "malformed_request", func(c *customer) answer {
			return c.act(segment(c.T, object{"alg": "none"}) + ".bm90IGpzb24.AAAA")
		}},
		{"algorithm before key", "bad_algorithm", func(c *customer) answer {
			return c.act(c.withHeader(object{"alg": "HS256", "kid": "nobody's"}))
		}},
		{"key before signature", "unknown_key", func(c *customer) answer {
			return c.act(forged(c.withHeader(object{"kid": "nobody's"})))
		}},
		{"signature before shape", "bad_signature", func(c *customer) answer {
			return c.act(forged(c.token("healthCheck", object{"jti": nil})))
		}},
		{"shape before times", "malformed_request", func(c *customer) answer {
			return c.act(c.token("healthCheck", object{"jti": nil, "iat": seconds(-25 * 3600)}))
		}},
		{"times before app", "token_expired", func(c *customer) answer {
			return c.act(c.token("healthCheck", object{"iat": seconds(-25 * 3600), "appId": otherApp}))
		}},
		{"app before action", "wrong_app", func(c *customer) answer {
			return c.act(c.token("crossLaunch", object{"appId": otherApp}))
		}},
		{"action before URLs", "wrong_action", func(c *customer) answer {
			return c.act(c.token("crossLaunch", object{"appUrl": "https://evil.example.com/"}))
		}},
		{"URLs before installation", "untrusted_url", func(c *customer) answer {
			return c.act(c.token("update", object{"appUrl": "https://evil.example.com/"}))
		}},
		{"installation before replay", "unknown_installation", func(c *customer) answer {
			token := c.activate().token("crossLaunch", nil)
			c.launchWith(token, webextest.DigitalSignage, "manageContent", nil).want(c.T, 200)
			c.act(c.token("deprovision", nil)).want(c.T, 200)
			return c.launchWith(token, webextest.DigitalSignage, "manageContent", nil)
		}},
		{"the token before the feature", "bad_signature", func(c *customer) answer {
			return c.launchWith(forged(c.token("crossLaunch", nil)), "analog_signage", "manageContent", nil)
		}},
		{"the token before the devices", "wrong_app", func(c *customer) answer {
			token := c.token("crossLaunch", object{"appId": otherApp})
			return c.launchWith(token, webextest.DigitalSignage, "assignContent", object{"devices": sameDevices(10_001)})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.post(newCustomer(t, west)).wantProblem(t, test.code)
		})
	}
}

// TestAcceptedTokens: what looks unusual and is good.
func TestAcceptedTokens(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	evil := object{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}
	for name, token := range map[string]string{
		"RS256":           c.cloud.SignRS256(west, nil, claimsOf(t, c.token("healthCheck", nil))),
		"iat 4 min ago":   c.token("healthCheck", object{"iat": seconds(-240)}),
		"iat 23 h ago":    c.token("healthCheck", object{"iat": seconds(-23 * 3600)}),
		"app in capitals": c.token("healthCheck", object{"appId": strings.ToUpper(c.cloud.AppID())}),
		"version as 2.0":  c.token("healthCheck", object{"manifestVersion": json.RawMessage("2.0")}),
		"iat in 30 s":     c.token("healthCheck", object{"iat": seconds(30)}),
		"jwk ignored":     c.withHeader(object{"jwk": evil}),
		"jku ignored":     c.withHeader(object{"jku": "http://127.0.0.1:1/jwks"}),
		"x5u ignored":     c.withHeader(object{"x5u": "http://127.0.0.1:1/x5u"}),
		"x5c ignored":     c.withHeader(object{"x5c": []string{"AAAA"}}),
		"own region":      c.token("healthCheck", object{"region": west}),
		"unknown claims":  c.token("healthCheck", object{"userId": "u", "more": object{"a": 1}}),
	} {
		t.Run(name, func(t *testing.T) { c.in(t).act(token).want(t, 200) })
	}
}

// TestKeysOfRegions: whose key may sign what.
func TestKeysOfRegions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, signer string
		region       any // the claim
		code         string
	}{
		{"own key", europe, nil, ""},
		{"own key and claim", europe, europe, ""},
		{"other key", west, nil, "unknown_key"},
		{"other key and claim", west, west, "unknown_key"},
		{"other key, own claim", west, europe, "unknown_key"},
		{"own key, other claim", europe, west, "unknown_key"},
		{"untrusted key, own claim", testCloud, europe, "unknown_key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := activated(t, europe)
			for action, deliver := range map[string]func(token string) answer{
				webextest.ActionUpdateApproved: c.act,
				webextest.ActionHealthCheck:    c.act,
				webextest.ActionDeprovision:    c.act,
				webextest.ActionCrossLaunch: func(token string) answer {
					return c.launchWith(token, webextest.PersistentWebApp, "manageContent", nil)
				},
			} {
				if test.code == "" && action == webextest.ActionDeprovision {
					continue // the others need the installation
				}
				got := deliver(c.signedBy(test.signer, action, object{"region": test.region}))
				if test.code == "" {
					got.want(t, 200)
					continue
				}
				got.wantProblem(t, test.code)
			}
			if !c.serves() {
				t.Error("the installation is gone")
			}
		})
	}
}

// TestStrangersLearnNothing: without a verified signature a customer and a
// stranger get the same answer, to the byte.
func TestStrangersLearnNothing(t *testing.T) {
	t.Parallel()
	known, unknown := activated(t, west), newCustomer(t, west)
	for name, post := range map[string]func(c *customer) answer{
		"action":       func(c *customer) answer { return c.act(forged(c.token("updateApproved", nil))) },
		"activation":   func(c *customer) answer { return c.postActivation(forged(c.activation(nil))) },
		"other region": func(c *customer) answer { return c.act(c.signedBy(testCloud, "healthCheck", nil)) },
		"cross-launch": func(c *customer) answer {
			return c.launchWith(forged(c.token("crossLaunch", nil)), webextest.DigitalSignage, "manageContent", nil)
		},
	} {
		if a, b := post(known.in(t)), post(unknown.in(t)); a.status != b.status || a.body != b.body {
			t.Errorf("%s: a customer gets %d %s, a stranger %d %s", name, a.status, a.body, b.status, b.body)
		}
	}
}

// TestOrganizationsAreKeyedByTheirID: the rest of `sub` may change, and its
// base64 has more forms than one.
func TestOrganizationsAreKeyedByTheirID(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	for name, sub := range map[string]string{
		"another cluster": base64.RawStdEncoding.EncodeToString([]byte("ciscospark://urn:TEAM:" + east + "/ORGANIZATION/" + c.org.ID())),
		"padded":          base64.StdEncoding.EncodeToString([]byte("ciscospark://us-1/ORGANIZATION/" + c.org.ID())),
		"URL alphabet":    base64.RawURLEncoding.EncodeToString([]byte("ciscospark://~~~???/ORGANIZATION/" + c.org.ID())),
	} {
		token := c.token("crossLaunch", object{"sub": sub})
		code := c.launchWith(token, webextest.DigitalSignage, "manageContent", nil).launchCode(t)
		got := c.redeem(code).want(t, 200).object(t)
		if got["orgId"] != sub || got["orgKey"] != c.org.ID() {
			t.Errorf("%s: orgId is %v, want the latest sub, %s; orgKey is %v, want %s", name, got["orgId"], sub, got["orgKey"], c.org.ID())
		}
	}
	plain := newCustomer(t, west)
	raw := "not base64 of a URI: " + plain.org.ID()
	want := plain.activeAnswer()
	want["orgId"] = raw
	plain.postActivation(plain.activation(object{"sub": raw})).wantJSON(t, 200, want)
	token := plain.token("crossLaunch", object{"sub": raw})
	plain.launchWith(token, webextest.DigitalSignage, "manageContent", nil).want(t, 200)
	if plain.serves() {
		t.Error("another sub is taken for the same organization")
	}
}
