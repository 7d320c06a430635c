package contract_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/integration"
	"signpost/shared/invitation"
	"signpost/shared/webex/webextest"
)

// wantPage fails the test unless the answer is a page that says all of this.
func wantPage(t *testing.T, got answer, status int, says ...string) {
	t.Helper()
	got.Want(t, status)
	for _, text := range says {
		if !strings.Contains(got.Body, text) {
			t.Errorf("the page does not say %q:\n%s", text, got.Body)
		}
	}
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	made, code := c.Invite(invitation.Order{Reference: "4711", Label: "internal name"})
	wantPage(t, c.Page(code), 200, "Activation code", "for your organization only")
	if strings.Contains(c.Page(code).Body, "4711") || strings.Contains(c.Page(code).Body, "internal name") {
		t.Error("the page tells what the vendor noted")
	}
	token := c.Activation(object{"iat": customer.Seconds(-30)})
	for range 2 { // a code that is posted again gets the same answer
		c.Submit(code, false, map[string]string{"jwt": token}).Want(t, 200)
	}
	if got := c.Redeem(c.Code(nil)).Want(t, 200).Object(t); got["reference"] != "4711" {
		t.Errorf("redeemed %v", got)
	}
	used, err := c.Invitations().Find(t.Context(), code)
	if err != nil || used.ID != made.ID || used.UsedBy.OrgKey != c.Org.ID() || used.UsedAt.IsZero() {
		t.Errorf("not used up: %+v, %v", used, err)
	}
	c.Page(code).Want(t, 404)
	other := newCustomer(t, west)
	other.Submit(code, false, map[string]string{"jwt": other.Activation(nil)}).WantProblem(t, "unknown_invitation")
	if len(other.Items()) > 0 {
		t.Errorf("stored %v", other.Items())
	}
}

