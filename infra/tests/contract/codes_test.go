package contract_test

import (
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

// provocations say for each code of the contract how it comes about.
var provocations = map[string]map[string]func(c *customer) answer{
	"malformed_request": {
		"no JSON":          func(c *customer) answer { return c.post("/activation", "application/json", "{") },
		"no jwt":           func(c *customer) answer { return c.postJSON("/actions", object{"token": "x"}) },
		"empty body":       func(c *customer) answer { return c.post("/actions", "application/json", "") },
		"jwt is no string": func(c *customer) answer { return c.postJSON("/activation", object{"jwt": 7}) },
		"no JWT":           func(c *customer) answer { return c.act("no.jwt") },
		"four parts":       func(c *customer) answer { return c.act(c.token("healthCheck", nil) + ".x") },
		"over 64 KiB": func(c *customer) answer {
			return c.act(c.token("healthCheck", object{"x": strings.Repeat("x", 64<<10)}))
		},
		"no sub":          func(c *customer) answer { return c.act(c.token("healthCheck", object{"sub": nil})) },
		"no jti":          func(c *customer) answer { return c.act(c.token("healthCheck", object{"jti": nil})) },
		"no iat":          func(c *customer) answer { return c.act(c.token("healthCheck", object{"iat": nil})) },
		"iat is a text":   func(c *customer) answer { return c.act(c.token("healthCheck", object{"iat": "now"})) },
		"no refreshToken": func(c *customer) answer { return c.postActivation(c.activation(object{"refreshToken": nil})) },
		"no appUrl":       func(c *customer) answer { return c.postActivation(c.activation(object{"appUrl": nil})) },
		"devices, no list": func(c *customer) answer {
			return c.launch(webextest.DigitalSignage, "assignContent", object{"devices": "all"})
		},
		"a token of a launch": func(c *customer) answer {
			return c.launchWith("x", webextest.DigitalSignage, "assignContent", nil)
		},
	},
	"bad_algorithm": {
		"none":  func(c *customer) answer { return c.act(unsigned(c.T, c.token("healthCheck", nil))) },
		"HS256": func(c *customer) answer { return c.act(c.hmac("HS256")) },
		"HS512": func(c *customer) answer { return c.act(c.hmac("HS512")) },
		"ES384": func(c *customer) answer { return c.act(c.withHeader(object{"alg": "ES384"})) },
		"PS256": func(c *customer) answer { return c.act(c.withHeader(object{"alg": "PS256"})) },
		"RS256 and a key for ES256": func(c *customer) answer {
			return c.act(c.withHeader(object{"alg": "RS256"}))
		},
	},
	"unknown_key": {
		"unknown kid": func(c *customer) answer {
			return c.act(c.withHeader(object{"kid": "nobody's"}))
		},
		"no kid": func(c *customer) answer {
			return c.act(c.withHeader(object{"kid": nil}))
		},
		"untrusted region's key": func(c *customer) answer { return c.act(c.signedBy(testCloud, "healthCheck", nil)) },
		"untrusted region": func(c *customer) answer {
			return c.act(c.signedBy(testCloud, "healthCheck", object{"region": testCloud}))
		},
		"unheard-of region": func(c *customer) answer { return c.act(c.token("healthCheck", object{"region": "mars"})) },
		"activation of another region's key": func(c *customer) answer {
			return c.postActivation(c.cloud.Sign(east, nil, claimsOf(c.T, c.activation(nil))))
		},
		"cross-launch by an untrusted key": func(c *customer) answer {
			return c.launchWith(c.signedBy(testCloud, "crossLaunch", nil), webextest.DigitalSignage, "manageContent", nil)
		},
	},
	"bad_signature": {
		"other bytes": func(c *customer) answer { return c.act(forged(c.token("healthCheck", nil))) },
		"none":        func(c *customer) answer { return c.act(upToSignature(c.token("healthCheck", nil))) },
		"too short":   func(c *customer) answer { return c.act(upToSignature(c.token("healthCheck", nil)) + "AAAA") },
		"activation":  func(c *customer) answer { return c.postActivation(forged(c.activation(nil))) },
		"cross-launch": func(c *customer) answer {
			return c.launchWith(forged(c.token("crossLaunch", nil)), "x", "manageContent", nil)
		},
		"RS256": func(c *customer) answer {
			return c.act(forged(c.cloud.SignRS256(west, nil, claimsOf(c.T, c.token("healthCheck", nil)))))
		},
	},
	"token_expired": {
		"iat over a day old": func(c *customer) answer { return c.act(c.token("healthCheck", object{"iat": seconds(-24*3600 - 1)})) },
		"expiryTime":         func(c *customer) answer { return c.postActivation(c.activation(object{"expiryTime": stamp(-1)})) },
		"activation code of 8 days": func(c *customer) answer {
			return c.postActivation(c.activation(object{"iat": seconds(-8 * 24 * 3600), "expiryTime": stamp(3600)}))
		},
		"cross-launch": func(c *customer) answer {
			return c.launchWith(c.token("crossLaunch", object{"iat": seconds(-301)}), webextest.DigitalSignage, "manageContent", nil)
		},
	},
	"token_not_yet_valid": {
		"action":     func(c *customer) answer { return c.act(c.token("healthCheck", object{"iat": seconds(90)})) },
		"activation": func(c *customer) answer { return c.postActivation(c.activation(object{"iat": seconds(90)})) },
		"cross-launch": func(c *customer) answer {
			return c.launchWith(c.token("crossLaunch", object{"iat": seconds(90)}), "x", "manageContent", nil)
		},
	},
	"token_replayed": {
		"cross-launch": func(c *customer) answer {
			token := c.activate().token("crossLaunch", nil)
			c.launchWith(token, webextest.DigitalSignage, "manageContent", nil).want(c.T, 200)
			return c.launchWith(token, webextest.PersistentWebApp, "assignContent", nil)
		},
		"updateApproved": func(c *customer) answer {
			token := c.activate().token("updateApproved", object{"manifestVersion": 2})
			c.act(token).want(c.T, 200)
			return c.act(token)
		},
		"code of a removed activation": func(c *customer) answer {
			code := c.activation(object{"iat": seconds(-30)})
			c.postActivation(code).want(c.T, 200)
			c.act(c.token("deprovision", nil)).want(c.T, 200)
			return c.postActivation(code)
		},
	},
	"wrong_app": {
		"action":     func(c *customer) answer { return c.act(c.token("healthCheck", object{"appId": otherApp})) },
		"activation": func(c *customer) answer { return c.postActivation(c.activation(object{"appId": otherApp})) },
		"cross-launch": func(c *customer) answer {
			return c.launchWith(c.token("crossLaunch", object{"appId": otherApp}), webextest.DigitalSignage, "manageContent", nil)
		},
	},
	"wrong_action": {
		"crossLaunch at /actions":  func(c *customer) answer { return c.act(c.token("crossLaunch", nil)) },
		"provision at /actions":    func(c *customer) answer { return c.act(c.activation(nil)) },
		"deprovision at /activate": func(c *customer) answer { return c.postActivation(c.token("deprovision", nil)) },
		"unknown at /actions":      func(c *customer) answer { return c.act(c.token("selfDestruct", nil)) },
		"healthCheck as a launch": func(c *customer) answer {
			return c.launchWith(c.token("healthCheck", nil), webextest.DigitalSignage, "manageContent", nil)
		},
	},
	"untrusted_url": {
		"appUrl":     func(c *customer) answer { return c.activateAt("appUrl", "https://evil.example.com/app") },
		"oauthUrl":   func(c *customer) answer { return c.activateAt("oauthUrl", "https://evil.example.com/token") },
		"signageUrl": func(c *customer) answer { return c.activateAt("signageUrl", "https://evil.example.com/s") },
		"pwaUrl":     func(c *customer) answer { return c.activateAt("pwaUrl", "https://evil.example.com/p") },
		"file":       func(c *customer) answer { return c.activateAt("manifestUrl", "file:///etc/passwd") },
		"not listed": func(c *customer) answer { return c.activateAt("appUrl", "https://webexapis.com/app") },
		"localhost":  func(c *customer) answer { return c.activateAt("appUrl", "http://localhost:3001/app") },
		"user info":  func(c *customer) answer { return c.activateAt("appUrl", "https://127.0.0.1@evil.example.com/") },
		"update": func(c *customer) answer {
			return c.act(c.token("update", object{"appUrl": "https://evil.example.com/"}))
		},
	},
	"unknown_installation": {
		"updateApproved": func(c *customer) answer { return c.act(c.token("updateApproved", nil)) },
		"update":         func(c *customer) answer { return c.act(c.token("update", nil)) },
		"healthCheck":    func(c *customer) answer { return c.act(c.token("healthCheck", nil)) },
		"deprovision":    func(c *customer) answer { return c.act(c.token("deprovision", nil)) },
		"cross-launch":   func(c *customer) answer { return c.launch(webextest.DigitalSignage, "manageContent", nil) },
		"removed": func(c *customer) answer {
			c.activate().act(c.token("deprovision", nil)).want(c.T, 200)
			return c.launch(webextest.DigitalSignage, "manageContent", nil)
		},
	},
	"feature_not_provided": {
		"unknown": func(c *customer) answer { return c.activate().launch("analog_signage", "manageContent", nil) },
	},
	"too_many_devices": {
		"10,001": func(c *customer) answer {
			return c.activate().launch(webextest.DigitalSignage, "assignContent", object{"devices": sameDevices(10_001)})
		},
	},
	"unknown_launch": {
		"never existed": func(c *customer) answer { return c.redeem(strings.Repeat("A", 43)) },
		"no code":       func(c *customer) answer { return c.redeem("x") },
		"used": func(c *customer) answer {
			code := c.activate().code(nil)
			c.redeem(code).want(c.T, 200)
			return c.redeem(code)
		},
	},
	"unauthorized": {
		"wrong key": func(c *customer) answer { return c.redeemWith("x", bearer("wrong")) },
		"no key":    func(c *customer) answer { return c.redeemWith("x", nil) },
		"empty key": func(c *customer) answer { return c.redeemWith("x", bearer("")) },
		"Basic": func(c *customer) answer {
			return c.redeemWith("x", map[string]string{"Authorization": "Basic " + newKey})
		},
	},
	"webex_rejected": {
		"a stranger's manifest": func(c *customer) answer {
			code, err := c.cloud.MintStrangerActivation(c.org.ID())
			if err != nil {
				c.Fatal(err)
			}
			return c.postActivation(code)
		},
		"403 for the exchange": func(c *customer) answer {
			return c.activateWith(webextest.Fault{Kind: webextest.KindToken, Status: 403})
		},
		"our client is refused": func(c *customer) answer {
			return c.activateWith(webextest.Fault{
				Kind: webextest.KindToken, Status: 401, Body: `{"error":"invalid_client"}`, ContentType: "application/json",
			})
		},
		"404 for the app": func(c *customer) answer { return c.activateWith(webextest.Fault{Kind: webextest.KindApp, Status: 404}) },
	},
	"webex_unavailable": {
		"503 for the exchange": func(c *customer) answer {
			return c.activateWith(webextest.Fault{Kind: webextest.KindToken, Status: 503})
		},
		"502, no JSON": func(c *customer) answer {
			return c.activateWith(webextest.Fault{Kind: webextest.KindToken, Status: 502, Body: "<html>", ContentType: "text/html"})
		},
		"half an answer": func(c *customer) answer {
			return c.activateWith(webextest.Fault{Kind: webextest.KindToken, Truncate: true})
		},
		"cut connection": func(c *customer) answer {
			return c.activateWith(webextest.Fault{Kind: webextest.KindToken, Refuse: true})
		},
		"500 for the app": func(c *customer) answer { return c.activateWith(webextest.Fault{Kind: webextest.KindApp, Status: 500}) },
	},
}

func TestEveryCodeComesAbout(t *testing.T) {
	t.Parallel()
	for code := range statuses {
		ways := provocations[code]
		if len(ways) == 0 && code != "internal" { // which has a test of its own
			t.Errorf("nothing provokes %s", code)
		}
		for name, provoke := range ways {
			t.Run(code+"/"+name, func(t *testing.T) {
				t.Parallel()
				provoke(newCustomer(t, west)).wantProblem(t, code)
			})
		}
	}
}
