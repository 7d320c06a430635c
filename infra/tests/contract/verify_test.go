package contract_test

import (
	"slices"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// report is an answer of verifyconfigs: zeros with changes.
func report(changes object) object {
	return customer.Merged(object{"verified": 0, "pushed": 0, "deleted": 0, "failed": 0, "left": 0}, changes)
}

func TestVerifyCosts(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	c.Verify().WantJSON(t, 200, report(object{"verified": 1}))
	calls := c.Calls()
	slices.Sort(calls)
	if !slices.Equal(calls, []string{"GET pwa", "GET signage"}) {
		t.Errorf("in sync, a verification calls %v", calls)
	}
}

func TestVerifyRepairs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(c *client)
		want    object
	}{
		"gone": {func(c *client) { c.Lose(webextest.DigitalSignage) },
			object{"verified": 1, "pushed": 1}},
		"changed": {func(c *client) {
			c.Cloud.SetConfiguration(c.Org.ID(), webextest.PersistentWebApp, object{"pwaUrl": "https://other.example.com/"})
		}, object{"verified": 1, "pushed": 1}},
		"Webex fails": {func(c *client) { c.Fault(webextest.Fault{Kind: webextest.KindSignage, Status: 500, Times: 1}) },
			object{"failed": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := activated(t, west)
			test.prepare(c)
			c.Verify().WantJSON(t, 200, report(test.want))
			c.Verify().WantJSON(t, 200, report(object{"verified": 1})) // and then nothing is left to do
		})
	}
}

func TestVerifyWhatIsDue(t *testing.T) {
	t.Parallel()
	c := customer.New(t, shared, west)
	got := c.Invoke("VerifyConfigsFunction", object{}).Want(t, 200).Object(t)
	for name, value := range got {
		if _, number := value.(float64); !number || report(nil)[name] == nil {
			t.Errorf("%s is %v", name, value)
		}
	}
	if len(got) != len(report(nil)) {
		t.Errorf("answer is %v", got)
	}
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	for _, route := range []string{
		"GET /", "GET /actions", "PUT /activation", "POST /activation/", "POST /nothing", "GET /launches/x",
		"POST /launches/", "POST /launches/x/y", "POST /crossLaunch/digital_signage", "GET /crossLaunch/digital_signage/assignContent",
		"POST /crossLaunch/digital_signage/otherContent",
	} {
		method, path, _ := strings.Cut(route, " ")
		customer.Send(t, shared.URL(), request{Method: method, Path: path}).WantJSON(t, 404, object{"message": "Not Found"})
	}
}
