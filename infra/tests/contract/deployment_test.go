package contract_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// gatewayDomain is a domain name of API Gateway.
const gatewayDomain = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"

// TestBaseURLIsAPIGateways: without PUBLIC_URL the base URL comes from the domain
// name in API Gateway's request context, never from a header, and is kept with the
// installation.
func TestBaseURLIsAPIGateways(t *testing.T) {
	t.Parallel()
	s := customer.StartFor(t, map[string]string{"PUBLIC_URL": ""})
	c := customer.New(t, s, west)
	evil := "evil.example.com"
	event := httpEvent("POST /activation", "/activation", object{
		"content-type": "application/json", "host": evil, "x-forwarded-host": evil, "forwarded": "host=" + evil,
		"x-forwarded-proto": "http", "x-original-host": evil, "origin": "https://" + evil, "referer": "https://" + evil + "/",
	})
	event["body"] = customer.Encode(object{"jwt": c.Activation(object{"iat": customer.Seconds(-30)})})
	if got := c.Invoke("ActivationFunction", event).Object(t); got["statusCode"] != 200.0 {
		t.Fatalf("answer is %v", got)
	}
	wantBaseURL(c, "https://"+gatewayDomain)

	c.Forget() // requests under another name do not change it
	c.Verify().WantJSON(t, 200, report(object{"verified": 1}))
	c.Act(c.Token("updateApproved", nil)).Want(t, 200)
	wantBaseURL(c, "https://"+gatewayDomain)
	if c.Pushes(webextest.DigitalSignage) != 1 {
		t.Errorf("calls are %v", c.Calls())
	}

	s.SetEnvironment(map[string]string{"PUBLIC_URL": "https://signage.vendor.example"})
	c.Verify().WantJSON(t, 200, report(object{"verified": 1, "pushed": 2}))
	wantBaseURL(c, "https://signage.vendor.example")
}

// TestNoAddressOfTheMachineItself: under `sam local` without PUBLIC_URL, Webex
// would store an address that it cannot reach, and the activation would succeed.
func TestNoAddressOfTheMachineItself(t *testing.T) {
	t.Parallel()
	s := customer.StartFor(t, map[string]string{"PUBLIC_URL": ""})
	c := customer.New(t, s, west)
	for _, name := range []string{"localhost", "127.0.0.1:3000", "0.0.0.0", ""} {
		event := httpEvent("POST /activation", "/activation", object{"content-type": "application/json"})
		event["requestContext"].(object)["domainName"] = name
		event["body"] = customer.Encode(object{"jwt": c.Activation(nil)})
		got := c.Invoke("ActivationFunction", event).Object(t)
		if got["statusCode"] != 500.0 || !strings.Contains(got["body"].(string), `"internal"`) {
			t.Errorf("%q: answer is %v", name, got)
		}
	}
	if logs := s.Logs(); !strings.Contains(logs, "set PUBLIC_URL to an address") {
		t.Errorf("the log does not say what to set:\n%s", logs)
	}
	if calls := c.Calls(); len(calls) > 0 || c.Installation().ActionsURL != "" {
		t.Errorf("Webex holds %+v, after %v", c.Installation(), calls)
	}
}

// wantBaseURL checks all our addresses that Webex holds.
func wantBaseURL(c *client, base string) {
	c.Helper()
	if got := c.Installation().ActionsURL; got != base+"/actions" {
		c.Errorf("actionsUrl is %s, want it under %s", got, base)
	}
	for _, feature := range []string{webextest.DigitalSignage, webextest.PersistentWebApp} {
		stored, _ := c.Cloud.Configuration(c.Org.ID(), feature)
		if got := customer.Encode(stored["crossLaunch"]); strings.Count(got, `"`+base+"/crossLaunch/"+feature+"/") != 2 {
			c.Errorf("%s: cross-launch is %s, want it under %s", feature, got, base)
		}
	}
}

// TestOneFeatureOnly: a feature is provided if and only if its URL is set.
func TestOneFeatureOnly(t *testing.T) {
	t.Parallel()
	s := customer.StartFor(t, map[string]string{"PWA_URL": ""})
	c := customer.New(t, s, west)
	want := activeAnswer(c)
	want["features"] = object{"digital_signage": "in_sync"}
	c.PostActivation(c.Activation(nil)).WantJSON(t, 200, want)
	c.Launch(webextest.PersistentWebApp, "manageContent", nil).WantProblem(t, "feature_not_provided")
	c.Launch(webextest.DigitalSignage, "manageContent", nil).Want(t, 200)
	if c.Pushes(webextest.PersistentWebApp) != 0 {
		t.Errorf("calls are %v", c.Calls())
	}

	s.SetEnvironment(map[string]string{"PWA_URL": customer.PWAURL, "SIGNAGE_URL": ""})
	c.Verify().WantJSON(t, 200, report(object{"verified": 1, "pushed": 1, "deleted": 1}))
	if _, stored := c.Cloud.Configuration(c.Org.ID(), webextest.DigitalSignage); stored {
		t.Error("the configuration of a dropped feature is still stored")
	}
}

