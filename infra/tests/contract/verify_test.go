package contract_test

import (
	"slices"
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

// report is the answer of verifyconfigs, with what is not nought.
func report(changes object) object {
	return merged(object{"verified": 0, "pushed": 0, "deleted": 0, "failed": 0, "left": 0}, changes)
}

func TestVerifyCosts(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	c.verify().wantJSON(t, 200, report(object{"verified": 1}))
	calls := c.calls()
	slices.Sort(calls)
	if !slices.Equal(calls, []string{"GET pwa", "GET signage"}) {
		t.Errorf("in sync, a verification calls %v", calls)
	}
}

func TestVerifyRepairs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(c *customer)
		want    object
	}{
		"gone": {func(c *customer) { c.cloud.DeleteConfiguration(c.org.ID(), webextest.DigitalSignage) },
			object{"verified": 1, "pushed": 1}},
		"changed": {func(c *customer) {
			c.cloud.SetConfiguration(c.org.ID(), webextest.PersistentWebApp, object{"pwaUrl": "https://other.example.com/"})
		}, object{"verified": 1, "pushed": 1}},
		"Webex fails": {func(c *customer) { c.fault(webextest.Fault{Kind: webextest.KindSignage, Status: 500, Times: 1}) },
			object{"failed": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := activated(t, west)
			test.prepare(c)
			c.verify().wantJSON(t, 200, report(test.want))
			c.verify().wantJSON(t, 200, report(object{"verified": 1})) // and then all is well
		})
	}
}

func TestVerifyWhatIsDue(t *testing.T) {
	t.Parallel()
	c := customerOf(t, shared, west)
	got := c.invoke("VerifyConfigsFunction", object{}).want(t, 200).object(t)
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
		got := send(t, request{method: method, url: shared.URL() + path})
		got.wantJSON(t, 404, object{"message": "Not Found"})
	}
}
