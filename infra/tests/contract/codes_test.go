package contract_test

import (
	"strings"
	"testing"
	"time"

	"signpost/infra/tests/customer"
	"signpost/shared/gateway/vendorapi"
	"signpost/shared/integration"
	"signpost/shared/webex/webextest"
)

// provocation is a request of a new customer that the deployment must refuse.
type provocation func(c *client) answer

// health is a health check with changes to its claims.
func health(changes object) provocation {
	return func(c *client) answer { return c.Health(changes) }
}

// header is a health check with changes to its token's header.
func header(changes object) provocation {
	return func(c *client) answer { return c.Act(withHeader(c, changes)) }
}

// activation is an activation with changes to its code's claims.
func activation(changes object) provocation {
	return func(c *client) answer { return c.PostActivation(c.Activation(changes)) }
}

// during is an activation while Webex answers with a fault.
func during(fault webextest.Fault) provocation {
	return func(c *client) answer { return c.ActivateWith(fault) }
}

// provocations are the causes of each code of the contract.
var provocations = map[string]map[string]provocation{
	"malformed_request": {
		"no JSON":          func(c *client) answer { return post(c, "/activation", "application/json", "{") },
		"no jwt":           func(c *client) answer { return c.PostJSON("/actions", object{"token": "x"}) },
		"empty body":       func(c *client) answer { return post(c, "/actions", "application/json", "") },
		"jwt is no string": func(c *client) answer { return c.PostJSON("/activation", object{"jwt": 7}) },
		"no JWT":           func(c *client) answer { return c.Act("no.jwt") },
		"four parts":       func(c *client) answer { return c.Act(c.Token("healthCheck", nil) + ".x") },
		"over 64 KiB":      health(object{"x": strings.Repeat("x", 64<<10)}),
		"no sub":           health(object{"sub": nil}),
		"no jti":           health(object{"jti": nil}),
		"no iat":           health(object{"iat": nil}),
		"iat is a text":    health(object{"iat": "now"}),
		"no refreshToken":  activation(object{"refreshToken": nil}),
		"no appUrl":        activation(object{"appUrl": nil}),
		"devices, no list": func(c *client) answer {
			return c.Launch(webextest.DigitalSignage, "assignContent", object{"devices": "all"})
		},
		"no JWT in a launch": func(c *client) answer { return c.LaunchWith("x", webextest.DigitalSignage, "assignContent", nil) },
	},
	"bad_algorithm": {
		"none":                      func(c *client) answer { return c.Act(unsigned(c.Token("healthCheck", nil))) },
		"HS256":                     header(object{"alg": "HS256"}),
		"ES384":                     header(object{"alg": "ES384"}),
		"PS256":                     header(object{"alg": "PS256"}),
		"RS256 and a key for ES256": header(object{"alg": "RS256"}),
	},
	"unknown_key": {
		"unknown kid":            header(object{"kid": "nobody's"}),
		"no kid":                 header(object{"kid": nil}),
		"untrusted region's key": func(c *client) answer { return c.Act(c.SignedBy(testCloud, "healthCheck", nil)) },
		"untrusted region": func(c *client) answer {
			return c.Act(c.SignedBy(testCloud, "healthCheck", object{"region": testCloud}))
		},
		"unknown region": health(object{"region": "mars"}),
		"activation of another region's key": func(c *client) answer {
			return c.PostActivation(c.Cloud.Sign(east, nil, customer.ClaimsOf(c.T, c.Activation(nil))))
		},
		"cross-launch by an untrusted key": func(c *client) answer { return c.Manage(c.SignedBy(testCloud, "crossLaunch", nil)) },
	},
	"bad_signature": {
		"other bytes": func(c *client) answer { return c.Act(forged(c.Token("healthCheck", nil))) },
		"none":        func(c *client) answer { return c.Act(upToSignature(c.Token("healthCheck", nil))) },
		"too short":   func(c *client) answer { return c.Act(upToSignature(c.Token("healthCheck", nil)) + "AAAA") },
		"activation":  func(c *client) answer { return c.PostActivation(forged(c.Activation(nil))) },
		"cross-launch": func(c *client) answer {
			return c.LaunchWith(forged(c.Token("crossLaunch", nil)), "x", "manageContent", nil)
		},
		"RS256": func(c *client) answer {
			return c.Act(forged(c.Cloud.SignRS256(west, nil, customer.ClaimsOf(c.T, c.Token("healthCheck", nil)))))
		},
	},
	"token_expired": {
		"iat over a day old": func(c *client) answer { return c.Health(object{"iat": customer.Seconds(-24*3600 - 1)}) },
		"expiryTime":         func(c *client) answer { return c.PostActivation(c.Activation(object{"expiryTime": stamp(-1)})) },
		"activation code of 8 days": func(c *client) answer {
			return c.PostActivation(c.Activation(object{"iat": customer.Seconds(-8 * 24 * 3600), "expiryTime": stamp(3600)}))
		},
		"cross-launch": func(c *client) answer { return c.Manage(c.Token("crossLaunch", object{"iat": customer.Seconds(-301)})) },
	},
	"token_not_yet_valid": {
		"action":     func(c *client) answer { return c.Health(object{"iat": customer.Seconds(90)}) },
		"activation": func(c *client) answer { return c.PostActivation(c.Activation(object{"iat": customer.Seconds(90)})) },
		"cross-launch": func(c *client) answer {
			return c.LaunchWith(c.Token("crossLaunch", object{"iat": customer.Seconds(90)}), "x", "manageContent", nil)
		},
	},
	"token_replayed": {
		"cross-launch": func(c *client) answer {
			token := c.Activate().Token("crossLaunch", nil)
			c.Manage(token).Want(c.T, 200)
			return c.LaunchWith(token, webextest.PersistentWebApp, "assignContent", nil)
		},
		"updateApproved": func(c *client) answer {
			token := c.Activate().Token("updateApproved", object{"manifestVersion": 2})
			c.Act(token).Want(c.T, 200)
			return c.Act(token)
		},
		"code of a removed activation": func(c *client) answer {
			code := c.Activation(object{"iat": customer.Seconds(-30)})
			c.PostActivation(code).Want(c.T, 200)
			c.Remove(nil)
			return c.PostActivation(code)
		},
	},
	"wrong_app": {
		"action":       health(object{"appId": customer.OtherApp}),
		"activation":   activation(object{"appId": customer.OtherApp}),
		"cross-launch": func(c *client) answer { return c.Manage(c.Token("crossLaunch", object{"appId": customer.OtherApp})) },
	},
	"wrong_action": {
		"crossLaunch at /actions":  func(c *client) answer { return c.Act(c.Token("crossLaunch", nil)) },
		"provision at /actions":    func(c *client) answer { return c.Act(c.Activation(nil)) },
		"deprovision at /activate": func(c *client) answer { return c.PostActivation(c.Token("deprovision", nil)) },
		"unknown at /actions":      func(c *client) answer { return c.Act(c.Token("selfDestruct", nil)) },
		"healthCheck as a launch":  func(c *client) answer { return c.Manage(c.Token("healthCheck", nil)) },
	},
	"untrusted_url": {
		"appUrl":     activation(object{"appUrl": "https://evil.example.com/app"}),
		"oauthUrl":   activation(object{"oauthUrl": "https://evil.example.com/token"}),
		"signageUrl": activation(object{"signageUrl": "https://evil.example.com/s"}),
		"pwaUrl":     activation(object{"pwaUrl": "https://evil.example.com/p"}),
		"file":       activation(object{"manifestUrl": "file:///etc/passwd"}),
		"not listed": activation(object{"appUrl": "https://webexapis.com/app"}),
		"localhost":  activation(object{"appUrl": "http://localhost:3001/app"}),
		"user info":  activation(object{"appUrl": "https://127.0.0.1@evil.example.com/"}),
		"update":     func(c *client) answer { return c.Act(c.Token("update", object{"appUrl": "https://evil.example.com/"})) },
	},
	"unknown_installation": {
		"updateApproved": func(c *client) answer { return c.Act(c.Token("updateApproved", nil)) },
		"update":         func(c *client) answer { return c.Act(c.Token("update", nil)) },
		"healthCheck":    func(c *client) answer { return c.Health(nil) },
		"deprovision":    func(c *client) answer { return c.Act(c.Token("deprovision", nil)) },
		"cross-launch":   func(c *client) answer { return c.Launch(webextest.DigitalSignage, "manageContent", nil) },
		"removed": func(c *client) answer {
			c.Activate().Act(c.Token("deprovision", nil)).Want(c.T, 200)
			return c.Launch(webextest.DigitalSignage, "manageContent", nil)
		},
	},
	"feature_not_provided": {
		"unknown": func(c *client) answer { return c.Activate().Launch("analog_signage", "manageContent", nil) },
	},
	"too_many_devices": {
		"10,001": func(c *client) answer {
			return c.Activate().Launch(webextest.DigitalSignage, "assignContent", object{"devices": sameDevices(10_001)})
		},
	},
	"unknown_invitation": { // more in TestInvitationsThatDoNotWork
		"page":     func(c *client) answer { return c.Send(request{Method: "GET", Path: "/activation?invite=x"}) },
		"manifest": func(c *client) answer { return c.Send(request{Method: "GET", Path: "/activation/manifest"}) },
		"posted": func(c *client) answer {
			return c.PostJSON("/activation", object{"invite": "x", "jwt": c.Activation(nil)})
		},
	},
	"unknown_launch": {
		"never existed": func(c *client) answer { return c.Redeem(strings.Repeat("A", 43)) },
		"no code":       func(c *client) answer { return c.Redeem("x") },
		"used": func(c *client) answer {
			code := c.Activate().Code(nil)
			c.Redeem(code).Want(c.T, 200)
			return c.Redeem(code)
		},
	},
	"ambiguous_installation": { // more in TestVendorAmbiguous
		"two": func(c *client) answer {
			c.Activate().Upload(integration.NewAppID()).Register(true).Activate()
			return c.Vendor("GET", "/installations/"+c.Org.ID(), nil)
		},
	},
	"too_many_requests": {
		"a label's": func(c *client) answer {
			for _, minute := range []time.Time{time.Now(), time.Now().Add(time.Minute)} { // the next may begin
				c.SpendRequests(customer.BusyLabel, minute, vendorapi.RequestsPerMinute)
			}
			return c.Send(customer.VendorRequest("GET", "/rollout", nil, customer.BusyKey))
		},
	},
	"unauthorized": {
		"vendor API": func(c *client) answer { return c.Send(request{Method: "GET", Path: "/installations"}) },
		"wrong key":  func(c *client) answer { return c.RedeemWith("x", customer.Bearer("wrong")) },
		"no key":     func(c *client) answer { return c.RedeemWith("x", nil) },
		"empty key":  func(c *client) answer { return c.RedeemWith("x", customer.Bearer("")) },
		"Basic": func(c *client) answer {
			return c.RedeemWith("x", map[string]string{"Authorization": "Basic " + customer.NewKey})
		},
	},
	"webex_rejected": {
		"a stranger's manifest": func(c *client) answer { return c.PostActivation(c.Minted(c.Cloud.MintStrangerActivation(c.Org.ID()))) },
		"403 for the exchange":  during(webextest.Fault{Kind: webextest.KindToken, Status: 403}),
		"our client is refused": func(c *client) answer {
			return c.ActivateWith(webextest.Fault{
				Kind: webextest.KindToken, Status: 401, Body: `{"error":"invalid_client"}`, ContentType: "application/json",
			})
		},
		"404 for the app": during(webextest.Fault{Kind: webextest.KindApp, Status: 404}),
	},
	"webex_unavailable": {
		"503 for the exchange": during(webextest.Fault{Kind: webextest.KindToken, Status: 503}),
		"502, no JSON": func(c *client) answer {
			return c.ActivateWith(webextest.Fault{Kind: webextest.KindToken, Status: 502, Body: "<html>", ContentType: "text/html"})
		},
		"half an answer":  during(webextest.Fault{Kind: webextest.KindToken, Truncate: true}),
		"cut connection":  during(webextest.Fault{Kind: webextest.KindToken, Refuse: true}),
		"500 for the app": during(webextest.Fault{Kind: webextest.KindApp, Status: 500}),
	},
}

func TestEveryCodeHasACause(t *testing.T) {
	t.Parallel()
	for code := range customer.Statuses {
		ways := provocations[code]
		if len(ways) == 0 && code != "internal" && code != "reload_impossible" { // which have tests of their own
			t.Errorf("no request causes %s", code)
		}
		for name, provoke := range ways {
			t.Run(code+"/"+name, func(t *testing.T) {
				t.Parallel()
				provoke(newCustomer(t, west)).WantProblem(t, code)
			})
		}
	}
}
