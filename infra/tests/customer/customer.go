// Package customer is the kit that the suites of infra/tests share: a deployment
// on the local stack, an organization that uses it with its tokens, activation
// and launches, the requests and answers between the two, and the table.
//
// It knows the contract (addresses, claims, codes, statuses) and the simulated
// Webex, and not how the functions work. What only one suite needs stays in that
// suite.
package customer

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/infra/local/stack"
	"signpost/shared/webex/webextest"
)

// The regions of the tests. All but the last are trusted by default.
const (
	West      = "us-west-2_r"
	East      = "us-east-2_a"
	Europe    = "eu-central-1_k"
	TestCloud = "us-east-1_int13" // Cisco's own
)

// OtherApp is another integration's app id.
const OtherApp = "00000000-1111-4222-8333-444444444444"

// Customer is an organization, the deployment that it uses, and the integration through
// which it does, the default one unless it has uploaded one. Its methods end the test T
// when a request gets no answer.
type Customer struct {
	*testing.T
	Stack *stack.Stack
	Cloud *webextest.Cloud
	Org   *webextest.Organization
	App   *webextest.Integration
	since int // how many requests at Webex Calls leaves out
}

// New adds an organization to the simulated Webex of s. If t fails, it prints the last
// errors in the log of s: answers do not name the cause of an internal error.
func New(t *testing.T, s *stack.Stack, region string) *Customer {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last errors of the deployment, of any test:\n%s", lastErrors(s, 5))
		}
	})
	c := &Customer{T: t, Stack: s, Cloud: s.Webex(), Org: s.Webex().AddOrganization("Customer of "+t.Name(), region)}
	c.App = c.Cloud.Integrations(c.Org.ID())[0]
	return c
}

