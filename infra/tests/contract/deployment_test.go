package contract_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/infra/local/stack"
	"signpost/shared/webex/webextest"
)

// gatewayDomain is the name that API Gateway gave an API.
const gatewayDomain = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"

// TestBaseURLIsAPIGateways: without PUBLIC_URL it is the domain name in API
// Gateway's request context, kept with the installation, and no header's.
func TestBaseURLIsAPIGateways(t *testing.T) {
	t.Parallel()
	s := otherStack(t, map[string]string{"PUBLIC_URL": ""})
	c := customerOf(t, s, west)
	evil := "evil.example.com"
	event := httpEvent("POST /activation", "/activation", object{
		"content-type": "application/json", "host": evil, "x-forwarded-host": evil, "forwarded": "host=" + evil,
		"x-forwarded-proto": "http", "x-original-host": evil, "origin": "https://" + evil, "referer": "https://" + evil + "/",
	})
	event["body"] = encode(t, object{"jwt": c.activation(object{"iat": seconds(-30)})})
	if got := c.invoke("ActivationFunction", event).object(t); got["statusCode"] != 200.0 {
		t.Fatalf("answer is %v", got)
	}
	c.wantBaseURL("https://" + gatewayDomain)

	c.forget() // kept: another entrance later changes nothing
	c.verify().wantJSON(t, 200, report(object{"verified": 1}))
	c.act(c.token("updateApproved", nil)).want(t, 200)
	c.wantBaseURL("https://" + gatewayDomain)
	if c.pushes(webextest.DigitalSignage) != 1 {
		t.Errorf("calls are %v", c.calls())
	}

	s.SetEnvironment(map[string]string{"PUBLIC_URL": "https://signage.vendor.example"})
	c.verify().wantJSON(t, 200, report(object{"verified": 1, "pushed": 2}))
	c.wantBaseURL("https://signage.vendor.example")
}

// TestNoAddressOfTheMachineItself: as under `sam local` without PUBLIC_URL.
// Webex would store an address that leads nowhere, and all would look well.
func TestNoAddressOfTheMachineItself(t *testing.T) {
	t.Parallel()
	s := otherStack(t, map[string]string{"PUBLIC_URL": ""})
	c := customerOf(t, s, west)
	for _, name := range []string{"localhost", "127.0.0.1:3000", "0.0.0.0", ""} {
		event := httpEvent("POST /activation", "/activation", object{"content-type": "application/json"})
		event["requestContext"].(object)["domainName"] = name
		event["body"] = encode(t, object{"jwt": c.activation(nil)})
		got := c.invoke("ActivationFunction", event).object(t)
		if got["statusCode"] != 500.0 || !strings.Contains(got["body"].(string), `"internal"`) {
			t.Errorf("%q: answer is %v", name, got)
		}
	}
	if logs := s.Logs(); !strings.Contains(logs, "set PUBLIC_URL to an address") {
		t.Errorf("the log does not say what to set:\n%s", logs)
	}
	if calls := c.calls(); len(calls) > 0 || c.installation().ActionsURL != "" {
		t.Errorf("Webex holds %+v, after %v", c.installation(), calls)
	}
}

// wantBaseURL checks all addresses of ours that Webex holds.
func (c *customer) wantBaseURL(base string) {
	c.Helper()
	if got := c.installation().ActionsURL; got != base+"/actions" {
		c.Errorf("actionsUrl is %s, want it under %s", got, base)
	}
	for _, feature := range []string{webextest.DigitalSignage, webextest.PersistentWebApp} {
		stored, _ := c.cloud.Configuration(c.org.ID(), feature)
		if got := encode(c.T, stored["crossLaunch"]); strings.Count(got, `"`+base+"/crossLaunch/"+feature+"/") != 2 {
			c.Errorf("%s: cross-launch is %s, want it under %s", feature, got, base)
		}
	}
}

// TestOneFeatureOnly: a feature is provided if and only if its URL is set.
func TestOneFeatureOnly(t *testing.T) {
	t.Parallel()
	s := otherStack(t, map[string]string{"PWA_URL": ""})
	c := customerOf(t, s, west)
	want := c.activeAnswer()
	want["features"] = object{"digital_signage": "in_sync"}
	c.postActivation(c.activation(nil)).wantJSON(t, 200, want)
	c.launch(webextest.PersistentWebApp, "manageContent", nil).wantProblem(t, "feature_not_provided")
	c.launch(webextest.DigitalSignage, "manageContent", nil).want(t, 200)
	if c.pushes(webextest.PersistentWebApp) != 0 {
		t.Errorf("calls are %v", c.calls())
	}

	s.SetEnvironment(map[string]string{"PWA_URL": pwaURL, "SIGNAGE_URL": ""})
	c.verify().wantJSON(t, 200, report(object{"verified": 1, "pushed": 1, "deleted": 1}))
	if _, stored := c.cloud.Configuration(c.org.ID(), webextest.DigitalSignage); stored {
		t.Error("the configuration of a dropped feature is still stored")
	}
}

