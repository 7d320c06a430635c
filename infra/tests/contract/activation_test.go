package contract_test

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// activeAnswer is the answer to a completed activation.
func activeAnswer(c *client) object {
	return object{
		"orgId": c.Org.Sub(), "appId": c.Cloud.AppID(), "state": "active",
		"features": object{"digital_signage": "in_sync", "persistent_web_app": "in_sync"},
	}
}

func TestActivation(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	c.PostActivation(c.Activation(nil)).WantJSON(t, 200, activeAnswer(c))
	view, api := c.Installation(), c.Stack.URL()
	if view.ProvisioningState != "completed" || view.ActionsURL != api+"/actions" || !view.FullyProvisioned {
		t.Errorf("Webex holds %+v", view)
	}
	for feature, want := range map[string]object{
		webextest.DigitalSignage: {"signageUrl": customer.SignageURL}, webextest.PersistentWebApp: {"pwaUrl": customer.PWAURL},
	} {
		want["crossLaunch"] = object{
			"assignContent": object{"url": api + "/crossLaunch/" + feature + "/assignContent"},
			"manageContent": object{"url": api + "/crossLaunch/" + feature + "/manageContent"},
		}
		stored, _ := c.Cloud.Configuration(c.Org.ID(), feature)
		if customer.Encode(stored) != customer.Encode(want) || c.Pushes(feature) != 1 {
			t.Errorf("%s, pushed %d times: %s, want %s", feature, c.Pushes(feature), customer.Encode(stored), customer.Encode(want))
		}
	}
}

// TestFormsOfABody: an activation code in each form, as API Gateway passes it.
func TestFormsOfABody(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]struct{ contentType, before, after string }{
		"JSON":                  {"application/json", `{"jwt":"`, `"}`},
		"JSON with a charset":   {"application/json; charset=utf-8", `{"jwt": "`, `", "more": [1]}`},
		"JSON, type in capital": {"Application/JSON", `{"jwt":"`, `"}`},
		"form":                  {"application/x-www-form-urlencoded", "jwt=", ""},
		"form with more":        {"application/x-www-form-urlencoded", "a=b&jwt=", "&c=d"},
		"application/jwt":       {"application/jwt", "", ""},
		"text/plain":            {"text/plain", "", "\n"},
		"JSON after a BOM":      {"application/json", "\ufeff{\"jwt\":\"", "\"}\n"},
		"form after a BOM":      {"application/x-www-form-urlencoded", "\ufeffjwt=", ""},
		"curl -d @file":         {"application/x-www-form-urlencoded", "", ""},
		"curl, all of the file": {"application/x-www-form-urlencoded", "\ufeff", "\r\n"},
		"quoted":                {"text/plain", "> \"", "\""},
		"Bearer":                {"application/jwt", "Bearer ", ""},
		"pasted JSON":           {"application/x-www-form-urlencoded", "jwt=%7B%22jwt%22%3A+%22", "%22%7D"},
		"pasted with words":     {"application/x-www-form-urlencoded", "jwt=Hello,%0D%0AActivation+code:+", "%0D%0AThanks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west)
			body := form.before + c.Activation(nil) + form.after
			post(c, "/activation", form.contentType, body).WantJSON(t, 200, activeAnswer(c))
		})
	}
}

// TestEventsOfOtherSenders sends events that are valid but not API Gateway's.
func TestEventsOfOtherSenders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header string
		base64 bool
	}{
		"base64":         {"content-type", true},
		"not base64":     {"content-type", false},
		"canonical name": {"Content-Type", false},
		"capitals":       {"CONTENT-TYPE", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west)
			body := "jwt=" + url.QueryEscape(c.Activation(nil))
			if test.base64 {
				body = base64.StdEncoding.EncodeToString([]byte(body))
			}
			event := httpEvent("POST /activation", "/activation", object{test.header: "application/x-www-form-urlencoded"})
			event["body"], event["isBase64Encoded"] = body, test.base64
			got := c.Invoke("ActivationFunction", event).Object(t)
			if got["statusCode"] != 200.0 || !strings.Contains(got["body"].(string), `"state":"active"`) {
				t.Errorf("answer is %v", got)
			}
		})
	}
}

// httpEvent is an event of payload format 2.0.
func httpEvent(routeKey, path string, headers object) object {
	method, _, _ := strings.Cut(routeKey, " ")
	return object{
		"version": "2.0", "routeKey": routeKey, "rawPath": path, "rawQueryString": "", "headers": headers,
		"isBase64Encoded": false,
		"requestContext": object{
			"routeKey": routeKey, "domainName": gatewayDomain, "requestId": "r", "stage": "$default",
			"http": object{"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x"},
		},
	}
}

