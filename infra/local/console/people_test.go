package console_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"signpost/shared/webex/webextest"
)

func (b *tab) key(keys string) {
	b.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// tabTo presses Tab until an element has the focus, and checks that the focus is
// visible at every stop.
func (b *tab) tabTo(selector string) {
	b.Helper()
	for range 80 { // more stops than any test needs
		if evaluate[bool](b, `document.activeElement.matches(`+quote(selector)+`)`) {
			return
		}
		b.key(kb.Tab)
		if !evaluate[bool](b, `document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== "none"`) {
			b.Errorf("the focus is not visible on %s", evaluate[string](b, `document.activeElement.outerHTML`))
		}
	}
	b.Fatalf("Tab does not lead to %s", selector)
}

func TestKeyboardOnly(t *testing.T) {
	org := customer(t, "Keyboard")
	b := visit(t, org)
	b.key(kb.Tab)
	if got := b.text("*:focus"); got != "Skip to the organization" {
		t.Errorf("the first stop is %q", got)
	}
	b.key(kb.Enter)
	b.wait(`document.activeElement.id === "main"`)
	b.tabTo("#act-activate button")
	b.key(kb.Enter)
	b.waitText("#card", "Active")
	b.wait(`document.activeElement.id === "card-title"`) // the button with the focus is gone

	b.tabTo("#card-actions summary")
	b.key(kb.Enter)
	b.tabTo("#manage-digital_signage button")
	b.key(kb.Escape)
	b.wait(`!document.getElementById("card-actions").open && document.activeElement.matches("#card-actions summary")`)

	for _, device := range org.boards()[:2] {
		b.tabTo(checkbox(device))
		b.key(" ")
	}
	b.waitText("#group-digital_signage [data-chosen]", "2 selected")
	b.eval(`document.querySelector("#group-digital_signage [data-all]").focus()`) // like Shift+Tab
	b.tabTo("#group-digital_signage [data-assign]")
	b.key(kb.Enter)
	b.opened("/sample/content?view=").lists(org.Organization, org.boards()[:2])
	b.front()
	b.tabTo("#act-verify button")
	b.key(" ")
	b.waitText("#status", "Verified: no changes needed")
	b.tabTo(".exchange summary")
	b.key(kb.Enter)
	b.waitText(".exchange[open] .details", "Request")
}

func TestManageContent(t *testing.T) {
	org := activated(t, "Manager")
	b := visit(t, org)
	b.click("#card-actions summary")
	b.click("#manage-persistent_web_app button")
	content := b.opened("/sample/content?view=")
	content.waitText("h1", "Manage content")
	content.waitText("dl", "persistent_web_app")
	if n := evaluate[int](content, `document.querySelectorAll("li").length`); n != 0 {
		t.Errorf("%d devices", n)
	}
	content.do(chromedp.Reload()) // the session keeps it
	content.waitText("dl", "Manager")
}

// TestActivationCode copies the code from one page and pastes it into the other.
func TestActivationCode(t *testing.T) {
	org := customer(t, "Manual")
	b := visit(t, org)
	b.click("#act-code button")
	b.wait(`document.getElementById("code").open`)
	code := evaluate[string](b, `document.getElementById("code-text").value`)
	if strings.Count(code, ".") != 2 {
		t.Fatalf("the code is %q", code)
	}
	b.accessible("the dialog")
	b.click("#code-copy")
	b.waitText("#code-copied", "copied")
	b.click("#code a")
	paste := b.opened(local.URL() + "/activation")
	paste.wait(`document.getElementById("jwt") !== null`)
	// With half of the code, the page explains the error and keeps the text.
	paste.expected = "status of 400"
	half := "Activation code: " + code[:len(code)/2]
	paste.eval(`document.getElementById("jwt").value = ` + quote(half))
	paste.click("button")
	paste.waitText("[role=alert]", "This is not a complete activation code")
	paste.waitText("body", "contact support@example.com")
	if got := evaluate[string](paste, `document.getElementById("jwt").value`); got != half {
		t.Errorf("the page kept %q of %q", got, half)
	}
	paste.accessible("the page after a wrong code")
	paste.tabTo("#jwt")
	paste.eval(`document.getElementById("jwt").value = ` + quote("Hello,\nactivation code:\n> "+code[:90]+"\n> "+code[90:]+"\n\nBye"))
	paste.key(kb.Tab)
	paste.key(kb.Enter)
	paste.waitText("body", "The integration is active")
	b.front()
	b.click("#code-close")
	b.waitText("#card", "Active")
	b.waitText("#equal", "no differences")
}

func TestTwoTabsShowTheSame(t *testing.T) {
	org := customer(t, "In step")
	first := visit(t, org)
	second := newTab(t, chromedp.WithNewWindow(true))
	second.open(local.WebexURL() + "/?org=" + org.ID())
	first.wait(`!document.hidden`)
	first.press("#act-activate button", "Activation: Signpost responded with 200")
	second.waitText("#card", "Active")
	second.waitText("#equal", "no differences")
	second.waitText("#exchanges", "POST")
	second.press("#alter-persistent_web_app button", "configuration altered")
	first.waitText("#differs", "1 difference")
	cloud.AddOrganization("Latecomer", "us-east-2_a")
	if _, err := cloud.ApproveUpdate(context.Background(), org.ID(), nil); err != nil {
		t.Fatal(err)
	}
	first.waitText("#tabs", "Latecomer")
	first.waitText("#card .facts", "Manifest version\n2")
	second.waitText("#tabs", "Latecomer")
}

func TestAddAndRemoveOrganizations(t *testing.T) {
	b := visit(t, customer(t, "Old"))
	before := len(cloud.Organizations())
	current := func(says string) {
		b.wait(`document.querySelector("[aria-current]")?.innerText.includes(` + quote(says) + `) && document.getElementById("live").dataset.state === "on"`)
	}
	b.click(".new")
	b.click("#new button") // neither field is required
	current("Example customer")
	b.click(".new")
	b.eval(`document.getElementById("new-name").value = "Short lived"; document.getElementById("new-region").value = "eu-central-1_k"`)
	b.accessible("the form for a new organization")
	b.click("#new button")
	current("Short lived\neu-central-1_k")
	if n := len(cloud.Organizations()); n != before+2 {
		t.Errorf("%d organizations, want %d", n, before+2)
	}
	b.press("#act-activate button", "Activation: Signpost responded with 200")
	b.wait(`!document.getElementById("act-remove")`) // not while the integration is installed
	b.press("#act-deactivate button", "Deactivation: Signpost responded with 200")
	b.wait(`document.getElementById("act-remove") !== null`)
	b.eval(`window.confirm = (asks) => asks.includes("Short lived")`)
	b.click("#act-remove button")
	b.wait(`document.getElementById("live").dataset.state === "on" && !document.getElementById("tabs").innerText.includes("Short lived")`)
	if n := len(cloud.Organizations()); n != before+1 {
		t.Errorf("%d organizations are left, want %d", n, before+1)
	}
}

func TestNarrowScreen(t *testing.T) {
	org := activated(t, "Narrow and a very long name, as they are in some places of the world")
	b := visit(t, org)
	b.size(360, 740)
	if wide := evaluate[[]string](b, `[...document.querySelectorAll("main :is(section, h2, h3, p, button, select, dd, td, summary, .device, .pill)")]
		.filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth).map((e) => e.outerHTML)`); len(wide) > 0 {
		t.Errorf("wider than the screen: %q", wide)
	}
	if width := evaluate[int](b, `document.documentElement.scrollWidth`); width > 360 {
		t.Errorf("the page is %d pixels wide", width)
	}
	// Other organizations can be found and chosen.
	if seen := evaluate[int](b, `[...document.querySelectorAll("#tabs a")].filter((e) => { const r = e.getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth; }).length`); seen != len(cloud.Organizations()) {
		t.Errorf("%d tabs fit the width, want all %d", seen, len(cloud.Organizations()))
	}
	b.eval(`document.getElementById("devices").scrollIntoView({behavior: "instant"})`)
	b.wait(`document.querySelector(".screen").dataset.shown !== undefined`) // from here on nothing moves
	b.click(checkbox(org.boards()[0]))
	b.waitText("#group-digital_signage [data-chosen]", "1 selected")
	b.press("#act-verify button", "Verified")
	b.open(local.WebexURL() + "/?org=" + org.ID()) // a row that arrives now would move what is clicked
	b.click(".exchange summary")
	b.waitText(".exchange[open] .details", "Response")
	b.accessible("a narrow screen")
}

// hostile are names that a customer may choose.
var hostile = []string{
	`<script>document.body.dataset.hacked = 1</script>`,
	`"><img src=x onerror="document.body.dataset.hacked = 1">`,
	"\u202Egnp.exe \u2067\u05D0\u05D1\u05D2 \u0627\u0644\u0639\u0631\u0628\u064A\u0629", // right to left, without an end
	"👩🏽‍🚀🏳️‍🌈 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
	strings.Repeat("Long name ", 30),
	strings.Repeat("W", 300),
}

func TestHostileNames(t *testing.T) {
	org := activated(t, hostile[0])
	var signage, apps []webextest.Device
	for _, name := range hostile {
		cloud.AddOrganization(name, "eu-central-1_k")
		signage = append(signage, cloud.AddDevice(org.ID(), webextest.Device{Name: name, Model: "Cisco Board Pro", OwnerName: name}))
		apps = append(apps, cloud.AddDevice(org.ID(), webextest.Device{Name: name, Model: "Cisco Room Navigator", OwnerName: name}))
	}
	b := visit(t, org)
	tabs := evaluate[[]string](b, `[...document.querySelectorAll("#tabs .name")].map((e) => e.textContent)`)
	for i, name := range hostile {
		if !slices.Contains(tabs, name) {
			t.Errorf("no tab shows %q", name)
		}
		for _, device := range []webextest.Device{signage[i], apps[i]} {
			if got := evaluate[string](b, `document.querySelector(`+quote(item(device)+" .name")+`).textContent`); got != name {
				t.Errorf("a device shows %q, want %q", got, name)
			}
		}
		b.eval(`document.querySelector(` + quote(checkbox(signage[i])) + `).click()`)
	}
	if width := evaluate[int](b, `document.documentElement.scrollWidth`); width > 1280 {
		t.Errorf("the page is %d pixels wide", width)
	}
	b.accessible("hostile names")
	b.click("#group-digital_signage [data-assign]")
	content := b.opened("/sample/content?view=")
	content.lists(org.Organization, signage)
	b.front()
	shown := []*tab{b, content}
	for i, device := range signage[:3] {
		b.eval(`document.getElementById(` + quote(device.ID) + `).scrollIntoView({behavior: "instant"})`)
		screen := attach(t, "iframe", "deviceId="+device.ID)
		screen.wait(`document.querySelector("h1")?.textContent === ` + quote(hostile[i]))
		shown = append(shown, screen)
	}
	for _, page := range shown {
		if evaluate[bool](page, `"hacked" in document.body.dataset || document.querySelector("main script, main img[onerror]") !== null`) {
			t.Error("a name was not treated as text")
		}
	}
}