// TestInvitationsThatDoNotWork look the same, whatever is asked.
func TestInvitationsThatDoNotWork(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	revoked, revokedCode := c.Invite(invitation.Order{Private: true})
	if _, err := c.Invitations().Revoke(t.Context(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	_, usedCode := c.Invite(invitation.Order{})
	c.Submit(usedCode, false, map[string]string{"jwt": c.Activation(nil)}).Want(t, 200)
	other := newCustomer(t, west)
	var first string
	for name, code := range map[string]string{"unknown": "nonsense", "its id": revoked.ID, "revoked": revokedCode, "used": usedCode} {
		for _, got := range []answer{
			other.Send(request{Method: "GET", Path: "/activation?invite=" + url.QueryEscape(code)}),
			other.Send(request{Method: "GET", Path: "/activation/manifest?invite=" + url.QueryEscape(code)}),
			other.Submit(code, false, map[string]string{"jwt": other.Activation(nil)}),
			other.Submit(code, false, map[string]string{"clientId": "C1", "clientSecret": "s"}),
		} {
			got.WantProblem(t, "unknown_invitation")
			if first == "" {
				first = got.Body
			}
			if got.Body != first {
				t.Errorf("%s: %s, others %s", name, got.Body, first)
			}
		}
		wantPage(t, other.Page(code), 404, "This link does not work")
	}
	_, open := c.Invite(invitation.Order{})
	other.Send(request{Method: "GET", Path: "/activation/manifest?invite=" + open}).WantProblem(t, "unknown_invitation")
}

// TestPrivateInvitation goes through the steps of the page, as a customer does.
func TestPrivateInvitation(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	made, code := c.Invite(invitation.Order{Private: true, Reference: "4711"})
	wantPage(t, c.Page(code), 200, "Download your manifest", "Client secret", "This comes after client id and client secret are saved")
	path := "/activation/manifest?invite=" + code
	downloaded := c.Send(request{Method: "GET", Path: path}).Want(t, 200)
	var manifest struct {
		ID, Availability string
		Features         []string
		Provisioning     struct{ Type, ActivationGuideURL string }
	}
	if err := json.Unmarshal([]byte(downloaded.Body), &manifest); err != nil || manifest.ID != made.AppID || manifest.Availability != "org_private" ||
		len(manifest.Features) != 2 || manifest.Provisioning.ActivationGuideURL != c.Stack.URL()+"/activation?invite="+code {
		t.Errorf("manifest %s, %v", downloaded.Body, err)
	}
	if again := c.Send(request{Method: "GET", Path: path}); again.Body != downloaded.Body {
		t.Errorf("another manifest: %s", again.Body)
	}
	c = c.UploadInvited(code)
	client := map[string]string{"clientId": " " + c.App.ClientID() + "\n", "clientSecret": c.App.ClientSecret()}
	if kept := c.Submit(code, true, client).Want(t, 303); kept.Header.Get("Location") != "activation?invite="+code {
		t.Errorf("sent to %q", kept.Header.Get("Location"))
	}
	wantPage(t, c.Page(code), 200, "Saved: client id <code>"+c.App.ClientID(), "Activation code")
	wantPage(t, c.Submit(code, true, map[string]string{"jwt": "In Control Hub: " + c.Activation(object{"iat": customer.Seconds(-30)})}), 200, "The integration is active")
	c.Health(nil).WantJSON(t, 200, healthy)
	if got := c.Redeem(c.Code(nil)).Want(t, 200).Object(t); got["reference"] != "4711" || got["appId"] != made.AppID {
		t.Errorf("redeemed %v", got)
	}
	c.Submit(code, false, client).WantProblem(t, "unknown_invitation")
	registered, _, err := c.Invitations().Client(t.Context(), made)
	if err != nil || !registered.UnprovenUntil.IsZero() {
		t.Errorf("not kept: %+v, %v", registered, err)
	}
	// The customer needs no link to activate again.
	c.PostActivation(c.Activation(nil)).Want(t, 200)
}

// TestPrivateInvitationWithMistakes: each is named, nothing is lost, and the customer goes
// on.
func TestPrivateInvitationWithMistakes(t *testing.T) {
	t.Parallel()
	for name, mistake := range map[string]struct {
		make   func(c *client, code string, client, token map[string]string) answer
		status int
		says   string
	}{
		"no secret": {func(c *client, code string, client, _ map[string]string) answer {
			return c.Submit(code, true, map[string]string{"clientId": client["clientId"]})
		}, 400, "The client secret must be one word"},
		"the secret as the id": {func(c *client, code string, client, _ map[string]string) answer {
			return c.Submit(code, true, map[string]string{"clientId": client["clientSecret"], "clientSecret": client["clientSecret"]})
		}, 400, "are the same"},
		"code before the client": {func(c *client, code string, _, token map[string]string) answer {
			return c.Submit(code, true, token)
		}, 403, "Enter client id and client secret first"},
		"wrong secret": {func(c *client, code string, client, token map[string]string) answer {
			c.Submit(code, false, map[string]string{"clientId": client["clientId"], "clientSecret": "mistyped"}).Want(c.T, 200)
			return c.Submit(code, true, token)
		}, 502, "does not accept this client id and client secret"},
		"another integration's client": {func(c *client, code string, _, token map[string]string) answer {
			other := newCustomer(c.T, west).Upload(integration.NewAppID())
			c.Submit(code, false, map[string]string{"clientId": other.App.ClientID(), "clientSecret": other.App.ClientSecret()}).Want(c.T, 200)
			return c.Submit(code, true, token)
		}, 502, "do not belong together"},
		"edited manifest": {func(c *client, code string, client, _ map[string]string) answer {
			edited := c.Upload(integration.NewAppID())
			c.Submit(code, false, client).Want(c.T, 200)
			return c.Submit(code, true, map[string]string{"jwt": edited.Activation(nil)})
		}, 403, "without changing the manifest"},
		"not a code": {func(c *client, code string, client, _ map[string]string) answer {
			c.Submit(code, false, client).Want(c.T, 200)
			return c.Submit(code, true, map[string]string{"jwt": "the code"})
		}, 400, "not a complete activation code"},
		"Webex down": {func(c *client, code string, client, token map[string]string) answer {
			c.Submit(code, false, client).Want(c.T, 200)
			c.Fault(webextest.Fault{Kind: webextest.KindToken, Status: 503, Times: 1}) // others' faults are not cleared
			return c.Submit(code, true, token)
		}, 503, "Webex could not be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, west)
			_, code := c.Invite(invitation.Order{Private: true})
			c = c.UploadInvited(code)
			fields := map[string]string{"clientId": c.App.ClientID(), "clientSecret": c.App.ClientSecret()}
			token := map[string]string{"jwt": c.Activation(nil)}
			got := mistake.make(c, code, fields, token)
			wantPage(t, got, mistake.status, mistake.says, `value="`+code+`"`)
			if strings.Contains(got.Body, c.App.ClientSecret()) && name != "the secret as the id" {
				t.Error("the page shows the client secret")
			}
			fields["jwt"] = token["jwt"]
			c.Submit(code, false, fields).Want(t, 200)
			c.Health(nil).WantJSON(t, 200, healthy)
		})
	}
}

// TestAFeatureOfAChannel is in the manifest of a private integration, although the settings
// do not have it.
func TestAFeatureOfAChannel(t *testing.T) {
	t.Parallel()
	c := customer.New(t, customer.StartFor(t, map[string]string{"PWA_URL": ""}), west)
	features := func() any {
		_, code := c.Invite(invitation.Order{Private: true})
		return c.Send(request{Method: "GET", Path: "/activation/manifest?invite=" + code}).Want(t, 200).Object(t)["features"]
	}
	if got := customer.Encode(features()); got != `["digital_signage"]` {
		t.Errorf("without a channel: %s", got)
	}
	c.ApplyChannels(`{"channels": {"gold": {"PWA_URL": "https://app.example.com/"}}}`)
	if got := customer.Encode(features()); got != `["digital_signage","persistent_web_app"]` {
		t.Errorf("with a channel: %s", got)
	}
}

// TestRevokedAfterTheClientWasEntered: the customer cannot activate any more, with the link
// or without it.
func TestRevokedAfterTheClientWasEntered(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	made, code := c.Invite(invitation.Order{Private: true, Reference: "4711"})
	c = c.UploadInvited(code)
	c.Submit(code, false, map[string]string{"clientId": c.App.ClientID(), "clientSecret": c.App.ClientSecret()}).Want(t, 200)
	if _, err := c.Invitations().Revoke(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	token := c.Activation(nil)
	c.Submit(code, false, map[string]string{"jwt": token}).WantProblem(t, "unknown_invitation")
	c.PostActivation(token).WantProblem(t, "unknown_invitation")
}

// TestTheLinkAsTheAddress: a program may post to the address of the link.
func TestTheLinkAsTheAddress(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	_, code := c.Invite(invitation.Order{Reference: "4711"})
	c.Send(customer.Post("/activation?invite="+code, c.Activation(object{"iat": customer.Seconds(-30)}))).Want(t, 200)
	if got := c.Redeem(c.Code(nil)).Want(t, 200).Object(t); got["reference"] != "4711" {
		t.Errorf("redeemed %v", got)
	}
	other := newCustomer(t, west)
	other.Send(customer.Post("/activation?invite="+code, other.Activation(nil))).WantProblem(t, "unknown_invitation")
}

// TestTheCodeWithoutTheLinkFirst: what failed without the link succeeds with it, and uses it
// up.
func TestTheCodeWithoutTheLinkFirst(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	_, code := c.Invite(invitation.Order{Reference: "4711"})
	token := c.Activation(object{"iat": customer.Seconds(-30)})
	c.Fault(webextest.Fault{Kind: webextest.KindToken, Status: 503, Times: 1})
	c.PostActivation(token).WantProblem(t, "webex_unavailable")
	c.Submit(code, false, map[string]string{"jwt": token}).Want(t, 200)
	if got := c.Redeem(c.Code(nil)).Want(t, 200).Object(t); got["reference"] != "4711" {
		t.Errorf("redeemed %v", got)
	}
	c.Page(code).Want(t, 404)
}

// TestTwoOnOneLink: one of them succeeds, even at the same time.
func TestTwoOnOneLink(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	_, code := c.Invite(invitation.Order{})
	both := []*client{c, newCustomer(t, west)}
	answers := make([]answer, len(both))
	var posts sync.WaitGroup
	for i, one := range both {
		token := one.Activation(nil)
		posts.Go(func() { answers[i] = one.Submit(code, false, map[string]string{"jwt": token}) })
	}
	posts.Wait()
	winner := 0
	if answers[0].Status != 200 {
		winner = 1
	}
	answers[winner].Want(t, 200)
	answers[1-winner].WantProblem(t, "unknown_invitation")
	if items := both[1-winner].Items(); len(items) > 0 {
		t.Errorf("left behind: %v", items)
	}
}