func TestPageOrJSON(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	for _, test := range []struct {
		name, accept, body string
		status             int
		html               bool
	}{
		{"browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", c.Activation(nil), 200, true},
		{"program", "application/json", c.Activation(nil), 200, false},
		{"anything", "*/*", c.Activation(nil), 200, false},
		{"any text", "text/*", c.Activation(nil), 200, false},
		{"nothing", "", c.Activation(nil), 200, false},
		{"browser, problem", "text/html", "x", 400, true},
		{"program, problem", "*/*", "x", 400, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := c.In(t).Send(request{
				Method: "POST", Path: "/activation", ContentType: "application/x-www-form-urlencoded",
				Body: "jwt=" + test.body, Headers: map[string]string{"Accept": test.accept},
			}).Want(t, test.status)
			kind := got.Header.Get("Content-Type")
			if strings.HasPrefix(kind, "text/html") != test.html || strings.HasPrefix(kind, "application/") == test.html {
				t.Errorf("content type is %q", kind)
			}
		})
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	got := customer.Send(t, shared.URL(), request{Method: "GET", Path: "/activation"}).Want(t, 200)
	policy := got.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("headers are %v", got.Header)
	}
	for _, piece := range []string{"<html lang=", "<title>", "<form", "<label", `name="jwt"`, "Signpost (local)"} {
		if !strings.Contains(got.Body, piece) {
			t.Errorf("the page has no %s", piece)
		}
	}
	for _, piece := range []string{"<script", "src=", "http:", "https:", "@import"} {
		if strings.Contains(got.Body, piece) {
			t.Errorf("the page has %s", piece)
		}
	}
}

// TestPastedCodes: the page finds the code in pasted text, and shows again what
// it cannot use.
func TestPastedCodes(t *testing.T) {
	t.Parallel()
	paste := func(c *client, pasted string) answer {
		return c.Send(request{
			Method: "POST", Path: "/activation", ContentType: "application/x-www-form-urlencoded",
			Body: url.Values{"jwt": {pasted}}.Encode(), Headers: map[string]string{"Accept": "text/html"},
		})
	}
	for name, around := range map[string]func(code string) string{
		"twice":         func(code string) string { return code + "\n" + code },
		"quoted mail":   func(code string) string { return "> " + code[:100] + "\r\n> " + code[100:] + "\r\n> \r\n> Bye" },
		"soft hyphens":  func(code string) string { return code[:50] + "\u00ad" + code[50:] },
		"in backquotes": func(code string) string { return "`" + code + "`" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west)
			if got := paste(c, around(c.Activation(nil))).Want(t, 200); !strings.Contains(got.Body, "The integration is active") {
				t.Errorf("the page is %s", got.Body)
			}
		})
	}
	c := newCustomer(t, west)
	code := c.Activation(nil)
	for _, test := range []struct {
		name, pasted, wrong string
		status              int
	}{
		{"half", code[:len(code)/2], "This is not a complete activation code", 400},
		{"cut at the end", code[:len(code)-10], "was changed or cut short", 401},
		{"two", code + " " + c.Activation(nil), "These are several activation codes", 400},
		{"old", c.Activation(object{"iat": customer.Seconds(-8 * 24 * 3600)}), "has expired", 401},
		{"markup", `</textarea><script>"&`, "This is not a complete activation code", 400},
	} {
		got := paste(c, test.pasted).Want(t, test.status)
		again := ">\n" + html.EscapeString(test.pasted) + "</textarea>"
		for _, piece := range []string{test.wrong, again, `<a href="mailto:support@example.com">support@example.com</a>`} {
			if !strings.Contains(got.Body, piece) {
				t.Errorf("%s: the page has no %q:\n%s", test.name, piece, got.Body)
			}
		}
		if logs := c.Stack.Logs(); strings.Contains(logs, test.pasted) {
			t.Errorf("%s: what was pasted is logged", test.name)
		}
	}
	c.WantNoCalls("text without a code")
}

// TestHeadDoesNothing: an event with HEAD and a code is answered with the page.
func TestHeadDoesNothing(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	event := httpEvent("HEAD /activation", "/activation", object{"content-type": "application/jwt"})
	event["body"] = c.Activation(nil)
	if got := c.Invoke("ActivationFunction", event).Object(t); got["statusCode"] != 200.0 || !strings.Contains(got["body"].(string), "<form") {
		t.Errorf("HEAD with a code answers %v", got)
	}
	c.WantNoCalls("HEAD")
}

func TestRepeatedActivationDoesNothing(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	code := c.Activation(nil)
	first := c.PostActivation(code).Want(t, 200)
	c.Forget()
	again := c.PostActivation(code)
	again.WantJSON(t, 200, first.Object(t))
	c.WantNoCalls("a repeated activation")
}

// TestOneCodeTwiceAtOnce: Control Hub and an administrator may deliver the same
// code.
func TestOneCodeTwiceAtOnce(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	if got := customer.AtOnce(t, c.Stack.URL(), 3, customer.Post("/activation", c.Activation(nil))); got[200] != 3 {
		t.Errorf("statuses, and how often: %v", got)
	}
	c.WantPushes(1, 1)
}

