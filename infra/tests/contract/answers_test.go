package contract_test

import (
	"testing"

	"signpost/shared/webex/webextest"
)

// TestUnusualAnswersOfWebex: the content of Webex's answers counts, not its content
// type or encoding.
func TestUnusualAnswersOfWebex(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]webextest.Fault{
		"tokens as text":                {Kind: webextest.KindToken, ContentType: "text/plain"},
		"tokens labelled as a form":     {Kind: webextest.KindToken, ContentType: "application/x-www-form-urlencoded"},
		"tokens after a BOM":            {Kind: webextest.KindToken, Before: "\ufeff"},
		"app after a BOM":               {Kind: webextest.KindApp, Before: "\ufeff", ContentType: "text/html"},
		"app, no content":               {Kind: webextest.KindApp, Status: 204},
		"configuration after a BOM":     {Kind: webextest.KindSignage, Before: "\ufeff", ContentType: "text/plain"},
		"configurations as HTML":        {Kind: webextest.KindPWA, ContentType: "text/html"},
		"all of them, labelled wrongly": {ContentType: "application/octet-stream"},
		"all of them, after one BOM":    {Before: "\ufeff"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west)
			c.Fault(fault)
			c.PostActivation(c.Activation(nil)).WantJSON(t, 200, activeAnswer(c))
			if got := c.Verify().Want(t, 200).Object(t); got["verified"] != 1.0 || got["pushed"] != 0.0 {
				t.Errorf("a verification answers %v", got)
			}
		})
	}
}

// TestAbsentConfiguration: a configuration that Webex has lost is pushed again,
// whichever answer says that there is none.
func TestAbsentConfiguration(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]webextest.Fault{
		"404": {Status: 404}, "410": {Status: 410}, "204": {Status: 204}, "white space": {Body: " "}, "null": {Body: "null"}, "an empty object": {Body: "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := activated(t, west)
			c.Lose(webextest.DigitalSignage)
			fault.Kind, fault.Method, fault.Times = webextest.KindSignage, "GET", 1
			c.Fault(fault)
			for range 2 {
				c.Verify().Want(t, 200)
			}
			if _, stored := c.Cloud.Configuration(c.Org.ID(), webextest.DigitalSignage); !stored || c.Pushes(webextest.DigitalSignage) != 2 {
				t.Errorf("stored: %v after %d pushes", stored, c.Pushes(webextest.DigitalSignage))
			}
		})
	}
}
