package contract_test

import (
	"testing"

	"signpost/shared/webex/webextest"
)

// TestAnswersOfWebexInOtherWords: what Webex means counts, not how it labels or
// writes it. Each of these is activated like any other.
func TestAnswersOfWebexInOtherWords(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]webextest.Fault{
		"tokens as text":               {Kind: webextest.KindToken, ContentType: "text/plain"},
		"tokens labelled as a form":    {Kind: webextest.KindToken, ContentType: "application/x-www-form-urlencoded"},
		"tokens behind a mark":         {Kind: webextest.KindToken, Before: "\ufeff"},
		"app behind a mark":            {Kind: webextest.KindApp, Before: "\ufeff", ContentType: "text/html"},
		"app, said nothing":            {Kind: webextest.KindApp, Status: 204},
		"configuration behind a mark":  {Kind: webextest.KindSignage, Before: "\ufeff", ContentType: "text/plain"},
		"configurations as HTML":       {Kind: webextest.KindPWA, ContentType: "text/html"},
		"all of them, labelled wrong":  {ContentType: "application/octet-stream"},
		"all of them, behind one mark": {Before: "\ufeff"},
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

// TestAbsentConfigurationInOtherWords: a configuration that Webex has lost is put
// back, however Webex says that it has none.
func TestAbsentConfigurationInOtherWords(t *testing.T) {
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