// TestOneCodeTwiceAtOnceRefused: while a slow call to Webex is pending that is
// then refused, no answer or page says that the activation succeeded.
func TestOneCodeTwiceAtOnceRefused(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{403: 502, 503: 503} {
		for _, accept := range []string{"application/json", "text/html"} {
			t.Run(fmt.Sprintf("%d, %s", status, accept), func(t *testing.T) {
				t.Parallel()
				c := newCustomer(t, west)
				c.Fault(webextest.Fault{Kind: webextest.KindApp, Method: "PATCH", Status: status, Delay: 300 * time.Millisecond})
				r := customer.Post("/activation", c.Activation(nil))
				r.Headers = map[string]string{"Accept": accept}
				if got := customer.AtOnce(t, c.Stack.URL(), 3, r); got[want] != 3 {
					t.Errorf("statuses, and how often: %v", got)
				}
				if c.Installation().ProvisioningState == "completed" {
					t.Error("the case proves nothing: Webex stored the installation")
				}
			})
		}
	}
}

// TestReinstall: a second activation replaces the first; an unproven one has no
// effect.
func TestReinstall(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	c.PostActivation(c.Minted(c.Cloud.MintStrangerActivation(c.Org.ID()))).WantProblem(t, "webex_rejected")
	if !c.Serves() {
		t.Error("a stranger's activation has ended the installation")
	}
	unknown := newCustomer(t, west)
	unknown.PostActivation(c.Minted(c.Cloud.MintStrangerActivation(unknown.Org.ID()))).WantProblem(t, "webex_rejected")
	if unknown.Serves() {
		t.Error("a stranger's activation has made an installation")
	}
	c.Forget()
	c.PostActivation(c.Activation(nil)).WantJSON(t, 200, activeAnswer(c))
	c.WantPushes(1, 1)
}

func TestFeaturesOfAnActivation(t *testing.T) {
	t.Parallel()
	t.Run("not offered", func(t *testing.T) {
		c := newCustomer(t, west)
		want := activeAnswer(c)
		want["features"].(object)["persistent_web_app"] = "not_offered"
		c.PostActivation(c.Activation(object{"pwaUrl": nil})).WantJSON(t, 200, want)
	})
	t.Run("pending", func(t *testing.T) {
		c := newCustomer(t, west)
		want := activeAnswer(c)
		want["features"].(object)["digital_signage"] = "pending"
		c.Fault(webextest.Fault{Kind: webextest.KindSignage, Status: 500, Times: 1})
		c.PostActivation(c.Activation(nil)).WantJSON(t, 200, want)
		c.Verify().WantJSON(t, 200, report(object{"verified": 1, "pushed": 1}))
	})
}

// TestRetryAfter: Webex's Retry-After is passed on.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault webextest.Fault
		code  string
		want  string
	}{
		"429":               {webextest.Fault{Kind: webextest.KindToken, Status: 429, RetryAfter: "17"}, "webex_unavailable", "17"},
		"503":               {webextest.Fault{Kind: webextest.KindToken, Status: 503, RetryAfter: "120"}, "webex_unavailable", "120"},
		"429 of the app":    {webextest.Fault{Kind: webextest.KindApp, Status: 429, RetryAfter: "9"}, "webex_unavailable", "9"},
		"403":               {webextest.Fault{Kind: webextest.KindToken, Status: 403, RetryAfter: "5"}, "webex_rejected", "5"},
		"503 without":       {webextest.Fault{Kind: webextest.KindToken, Status: 503}, "webex_unavailable", ""},
		"503 with nonsense": {webextest.Fault{Kind: webextest.KindToken, Status: 503, RetryAfter: "soon"}, "webex_unavailable", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newCustomer(t, west).ActivateWith(test.fault)
			got.WantProblem(t, test.code)
			if header := got.Header.Get("Retry-After"); header != test.want {
				t.Errorf("Retry-After is %q, want %q", header, test.want)
			}
		})
	}
}

// TestActivationIsFinishedLater: the row stays when Webex could not be told, and
// the same code resumes.
func TestActivationIsFinishedLater(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]webextest.Fault{
		"not exchanged":           {Kind: webextest.KindToken, Status: 500},
		"exchanged, no reply":     {Kind: webextest.KindToken, LoseReply: true},
		"exchanged, half a reply": {Kind: webextest.KindToken, Truncate: true},
		"not told":                {Kind: webextest.KindApp, Status: 500},
		"told, no reply":          {Kind: webextest.KindApp, LoseReply: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west)
			fault.Times = 1
			c.Fault(fault)
			code := c.Activation(nil)
			c.PostActivation(code).WantProblem(t, "webex_unavailable")
			c.PostActivation(code).WantJSON(t, 200, activeAnswer(c)) // the same code resumes
			if !c.Installation().FullyProvisioned {
				t.Error("Webex was not told")
			}
		})
	}
}