// TestSchedule: what could not be done is found due, and done.
func TestSchedule(t *testing.T) {
	t.Parallel()
	s := otherStack(t, map[string]string{"VERIFY_INTERVAL": "1s"})
	c := customerOf(t, s, west)
	c.activateWith(webextest.Fault{Kind: webextest.KindToken, Status: 500, Times: 1}).wantProblem(t, "webex_unavailable")
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(15 * time.Second); !c.installation().FullyProvisioned; <-again.C {
		if time.Now().After(deadline) {
			t.Fatal("the schedule does not finish the activation")
		}
		c.invoke("VerifyConfigsFunction", object{}).want(t, 200)
	}
	c.postActivation(c.activation(nil)).wantJSON(t, 200, c.activeAnswer())
}

// TestInternal: what is wrong on our side has one answer, and shows nothing.
func TestInternal(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(t *testing.T, s *stack.Stack){
		"the table is gone": func(t *testing.T, s *stack.Stack) {
			if _, err := tableOf(s).DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String(s.TableName())}); err != nil {
				t.Fatal(err)
			}
		},
		"DynamoDB does not answer": func(_ *testing.T, s *stack.Stack) {
			s.SetEnvironment(map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := otherStack(t, nil)
			breakIt(t, s)
			c := customerOf(t, s, west)
			for route, got := range map[string]answer{
				"activation":   c.postActivation(c.activation(nil)),
				"actions":      c.act(c.token("healthCheck", nil)),
				"cross-launch": c.launch(webextest.DigitalSignage, "manageContent", nil),
				"launches":     c.redeem("x"),
			} {
				got.wantProblem(t, "internal")
				for _, inner := range []string{"dynamodb", "DynamoDB", "Installations", "127.0.0.1", "Exception", "dial"} {
					if strings.Contains(got.body, inner) {
						t.Errorf("%s shows %q: %s", route, inner, got.body)
					}
				}
			}
			if !strings.Contains(s.Logs(), `"code":"internal"`) {
				t.Error("the log does not tell")
			}
		})
	}
}

// TestAppIDInAnyCase: the setting and the token may write the same id each in
// their own way.
func TestAppIDInAnyCase(t *testing.T) {
	t.Parallel()
	s := otherStack(t, nil)
	c := customerOf(t, s, west)
	s.SetEnvironment(map[string]string{"WEBEX_APP_ID": strings.ToUpper(c.cloud.AppID())})
	c.postActivation(c.activation(nil)).wantJSON(t, 200, c.activeAnswer())
	c.act(c.token("healthCheck", nil)).want(t, 200)
	c.act(c.token("healthCheck", object{"appId": strings.ToUpper(c.cloud.AppID())})).want(t, 200)
}

// TestOnlyThroughTheFirewall: with a key in front of the API, a request without
// it is refused at every route, before anything of it is looked at.
func TestOnlyThroughTheFirewall(t *testing.T) {
	t.Parallel()
	const key = "cloudfront-sends-this-0123456789abcdef"
	s := otherStack(t, map[string]string{"SECRET_ORIGIN_KEY": key})
	c := customerOf(t, s, west)
	code := c.activation(nil)
	for _, route := range []string{
		"GET /activation", "POST /activation", "POST /actions", "POST /crossLaunch/digital_signage/assignContent",
		"POST /crossLaunch/persistent_web_app/manageContent", "POST /launches/" + strings.Repeat("a", 43),
	} {
		method, path, _ := strings.Cut(route, " ")
		r := request{method: method, url: s.URL() + path, contentType: "application/json", headers: map[string]string{}}
		if method == "POST" {
			r.body = encode(t, object{"jwt": code})
		}
		for _, wrong := range []string{"", key + "x"} {
			r.headers["X-Origin-Key"] = wrong
			if got := send(t, r); got.status != 403 || got.body != `{"message":"Forbidden"}` {
				t.Errorf("%s with %q: %d %s", route, wrong, got.status, got.body)
			}
		}
	}
	if calls := c.calls(); len(calls) > 0 {
		t.Errorf("Webex was asked: %v", calls)
	}
	through := request{method: "POST", url: s.URL() + "/activation", contentType: "application/json", body: encode(t, object{"jwt": code}), headers: map[string]string{"X-Origin-Key": key}}
	send(t, through).want(t, 200)
}
