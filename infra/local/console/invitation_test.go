package console_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	downloads "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	api "signpost/infra/tests/customer"
	"signpost/shared/invitation"
	"signpost/shared/webex/webextest"
)

// invited is an organization whose administrator has got a link.
func invited(t *testing.T, order invitation.Order) (org *organization, link string) {
	t.Helper()
	c := api.New(t, local, api.West)
	_, code := c.Invite(order)
	return &organization{c.Org}, local.URL() + "/activation?invite=" + code
}

// follow opens a page of Signpost in a new tab.
func follow(t *testing.T, link string) *tab {
	t.Helper()
	b := newTab(t)
	b.size(1280, 800)
	b.do(chromedp.Navigate(link))
	b.waitText("h1", "Set up the integration")
	return b
}

// download follows a link to a file, and returns where the browser has put it.
func (b *tab) download(selector, name string) string {
	b.Helper()
	folder := b.TempDir()
	allow := downloads.SetDownloadBehaviorParams{Behavior: downloads.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder}
	if _, err := chromedp.Call(b.ctx, downloads.SetDownloadBehavior, allow); err != nil {
		b.Fatal(err)
	}
	b.click(selector)
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	look := time.NewTicker(30 * time.Millisecond)
	defer look.Stop()
	for file := filepath.Join(folder, name); ; {
		if _, err := os.Stat(file); err == nil { // the browser renames it once it is complete
			return file
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			b.Fatalf("%s was not downloaded", name)
		}
	}
}

// fits checks that nothing of the page, or of an open dialog, is wider than the screen,
// at the width of a phone and of a desk.
func (b *tab) fits(where string) {
	b.Helper()
	for _, width := range []int64{390, 1280} {
		b.size(width, 844)
		if wide := evaluate[[]string](b, `[document.documentElement, ...document.querySelectorAll("dialog[open]")]
			.filter((e) => e.scrollWidth > Math.min(e.clientWidth, innerWidth)).map((e) => e.nodeName + " " + e.scrollWidth)`); len(wide) > 0 {
			b.Errorf("%s overflows %d pixels: %q", where, width, wide)
		}
	}
	b.accessible(where)
}

// value is what a field holds.
func (b *tab) value(id string) string {
	b.Helper()
	return evaluate[string](b, `document.getElementById(`+quote(id)+`).value`)
}

func (b *tab) fill(id, value string) {
	b.Helper()
	b.eval(`document.getElementById(` + quote(id) + `).value = ` + quote(value))
}

// uploads uploads a manifest in the dialog, and returns the OAuth client that is shown.
func (b *tab) uploads(file string) (clientID, clientSecret string) {
	b.Helper()
	b.click("#upload-open")
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#upload-file"), []string{file}))
	b.wait(`document.getElementById("upload-text").value !== ""`)
	b.fits("the upload")
	b.click("#upload-form button")
	b.wait(`document.getElementById("client").open`)
	b.waitText("#client", "shown only now")
	b.fits("the OAuth client")
	return b.value("client-id"), b.value("client-secret")
}