// TestSchedule: the schedule completes what an activation could not.
func TestSchedule(t *testing.T) {
	t.Parallel()
	s := customer.StartFor(t, map[string]string{"VERIFY_INTERVAL": "1s"})
	c := customer.New(t, s, west)
	c.ActivateWith(webextest.Fault{Kind: webextest.KindToken, Status: 500, Times: 1}).WantProblem(t, "webex_unavailable")
	c.Completes()
	c.PostActivation(c.Activation(nil)).WantJSON(t, 200, activeAnswer(c))
}

// TestInternal: a fault on our side has one answer, which shows no cause.
func TestInternal(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(t *testing.T, s *stack.Stack){
		"the table is gone": func(t *testing.T, s *stack.Stack) {
			if _, err := customer.Table(s.DynamoDBURL()).DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String(s.TableName())}); err != nil {
				t.Fatal(err)
			}
		},
		"DynamoDB does not answer": func(_ *testing.T, s *stack.Stack) {
			s.SetEnvironment(map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := customer.StartFor(t, nil)
			breakIt(t, s)
			c := customer.New(t, s, west)
			for route, got := range map[string]answer{
				"activation":   c.PostActivation(c.Activation(nil)),
				"actions":      c.Health(nil),
				"cross-launch": c.Launch(webextest.DigitalSignage, "manageContent", nil),
				"launches":     c.Redeem("x"),
			} {
				got.WantProblem(t, "internal")
				if strings.Contains(got.Body, "127.0.0.1") {
					t.Errorf("%s shows an address: %s", route, got.Body)
				}
			}
			if !strings.Contains(s.Logs(), `"code":"internal"`) {
				t.Error("the log does not report it")
			}
		})
	}
}

// TestAppIDInAnyCase: the setting and the token may write the id in different
// cases.
func TestAppIDInAnyCase(t *testing.T) {
	t.Parallel()
	s := customer.StartFor(t, nil)
	c := customer.New(t, s, west)
	s.SetEnvironment(map[string]string{"WEBEX_APP_ID": strings.ToUpper(c.Cloud.AppID())})
	c.PostActivation(c.Activation(nil)).WantJSON(t, 200, activeAnswer(c))
	c.Health(nil).Want(t, 200)
	c.Health(object{"appId": strings.ToUpper(c.Cloud.AppID())}).Want(t, 200)
}

// TestOnlyThroughTheFirewall: with an origin key configured, a request without it
// is refused at every route, before any other check.
func TestOnlyThroughTheFirewall(t *testing.T) {
	t.Parallel()
	const key = "cloudfront-sends-this-0123456789abcdef"
	s := customer.StartFor(t, map[string]string{"SECRET_ORIGIN_KEY": key})
	c := customer.New(t, s, west)
	code := c.Activation(nil)
	for _, route := range []string{
		"GET /activation", "POST /activation", "POST /actions", "POST /crossLaunch/digital_signage/assignContent",
		"POST /crossLaunch/persistent_web_app/manageContent", "POST /launches/" + strings.Repeat("a", 43),
	} {
		method, path, _ := strings.Cut(route, " ")
		r := request{Method: method, Path: path, ContentType: "application/json", Headers: map[string]string{}}
		if method == "POST" {
			r.Body = customer.Encode(object{"jwt": code})
		}
		for _, wrong := range []string{"", key + "x"} {
			r.Headers["X-Origin-Key"] = wrong
			if got := c.Send(r); got.Status != 403 || got.Body != `{"message":"Forbidden"}` {
				t.Errorf("%s with %q: %d %s", route, wrong, got.Status, got.Body)
			}
		}
	}
	c.WantNoCalls("a request without the key")
	through := request{Method: "POST", Path: "/activation", ContentType: "application/json", Body: customer.Encode(object{"jwt": code}), Headers: map[string]string{"X-Origin-Key": key}}
	c.Send(through).Want(t, 200)
}
