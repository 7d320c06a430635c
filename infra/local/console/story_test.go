package console_test

import (
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

// TestStory plays the story of `make demo` on the page.
func TestStory(t *testing.T) {
	org := customer(t, "Story & Sons")
	b := visit(t, org)
	b.waitText("#card", "Not installed")
	b.waitText("#sides", "not stored")

	b.press("#act-activate button", "Activation: Signpost responded with 200")
	b.waitText("#card", "Active")
	b.waitText("#equal", "no differences")
	b.showsSignage(org)

	chosen := org.boards()[:3]
	for _, device := range chosen {
		b.click(checkbox(device))
	}
	b.waitText("#group-digital_signage [data-chosen]", "3 selected")
	b.click("#group-digital_signage [data-assign]")
	content := b.opened("/sample/content?view=")
	content.lists(org.Organization, chosen)
	content.accessible("the content page")
	b.front()

	b.press("#delete-digital_signage button", "configuration deleted")
	b.waitText("#card", "Incomplete")
	b.waitText("#differs", "3 differences")
	b.waitText(item(chosen[0]), "no content")
	b.wait(`!document.querySelector("#screens-digital_signage iframe")`)

	b.press("#act-verify button", "Verified: 1 pushed, 0 deleted")
	b.waitText("#equal", "no differences")
	b.showsSignage(org)

	b.press("#act-approve button", "Update approved: Signpost responded with 200")
	b.waitText("#card .facts", "Manifest version\n2")
	b.eval(`document.getElementById("move-region").value = "eu-central-1_k"`)
	b.press("#act-move button", "Move to eu-central-1_k: Signpost responded with 200")
	b.waitText("#card .facts", "Region\neu-central-1_k")
	b.waitText("#tab-"+org.ID(), "eu-central-1_k")
	b.waitText("#equal", "no differences")
	b.press("#act-health button", "Health check: Signpost responded with 200")
	b.waitText("#card .facts", "operational")

	b.press("#act-deactivate button", "Deactivation: Signpost responded with 200")
	b.waitText("#card", "Not installed")
	b.waitText("#sides", "removed")
	b.wait(`!document.querySelector("iframe")`)
}

// showsSignage waits until every screen shows its device's page, and checks the
// content of one.
func (b *tab) showsSignage(org *organization) {
	b.Helper()
	for _, device := range org.boards() {
		address, ok := cloud.DeviceURL(org.ID(), device.ID)
		if !ok || !strings.Contains(address, "/sample/signage?deviceId="+device.ID) {
			b.Fatalf("%s loads %q", device.Name, address)
		}
		b.wait(`document.getElementById(` + quote(device.ID) + `).querySelector(".screen").dataset.shown === ` + quote(address))
	}
	screen := attach(b.T, "iframe", "deviceId="+org.boards()[0].ID)
	screen.waitText("h1", org.boards()[0].Name)
}

// lists checks a launch on the vendor's page.
func (b *tab) lists(org *webextest.Organization, devices []webextest.Device) {
	b.Helper()
	b.wait(`document.readyState === "complete" && document.querySelector("dl") !== null`)
	got := evaluate[[]string](b, `[...document.querySelectorAll("li")].map((item) => item.querySelector("bdi").textContent + " " + item.querySelector("code").textContent)`)
	if len(got) != len(devices) {
		b.Fatalf("the page lists %q, want %d devices", got, len(devices))
	}
	for i, device := range devices {
		if got[i] != device.Name+" "+device.ID {
			b.Errorf("device %d is %q, want %s %s", i, got[i], device.Name, device.ID)
		}
	}
	for _, want := range []string{org.Name(), org.ID(), "Assign content", "digital_signage", "assign_content"} {
		if !strings.Contains(evaluate[string](b, `document.body.textContent`), want) {
			b.Errorf("the page lacks %q", want)
		}
	}
	if address := evaluate[string](b, `location.href + document.referrer`); strings.Contains(address, "launch=") {
		b.Errorf("the address is %s", address)
	}
	if cookie := evaluate[string](b, `document.cookie`); cookie != "" {
		b.Errorf("scripts see the cookie %s", cookie)
	}
}
