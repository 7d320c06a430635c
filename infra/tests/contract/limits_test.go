package contract_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// hanging is longer than any time limit.
const hanging = 30 * time.Second

// hangingCase is a request while Webex does not answer.
type hangingCase struct {
	name  string
	limit time.Duration
	send  func() (answer, error)
	check func(t *testing.T, got answer)
}

// later is the request that delivers a token as JSON.
func later(c *client, path, token string) func() (answer, error) {
	return func() (answer, error) { return customer.Try(c.Stack.URL(), customer.Post(path, token)) }
}

// isProblem checks for the problem with this code.
func isProblem(code string) func(*testing.T, answer) {
	return func(t *testing.T, got answer) { got.WantProblem(t, code) }
}

// isOK checks for a 200 whose JSON has this member; none if name is empty.
func isOK(name string, value any) func(*testing.T, answer) {
	return func(t *testing.T, got answer) {
		if got.Status != 200 || (name != "" && customer.Encode(got.Object(t)[name]) != customer.Encode(value)) {
			t.Errorf("answer is %d %s, want 200 with %s: %v", got.Status, got.Body, name, value)
		}
	}
}

// TestAnswersLeaveInTime sends all requests at the same time, so that the test
// takes as long as the longest limit.
func TestAnswersLeaveInTime(t *testing.T) {
	t.Parallel()
	cases := slices.Concat(hangingCalls(t), hangingKeySets(t), oneHangingKeySet(t))
	got := make([]answer, len(cases))
	errs := make([]error, len(cases))
	var wait sync.WaitGroup
	for i, one := range cases {
		wait.Go(func() { got[i], errs[i] = one.send() })
	}
	slack := time.Second + 2*slowestPage(t, &wait)
	for i, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			if got[i].Took > one.limit+slack {
				t.Errorf("answered after %v, the limit is %v and the machine's slack %v", got[i].Took, one.limit, slack)
			}
			one.check(t, got[i])
		})
	}
}

// slowestPage requests a page that needs no other service until the others are
// done, and returns the longest time that took, which is what a busy machine adds
// to an answer.
func slowestPage(t *testing.T, others *sync.WaitGroup) time.Duration {
	t.Helper()
	done := make(chan struct{})
	go func() { others.Wait(); close(done) }()
	slowest := time.Duration(0)
	for {
		slowest = max(slowest, customer.Send(t, shared.URL(), request{Method: "GET", Path: "/activation"}).Took)
		select {
		case <-done:
			return slowest
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// hangingCalls are the cases in which a call to Webex's APIs hangs.
func hangingCalls(t *testing.T) []hangingCase {
	const activation, action, health = 10 * time.Second, 5 * time.Second, 2 * time.Second
	kinds := func(c *client, kinds ...string) *client {
		for _, kind := range kinds {
			c.Fault(webextest.Fault{Kind: kind, Delay: hanging})
		}
		return c
	}
	fresh := func(which ...string) func() (answer, error) {
		c := kinds(newCustomer(t, west), which...)
		return later(c, "/activation", c.Activation(nil))
	}
	installed := func(action string, which ...string) func() (answer, error) {
		c := kinds(activated(t, west), which...)
		return later(c, "/actions", c.Token(action, nil))
	}
	withoutAccess := activated(t, west)
	withoutAccess.Cloud.RevokeAccessTokens(withoutAccess.Org.ID())
	kinds(withoutAccess, webextest.KindToken)
	moved := activated(t, west)
	move, err := moved.Cloud.MintMove(moved.Org.ID(), europe, webextest.MoveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kinds(moved, webextest.KindToken)
	pending := object{"digital_signage": "pending", "persistent_web_app": "in_sync"}
	return []hangingCase{
		{"activation, exchange", activation, fresh(webextest.KindToken), isProblem("webex_unavailable")},
		{"activation, app", activation, fresh(webextest.KindApp), isProblem("webex_unavailable")},
		{"activation, one configuration", activation, fresh(webextest.KindSignage), isOK("features", pending)},
		{"updateApproved, exchange", action, installed("updateApproved", webextest.KindToken), isOK("", nil)},
		{"updateApproved, configurations", action, installed("updateApproved", webextest.KindSignage, webextest.KindPWA), isOK("", nil)},
		{"update by the new region", action, later(moved, "/actions", move), isOK("", nil)},
		{"deprovision", action, installed("deprovision", webextest.KindToken, webextest.KindApp), isOK("", nil)},
		{"healthCheck, configurations", health, installed("healthCheck", webextest.KindSignage), isOK("operationalState", "impaired")},
		{"healthCheck, exchange", health, later(withoutAccess, "/actions", withoutAccess.Token("healthCheck", nil)), isOK("operationalState", "impaired")},
	}
}

// hangingKeySets are the cases in which no key set is cached yet and its fetch
// hangs.
func hangingKeySets(t *testing.T) []hangingCase {
	s := customer.StartFor(t, nil)
	s.Webex().Inject(webextest.Fault{Kind: webextest.KindJWKS, Delay: hanging})
	c := customer.New(t, s, west)
	unavailable := isProblem("webex_unavailable")
	return []hangingCase{
		{"activation, key set", 10 * time.Second, later(c, "/activation", c.Activation(nil)), unavailable},
		{"updateApproved, key set", 5 * time.Second, later(c, "/actions", c.Token("updateApproved", nil)), unavailable},
		{"healthCheck, key set", 2 * time.Second, later(c, "/actions", c.Token("healthCheck", nil)), unavailable},
		{"cross-launch, key set", 2 * time.Second, later(c, "/crossLaunch/digital_signage/assignContent", c.Token("crossLaunch", nil)), unavailable},
	}
}

// oneHangingKeySet are the cases in which no key set is cached yet and the fetch
// of another region's hangs.
func oneHangingKeySet(t *testing.T) []hangingCase {
	s := customer.StartFor(t, nil)
	s.Webex().Inject(webextest.Fault{Kind: webextest.KindJWKS, Region: europe, Delay: hanging})
	c := customer.New(t, s, west).Activate()
	return []hangingCase{
		{"healthCheck, another region's key set", 2 * time.Second, later(c, "/actions", c.Token("healthCheck", nil)), isOK("operationalState", "operational")},
		{"updateApproved, another region's key set", 5 * time.Second, later(c, "/actions", c.Token("updateApproved", nil)), isOK("", nil)},
		{"cross-launch, another region's key set", 2 * time.Second, later(c, "/crossLaunch/digital_signage/manageContent", c.Token("crossLaunch", nil)), func(t *testing.T, got answer) { got.Want(t, 200) }},
	}
}
