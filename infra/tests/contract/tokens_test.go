package contract_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// TestOrderOfChecks sends tokens with two faults each. The answer must be that of
// the check that comes first in the contract.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, code string
		post       func(c *client) answer
	}{
		{"form before algorithm", "malformed_request", func(c *client) answer { return c.Act(segment(object{"alg": "none"}) + ".bm90IGpzb24.AAAA") }},
		{"algorithm before key", "bad_algorithm", func(c *client) answer { return c.Act(withHeader(c, object{"alg": "HS256", "kid": "nobody's"})) }},
		{"key before signature", "unknown_key", func(c *client) answer { return c.Act(forged(withHeader(c, object{"kid": "nobody's"}))) }},
		{"signature before shape", "bad_signature", func(c *client) answer { return c.Act(forged(c.Token("healthCheck", object{"jti": nil}))) }},
		{"shape before times", "malformed_request", func(c *client) answer {
			return c.Health(object{"jti": nil, "iat": customer.Seconds(-25 * 3600)})
		}},
		{"times before app", "token_expired", func(c *client) answer {
			return c.Health(object{"iat": customer.Seconds(-25 * 3600), "appId": customer.OtherApp})
		}},
		{"app before action", "wrong_app", func(c *client) answer { return c.Act(c.Token("crossLaunch", object{"appId": customer.OtherApp})) }},
		{"action before URLs", "wrong_action", func(c *client) answer {
			return c.Act(c.Token("crossLaunch", object{"appUrl": "https://evil.example.com/"}))
		}},
		{"URLs before installation", "untrusted_url", func(c *client) answer {
			return c.Act(c.Token("update", object{"appUrl": "https://evil.example.com/"}))
		}},
		{"installation before replay", "unknown_installation", func(c *client) answer {
			token := c.Activate().Token("crossLaunch", nil)
			c.Manage(token).Want(c.T, 200)
			c.Remove(nil)
			return c.Manage(token)
		}},
		{"the token before the feature", "bad_signature", func(c *client) answer {
			return c.LaunchWith(forged(c.Token("crossLaunch", nil)), "analog_signage", "manageContent", nil)
		}},
		{"the token before the devices", "wrong_app", func(c *client) answer {
			token := c.Token("crossLaunch", object{"appId": customer.OtherApp})
			return c.LaunchWith(token, webextest.DigitalSignage, "assignContent", object{"devices": sameDevices(10_001)})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.post(newCustomer(t, west)).WantProblem(t, test.code)
		})
	}
}

// TestAcceptedTokens: unusual tokens that are valid.
func TestAcceptedTokens(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	evil := object{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}
	for name, token := range map[string]string{
		"RS256":           c.Cloud.SignRS256(west, nil, customer.ClaimsOf(t, c.Token("healthCheck", nil))),
		"iat 4 min ago":   c.Token("healthCheck", object{"iat": customer.Seconds(-240)}),
		"iat 23 h ago":    c.Token("healthCheck", object{"iat": customer.Seconds(-23 * 3600)}),
		"app in capitals": c.Token("healthCheck", object{"appId": strings.ToUpper(c.Cloud.AppID())}),
		"version as 2.0":  c.Token("healthCheck", object{"manifestVersion": json.RawMessage("2.0")}),
		"iat in 30 s":     c.Token("healthCheck", object{"iat": customer.Seconds(30)}),
		"jwk ignored":     withHeader(c, object{"jwk": evil}),
		"jku ignored":     withHeader(c, object{"jku": "http://127.0.0.1:1/jwks"}),
		"x5u ignored":     withHeader(c, object{"x5u": "http://127.0.0.1:1/x5u"}),
		"x5c ignored":     withHeader(c, object{"x5c": []string{"AAAA"}}),
		"own region":      c.Token("healthCheck", object{"region": west}),
		"unknown claims":  c.Token("healthCheck", object{"userId": "u", "more": object{"a": 1}}),
	} {
		t.Run(name, func(t *testing.T) { c.In(t).Act(token).Want(t, 200) })
	}
}

// TestKeysOfRegions: only the own region's key may sign.
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
				webextest.ActionUpdateApproved: c.Act,
				webextest.ActionHealthCheck:    c.Act,
				webextest.ActionDeprovision:    c.Act,
				webextest.ActionCrossLaunch: func(token string) answer {
					return c.LaunchWith(token, webextest.PersistentWebApp, "manageContent", nil)
				},
			} {
				if test.code == "" && action == webextest.ActionDeprovision {
					continue // the others need the installation
				}
				got := deliver(c.SignedBy(test.signer, action, object{"region": test.region}))
				if test.code == "" {
					got.Want(t, 200)
					continue
				}
				got.WantProblem(t, test.code)
			}
			if !c.Serves() {
				t.Error("the installation is gone")
			}
		})
	}
}

// TestStrangersLearnNothing: without a valid signature a customer and a stranger
// get the same answer, byte for byte.
func TestStrangersLearnNothing(t *testing.T) {
	t.Parallel()
	known, unknown := activated(t, west), newCustomer(t, west)
	for name, post := range map[string]func(c *client) answer{
		"action":       func(c *client) answer { return c.Act(forged(c.Token("updateApproved", nil))) },
		"activation":   func(c *client) answer { return c.PostActivation(forged(c.Activation(nil))) },
		"other region": func(c *client) answer { return c.Act(c.SignedBy(testCloud, "healthCheck", nil)) },
		"cross-launch": func(c *client) answer { return c.Manage(forged(c.Token("crossLaunch", nil))) },
	} {
		if a, b := post(known.In(t)), post(unknown.In(t)); a.Status != b.Status || a.Body != b.Body {
			t.Errorf("%s: a customer gets %d %s, a stranger %d %s", name, a.Status, a.Body, b.Status, b.Body)
		}
	}
}

// TestOrganizationsAreKeyedByTheirID: the rest of `sub` may change, and so may the
// form of its base64.
func TestOrganizationsAreKeyedByTheirID(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	for name, sub := range map[string]string{
		"another cluster": base64.RawStdEncoding.EncodeToString([]byte("ciscospark://urn:TEAM:" + east + "/ORGANIZATION/" + c.Org.ID())),
		"padded":          base64.StdEncoding.EncodeToString([]byte("ciscospark://us-1/ORGANIZATION/" + c.Org.ID())),
		"URL alphabet":    base64.RawURLEncoding.EncodeToString([]byte("ciscospark://~~~???/ORGANIZATION/" + c.Org.ID())),
	} {
		token := c.Token("crossLaunch", object{"sub": sub})
		code := c.Manage(token).LaunchCode(t)
		got := c.Redeem(code).Want(t, 200).Object(t)
		if got["orgId"] != sub || got["orgKey"] != c.Org.ID() {
			t.Errorf("%s: orgId is %v, want the latest sub, %s; orgKey is %v, want %s", name, got["orgId"], sub, got["orgKey"], c.Org.ID())
		}
	}
	plain := newCustomer(t, west)
	raw := "not base64 of a URI: " + plain.Org.ID()
	want := activeAnswer(plain)
	want["orgId"] = raw
	plain.PostActivation(plain.Activation(object{"sub": raw})).WantJSON(t, 200, want)
	token := plain.Token("crossLaunch", object{"sub": raw})
	plain.Manage(token).Want(t, 200)
	if plain.Serves() {
		t.Error("another sub is taken for the same organization")
	}
}