// TestPrivateInvitation is the whole journey of a customer, through the pages of both
// sides, beside the default integration.
func TestPrivateInvitation(t *testing.T) {
	org, link := invited(t, invitation.Order{Private: true, Reference: "4711"})
	if _, err := cloud.Activate(t.Context(), org.ID()); err != nil {
		t.Fatal(err)
	}
	page := follow(t, link)
	page.fits("the first step")
	manifest := page.download("a[download]", "manifest.json")

	hub := visit(t, org)
	clientID, clientSecret := hub.uploads(manifest)
	hub.click(`[data-copy="client-secret"]`)
	hub.waitText("#client [role=status]", "Client secret copied")
	hub.click("#client [data-close]")
	hub.wait(`location.search.includes(` + quote(clientID) + `) && document.getElementById("live").dataset.state === "on"`)
	hub.waitText("#card", "Not installed")
	if strings.Contains(evaluate[string](hub, `document.documentElement.outerHTML`), clientSecret) {
		t.Error("the client secret is shown again")
	}

	page.client(clientID, clientSecret)
	page.fits("the last step")
	page.do(chromedp.Reload()) // nothing is lost
	page.waitText("ol", "Saved: client id "+clientID)
	page.do(chromedp.Navigate("about:blank")) // the customer goes on in another tab

	hub.front()
	hub.click("#act-code button")
	hub.wait(`document.getElementById("code").open`)
	hub.fits("the activation code")
	code := hub.value("code-text")
	if guide := evaluate[string](hub, `document.getElementById("code-paste").href`); guide != link {
		t.Errorf("the guide is %s, want %s", guide, link)
	}
	hub.click("#code-paste")
	guide := hub.opened("/activation?invite=")
	guide.waitText("ol", "Saved: client id "+clientID)
	guide.fill("jwt", code)
	guide.click("#jwt ~ button")
	guide.waitText("h1", "The integration is active")
	guide.fits("the result")
	guide.click("a.button")
	guide.waitText("h1", "Welcome")
	guide.waitText("main", org.ID())
	guide.fits("the welcome page")

	hub.front()
	hub.click("#code-close")
	hub.waitText("#card", "Active")
	hub.waitText("#equal", "no differences")
	hub.showsBoth(org, clientID)
	page.expected = "status of 404"
	page.do(chromedp.Navigate(link))
	page.waitText("h2", "This link does not work")
	page.fits("a used link")
}

// client enters the OAuth client, by keyboard only.
func (b *tab) client(clientID, clientSecret string) {
	b.Helper()
	b.tabTo("#clientId")
	b.key(clientID)
	b.key(kb.Tab)
	b.key(clientSecret)
	b.key(kb.Tab)
	b.key(kb.Enter)
	b.waitText("ol", "Saved: client id "+clientID)
}

// showsBoth checks that the page tells the two installations of an organization apart.
func (b *tab) showsBoth(org *organization, clientID string) {
	b.Helper()
	private := cloud.Integrations(org.ID())[1]
	b.wait(`[...document.querySelectorAll(".integrations .pill")].map((e) => e.textContent).join() === "Active,Active"`)
	b.waitText("#sides h2", "for "+private.View().DisplayName)
	b.waitText("#group-digital_signage h3", "of "+private.View().DisplayName)
	b.fits("two integrations")
	b.size(1280, 800)
	b.press("#delete-digital_signage button", "configuration deleted")
	b.waitText("#differs", "3 differences")
	if _, stored := cloud.Configuration(org.ID(), webextest.DigitalSignage); !stored {
		b.Error("the configuration of the default integration is deleted")
	}
	b.click(".integrations a:not([aria-current])")
	b.wait(`!location.search.includes(` + quote(clientID) + `) && document.getElementById("live").dataset.state === "on"`)
	b.waitText("#equal", "no differences")
	b.press("#act-verify button", "Verified: 1 pushed")
	b.do(chromedp.NavigateBack())
	b.waitText("#sides h2", "for "+private.View().DisplayName)
	b.waitText("#equal", "no differences")
	b.movesBoth(private.View().DisplayName)
}

// movesBoth: a move is one of the organization, so that each integration is told.
func (b *tab) movesBoth(private string) {
	b.Helper()
	b.wait(`document.getElementById("live").dataset.state === "on"`)
	b.eval(`document.getElementById("move-region").value = "eu-central-1_k"`)
	b.press("#act-move button", "Move to eu-central-1_k: Signpost responded with 200")
	for _, name := range []string{private, "the default integration"} {
		b.waitText("#sides h2", "for "+name)
		b.waitText("#sides tbody", "eu-central-1_k\teu-central-1_k")
		b.waitText("#equal", "no differences")
		b.click(".integrations a:not([aria-current])")
	}
	b.wait(`document.getElementById("live").dataset.state === "on"`)
}

// TestTrafficOfAPrivateIntegration: requests are shown with their organization.
func TestTrafficOfAPrivateIntegration(t *testing.T) {
	c := api.New(t, local, api.West)
	_, code := c.Invite(invitation.Order{Private: true})
	c = c.UploadInvited(code)
	c.Submit(code, false, map[string]string{
		"clientId": c.App.ClientID(), "clientSecret": c.App.ClientSecret(), "jwt": c.Activation(nil),
	}).Want(t, 200)
	b := visit(t, &organization{c.Org})
	b.wait(`[...document.querySelectorAll(".exchange")].some((e) => e.dataset.org === ` + quote(c.Org.ID()) + ` && e.textContent.includes("/access_token"))`)
}