// lastErrors returns the last count lines of the log of s that are errors.
func lastErrors(s *stack.Stack, count int) string {
	lines := slices.DeleteFunc(strings.Split(s.Logs(), "\n"), func(line string) bool {
		return !strings.Contains(line, `"level":"ERROR"`)
	})
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

// Seconds is the value of `iat` for a time in seconds from now.
func Seconds(fromNow int) int64 { return time.Now().Unix() + int64(fromNow) }

// Activate completes an activation dated half a minute ago, so that all that
// follows is later in whole seconds. Calls then starts from here.
func (c *Customer) Activate() *Customer {
	c.Helper()
	c.PostActivation(c.Activation(Object{"iat": Seconds(-30)})).Want(c.T, 200)
	c.Forget()
	return c
}

// In is the same customer in a subtest.
func (c *Customer) In(t *testing.T) *Customer {
	copied := *c
	copied.T = t
	return &copied
}

// Activation is an activation code with changes to its claims; nil removes one.
func (c *Customer) Activation(changes Object) string {
	c.Helper()
	token := c.Minted(c.App.MintActivation(c.Org.ID()))
	if changes == nil {
		return token
	}
	return c.Cloud.Sign(c.Org.Region(), nil, Merged(ClaimsOf(c.T, token), changes))
}

// Minted is a token of the simulated Webex; an error ends the test.
func (c *Customer) Minted(token string, err error) string {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
	return token
}

// Token is a token for an action with changes to its claims; nil removes one.
func (c *Customer) Token(action string, changes Object) string {
	c.Helper()
	return c.Minted(c.App.MintAction(c.Org.ID(), action, changes))
}

// SignedBy is Token, signed by another region.
func (c *Customer) SignedBy(region, action string, changes Object) string {
	c.Helper()
	return c.Cloud.Sign(region, nil, ClaimsOf(c.T, c.Token(action, changes)))
}

// PostActivation delivers an activation code as a program does.
func (c *Customer) PostActivation(token string) Answer {
	c.Helper()
	return c.Send(Post("/activation", token))
}

// ActivateWith delivers an activation code while Webex answers with a fault.
func (c *Customer) ActivateWith(f webextest.Fault) Answer {
	c.Helper()
	c.Fault(f)
	return c.PostActivation(c.Activation(nil))
}

// Act delivers a management action.
func (c *Customer) Act(token string) Answer {
	c.Helper()
	return c.Send(Post("/actions", token))
}

// Health delivers a health check with changes to its claims.
func (c *Customer) Health(changes Object) Answer {
	c.Helper()
	return c.Act(c.Token(webextest.ActionHealthCheck, changes))
}

// Remove delivers a deprovision action, which must be accepted.
func (c *Customer) Remove(changes Object) {
	c.Helper()
	c.Act(c.Token(webextest.ActionDeprovision, changes)).Want(c.T, 200)
}

// Launch cross-launches from the page of a feature with a new token. Fields are
// the members of the body beside the token.
func (c *Customer) Launch(feature, task string, fields Object) Answer {
	c.Helper()
	return c.LaunchWith(c.Token(webextest.ActionCrossLaunch, nil), feature, task, fields)
}

// LaunchWith is Launch with the caller's token.
func (c *Customer) LaunchWith(token, feature, task string, fields Object) Answer {
	c.Helper()
	body := Object{"jwt": token}
	maps.Copy(body, fields)
	return c.PostJSON("/crossLaunch/"+feature+"/"+task, body)
}

// Manage cross-launches manageContent of digital signage.
func (c *Customer) Manage(token string) Answer {
	c.Helper()
	return c.LaunchWith(token, webextest.DigitalSignage, "manageContent", nil)
}

// Serves reports whether a cross-launch is accepted, which requires an existing
// installation.
func (c *Customer) Serves() bool {
	c.Helper()
	return c.Manage(c.Token(webextest.ActionCrossLaunch, nil)).Status == 200
}

// Code cross-launches and returns the launch code.
func (c *Customer) Code(fields Object) string {
	c.Helper()
	return c.Launch(webextest.DigitalSignage, "assignContent", fields).LaunchCode(c.T)
}

// Redeem redeems a launch with the content API key.
func (c *Customer) Redeem(code string) Answer {
	c.Helper()
	return c.Send(Redeeming(code, NewKey))
}

// RedeemWith redeems a launch with these headers.
func (c *Customer) RedeemWith(code string, headers map[string]string) Answer {
	c.Helper()
	return c.Send(Request{Method: "POST", Path: "/launches/" + code, Headers: headers})
}

// PostJSON posts any JSON.
func (c *Customer) PostJSON(path string, body Object) Answer {
	c.Helper()
	return c.Send(Request{Method: "POST", Path: path, ContentType: "application/json", Body: Encode(body)})
}

// Send sends any request to the deployment.
func (c *Customer) Send(r Request) Answer {
	c.Helper()
	return Send(c.T, c.Stack.URL(), r)
}

// Invoke calls a function through the Lambda Invoke API.
func (c *Customer) Invoke(function string, event Object) Answer {
	c.Helper()
	return c.PostJSON("/2015-03-31/functions/"+function+"/invocations", event)
}

// Verify runs verifyconfigs for this customer, due or not.
func (c *Customer) Verify() Answer {
	c.Helper()
	return c.Invoke("VerifyConfigsFunction", Object{"orgIds": []string{c.Org.ID()}})
}

// Completes runs the schedule until Webex shows the installation as provisioned.
func (c *Customer) Completes() {
	c.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(20 * time.Second); !c.Installation().FullyProvisioned; <-again.C {
		if time.Now().After(deadline) {
			c.Fatal("the schedule does not complete the activation")
		}
		c.Invoke("VerifyConfigsFunction", Object{}).Want(c.T, 200)
	}
}

// Forget makes Calls start from here.
func (c *Customer) Forget() { c.since = len(c.Cloud.Requests()) }

// Calls are the requests to Webex about this customer, such as "PUT signage".
func (c *Customer) Calls() []string {
	calls := []string{}
	for _, r := range c.Cloud.Requests()[c.since:] {
		if r.OrgID == c.Org.ID() {
			calls = append(calls, r.Method+" "+r.Kind)
		}
	}
	return calls
}

// WantNoCalls fails the test if Webex was called. Cause says what must not call it.
func (c *Customer) WantNoCalls(cause string) {
	c.Helper()
	if calls := c.Calls(); len(calls) > 0 {
		c.Errorf("%s calls Webex: %v", cause, calls)
	}
}

// Pushes counts the PUTs of a feature's configuration that Webex accepted.
func (c *Customer) Pushes(feature string) int { return c.App.Pushes(c.Org.ID(), feature) }

// WantPushes compares Pushes of both features.
func (c *Customer) WantPushes(signage, webApp int) {
	c.Helper()
	if c.Pushes(webextest.DigitalSignage) != signage || c.Pushes(webextest.PersistentWebApp) != webApp {
		c.Errorf("pushed %d and %d times, want %d and %d; calls are %v",
			c.Pushes(webextest.DigitalSignage), c.Pushes(webextest.PersistentWebApp), signage, webApp, c.Calls())
	}
}

// Installation is what Webex holds of the integration.
func (c *Customer) Installation() webextest.InstallationView {
	c.Helper()
	view, ok := c.App.Installation(c.Org.ID())
	if !ok {
		c.Fatal("Webex has no installation")
	}
	return view
}

// Fault injects a fault into Webex's answers about this customer.
func (c *Customer) Fault(f webextest.Fault) {
	f.OrgID = c.Org.ID()
	c.Cloud.Inject(f)
}

// Lose has Webex lose the configuration of a feature.
func (c *Customer) Lose(feature string) { c.App.DeleteConfiguration(c.Org.ID(), feature) }

// RevokeAccess has Webex refuse the access token, so that a new one is needed.
func (c *Customer) RevokeAccess() { c.App.RevokeAccessTokens(c.Org.ID()) }
