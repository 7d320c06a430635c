package contract_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"signpost/infra/tests/customer"
	"signpost/shared/invitation"
)

var buttonLink = regexp.MustCompile(`<a class="button" href="([^"]*)">`)

// welcomeCode returns the launch code behind the button of the page after an activation,
// "" if the page has no button.
func welcomeCode(t *testing.T, page answer) string {
	t.Helper()
	link := buttonLink.FindStringSubmatch(page.Want(t, 200).Body)
	if link == nil {
		return ""
	}
	address := html.UnescapeString(link[1])
	code, ok := strings.CutPrefix(address, customer.WelcomeURL+"&launch=")
	if !ok {
		t.Fatalf("the button leads to %s", address)
	}
	return code
}

// inBrowser posts an activation code as the page's form does.
func inBrowser(c *client, token string) answer {
	return c.Send(request{
		Method: "POST", Path: "/activation", ContentType: "application/x-www-form-urlencoded",
		Body: url.Values{"jwt": {token}}.Encode(), Headers: map[string]string{"Accept": "text/html"},
	})
}

// TestWelcome: an activation in the browser ends with a launch of the vendor's onboarding.
func TestWelcome(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, europe)
	code := welcomeCode(t, inBrowser(c, c.Activation(object{"iat": customer.Seconds(-30), "userId": "Y2lzY29zcGFyazovL3VzL1BFT1BMRS8x"})))
	c.RedeemWith(code, customer.Bearer("wrong")).WantProblem(t, "unauthorized")
	got := c.Redeem(code).Want(t, 200).Object(t)
	for _, name := range []string{"issuedAt", "orgId"} {
		if got[name] == "" {
			t.Errorf("no %s: %v", name, got)
		}
		delete(got, name)
	}
	features, _ := got["features"].(object)
	for name, feature := range features {
		if feature, _ := feature.(object); feature["status"] != "in_sync" {
			t.Errorf("%s is %v", name, feature)
		}
	}
	if len(features) != 2 {
		t.Errorf("features are %v", features)
	}
	delete(got, "features")
	want := object{
		"orgKey": c.Org.ID(), "orgName": c.Org.Name(), "appId": c.Cloud.AppID(), "task": "welcome", "devices": []any{},
		"region": europe, "scopes": got["scopes"], "userId": "Y2lzY29zcGFyazovL3VzL1BFT1BMRS8x",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if scopes, _ := got["scopes"].([]any); len(scopes) == 0 {
		t.Error("names no scopes")
	}
	c.Redeem(code).WantProblem(t, "unknown_launch")
}

// TestWelcomeOfTheInvited: a customer that was invited is known by the vendor's number, and
// who activated may be unknown.
func TestWelcomeOfTheInvited(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	_, invite := c.Invite(invitation.Order{Reference: "4711"})
	code := welcomeCode(t, c.Submit(invite, true, map[string]string{"jwt": c.Activation(object{"userId": []int{1}})}))
	got := c.Redeem(code).Want(t, 200).Object(t)
	if _, named := got["userId"]; got["reference"] != "4711" || got["task"] != "welcome" || named {
		t.Errorf("redeemed %v", got)
	}
	removed := newCustomer(t, west)
	code = welcomeCode(t, inBrowser(removed, removed.Activation(object{"iat": customer.Seconds(-30)})))
	removed.Remove(nil)
	removed.Redeem(code).WantProblem(t, "unknown_launch")
}

// TestNoWelcome: a program gets no button, and nobody does where the vendor has no page.
func TestNoWelcome(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	if got := c.PostActivation(c.Activation(nil)).Want(t, 200); strings.Contains(got.Body, "launch") {
		t.Errorf("answered %s", got.Body)
	}
	items, err := customer.Items(c.Stack)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		org, _ := item["orgKey"].(*types.AttributeValueMemberS)
		if task := item["task"]; task != nil && org != nil && org.Value == c.Org.ID() {
			t.Errorf("stored %v", item)
		}
	}
	bare := customer.New(t, customer.StartFor(t, map[string]string{"WELCOME_URL": ""}), west)
	page := inBrowser(bare, bare.Activation(nil))
	if code := welcomeCode(t, page); code != "" || !strings.Contains(page.Body, "You can close this page") {
		t.Errorf("the page is\n%s", page.Body)
	}
}