// TestInvitationToTheDefaultIntegration needs neither upload nor client.
func TestInvitationToTheDefaultIntegration(t *testing.T) {
	org, link := invited(t, invitation.Order{})
	page := follow(t, link)
	page.fits("the only step")
	hub := visit(t, org)
	hub.click("#act-code button")
	hub.wait(`document.getElementById("code").open`)
	code := hub.value("code-text")
	page.fill("jwt", code)
	page.click("button")
	page.waitText("h1", "The integration is active")
	hub.front()
	hub.click("#code-close")
	hub.waitText("#card", "Active")
}

// TestManifestsThatAreRefused: all problems are shown at once, and the text stays.
func TestManifestsThatAreRefused(t *testing.T) {
	org := customer(t, "Author")
	b := visit(t, org)
	b.click("#upload-open")
	wrong := `{"id": "1", "vendor": "<img src=x onerror=alert(1)>", "provisioning": {"type": "manual"}}`
	b.fill("upload-text", wrong)
	b.click("#upload-form button")
	b.waitText("#upload-problems", "id must be a UUID")
	shown := evaluate[[]string](b, `[...document.querySelectorAll("#upload-problems li")].map((e) => e.textContent.split(" ")[0])`)
	want := []string{"id", "manifestVersion", "displayName", "description", "email", "availability", "features", "apiAccess"}
	if !slices.Equal(shown, want) || b.value("upload-text") != wrong {
		t.Errorf("problems of %q, want of %q; the text is %q", shown, want, b.value("upload-text"))
	}
	b.fits("problems of a manifest")
	if n := len(cloud.Integrations(org.ID())); n != 1 {
		t.Errorf("%d integrations", n)
	}
}

// TestUploadedIntegration: a new version is approved, and what was removed is gone.
func TestUploadedIntegration(t *testing.T) {
	org := customer(t, "Versions")
	manifest := func(version string) string {
		return `{"id": "0b0f4c39-5f3c-4c5a-9a7e-6d7f5f5a1a01", "manifestVersion": ` + version + `, "displayName": "Own", "vendor": "Vendor",
			"email": "support@example.com", "description": "Shows things.", "availability": "org_private",
			"apiAccess": [{"scope": "spark-admin:devices_digital_signage", "access": "required"}],
			"provisioning": {"type": "manual"}, "features": ["digital_signage"]}`
	}
	app, err := cloud.UploadManifest(org.ID(), []byte(manifest("1")))
	if err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	b.size(1280, 800)
	b.open(local.WebexURL() + "/?org=" + org.ID() + "&client=" + app.ClientID())
	b.waitText("#card .facts", "Uploaded version\n1")
	b.click("#act-code button")
	b.wait(`document.getElementById("code").open && document.getElementById("code-paste").hidden`)
	b.click("#code-close")
	b.waitText("#card", "The activation code was not used yet")

	b.click("#upload-open")
	b.fill("upload-text", manifest("2"))
	b.click("#upload-form button")
	b.wait(`!document.getElementById("upload").open`)
	b.waitText("#card .facts", "Uploaded version\n2")
	b.press("#act-deactivate button", "Deactivation was not sent")
	b.wait(`document.getElementById("act-remove-integration") !== null`)
	b.eval(`window.confirm = (asks) => asks.includes("Own")`)
	b.click("#act-remove-integration button")
	b.wait(`!location.search.includes("client") && document.getElementById("live").dataset.state === "on"`)
	if n := evaluate[int](b, `document.querySelectorAll(".integrations li").length`); n != 1 || len(cloud.Integrations(org.ID())) != 1 {
		t.Errorf("%d integrations are listed", n)
	}
	gone := ask(t, "GET", "/?org="+org.ID()+"&client="+app.ClientID(), nil)
	if gone.Status != 303 || gone.Header.Get("Location") != "/?org="+org.ID() {
		t.Errorf("the page of what was removed: %d %v", gone.Status, gone.Header)
	}
}
