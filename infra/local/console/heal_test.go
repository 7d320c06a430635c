package console_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"signpost/shared/webex/webextest"
)

func TestTroubleHeals(t *testing.T) {
	org := customer(t, "Trouble")
	b := visit(t, org)
	// The test rotates keys. New processes fetch them at once, old ones only after
	// half a minute.
	t.Cleanup(func() { local.SetEnvironment(nil) })
	b.press("#act-activate button", "Activation: Signpost responded with 200")

	b.press("#alter-digital_signage button", "configuration altered")
	b.waitText("#differs", "1 difference")
	altered := local.WebexURL() + "/console/altered"
	b.eval(`document.getElementById("devices").scrollIntoView({behavior: "instant"})`)
	b.wait(`document.querySelector("#screens-digital_signage .screen").dataset.shown?.startsWith(` + quote(altered) + `)`)
	attach(t, "iframe", "/console/altered").waitText("h1", "Not the vendor’s page")
	b.press("#act-verify button", "Verified: 1 pushed")
	b.waitText("#equal", "no differences")

	b.press("#fault-500 button", "Webex responds with 500 for 30 seconds")
	b.waitText(".faults", "Webex responds with 500")
	b.press("#delete-persistent_web_app button", "configuration deleted")
	b.press("#act-verify button", "Verification failed")
	b.waitText("#sides", "Failures in a row")
	b.press("#fault-end button", "Faults cleared")
	b.wait(`!document.querySelector(".faults")`)
	b.press("#act-verify button", "Verified: 1 pushed")

	b.press("#fault-429 button", "Webex responds with 429")
	b.press("#fault-slow button", "Webex is slow")
	b.wait(`document.querySelectorAll(".faults li").length === 2`)
	b.press("#fault-end button", "cleared")

	b.press("#act-approve button", "Update approved: Signpost responded with 200")
	b.press("#fault-drop button", "The next action will be dropped")
	b.waitText("#faults", "1 to be dropped")
	b.press("#act-approve button", "Update approved was dropped")
	b.waitText("#differs", "1 difference") // the manifest version, which no verification heals
	b.press("#act-approve button", "Update approved: Signpost responded with 200")
	b.waitText("#equal", "no differences")

	b.press("#fault-revoke button", "Refresh token revoked")
	b.press("#act-verify button", "Not verified: no access to Webex")
	b.waitText("#sides", "token invalid")
	b.waitText("#no-access", "Activate again")
	sides := b.text("#sides")
	for _, contradiction := range []string{"no differences", "\nin sync", "Next verification", "No change needed"} {
		if strings.Contains(sides, contradiction) {
			t.Errorf("Signpost has no access, but the page shows %q: %s", contradiction, sides)
		}
	}
	b.click("#card-actions summary")
	b.press("#act-again button", "Activation: Signpost responded with 200")
	b.waitText("#equal", "no differences")
	b.press("#fault-keys button", "Keys rotated")
	b.press("#act-health button", "Health check: Signpost responded with")
}

func TestTrafficShowsNoSecret(t *testing.T) {
	org := customer(t, "Wire")
	b := visit(t, org)
	b.press("#act-activate button", "Activation: Signpost responded with 200")
	b.click(checkbox(org.boards()[0]))
	b.click("#group-digital_signage [data-assign]")
	content := b.opened("/sample/content?view=")
	content.wait(`document.querySelector("dl") !== null`)
	b.front()
	b.click("#wire-own")
	b.wait(`document.querySelectorAll(".exchange:not([hidden])").length >= 6`)
	rows := evaluate[string](b, `[...document.querySelectorAll(".exchange:not([hidden])")].map((e) => e.textContent).join("\n")`)
	for _, want := range []string{"POST/activation", "/v1/access_token", "PATCH", "PUT", "/crossLaunch/digital_signage/assignContent", "Wire"} {
		if !strings.Contains(rows, want) {
			t.Errorf("the traffic lacks %s in %s", want, rows)
		}
	}
	b.eval(`for (const e of document.querySelectorAll(".exchange:not([hidden])")) e.open = true`)
	b.wait(`[...document.querySelectorAll(".exchange[open] .details")].every((e) => e.innerText.includes("Request") || e.textContent.includes("Request"))`)
	details := evaluate[string](b, `[...document.querySelectorAll(".exchange[open] .details")].map((e) => e.textContent).join("\n")`)
	for _, want := range []string{`"action": "provision"`, `"alg": "ES256"`, `"refreshToken": "[redacted]"`, "client_secret = [redacted]",
		"Bearer [redacted]", "launch=[redacted]", `"access_token": "[redacted]"`} {
		if !strings.Contains(details, want) {
			t.Errorf("the details lack %s", want)
		}
	}
	everything := evaluate[string](b, `document.documentElement.outerHTML`)
	for _, secret := range []string{cloud.RefreshToken(org.ID()), cloud.ClientSecret(), local.Secrets().ContentKey(), "eyJ"} {
		if secret == "" || strings.Contains(everything, secret) {
			t.Errorf("the page shows the secret %q", secret)
		}
	}
}

// TestAThousandDevices: only the devices in view load a page.
func TestAThousandDevices(t *testing.T) {
	org := activated(t, "Large")
	b := visit(t, org)
	b.press("#make-devices button", "1000 devices added")
	b.wait(`document.querySelectorAll(".device").length === 1005`)
	const frames = `document.querySelectorAll("iframe").length`
	b.wait(frames + ` > 0`)
	last := org.boards()[len(org.boards())-1]
	b.show(item(last))
	b.wait(`document.getElementById(` + quote(last.ID) + `).querySelector(".screen").dataset.shown !== undefined`)
	if n := evaluate[int](b, frames); n > 60 {
		t.Errorf("%d screens are loaded", n)
	}
	b.click("#group-digital_signage [data-all]")
	signage := evaluate[int](b, `document.querySelectorAll("#group-digital_signage [data-device]:checked").length`)
	if signage != len(org.boards()) {
		t.Errorf("%d are selected, want %d", signage, len(org.boards()))
	}
	b.click("#group-digital_signage [data-assign]")
	content := b.opened("/sample/content?view=")
	content.lists(org.Organization, org.boards())
	b.front()
	b.press("#delete-digital_signage button", "configuration deleted")
	b.wait(`![...document.querySelectorAll("#screens-digital_signage .device")].some((e) => e.dataset.src)`)
	if n := evaluate[int](b, `document.querySelectorAll("#group-digital_signage [data-device]:checked").length`); n != signage {
		t.Errorf("%d remain selected, want %d", n, signage)
	}
}

func TestAccessibleInLightAndDark(t *testing.T) {
	org := customer(t, "Looks")
	b := visit(t, org)
	b.press("#act-activate button", "Activation: Signpost responded with 200")
	b.press("#delete-digital_signage button", "configuration deleted")
	b.press("#fault-500 button", "Webex responds with 500")
	b.waitText("#differs", "3 differences")
	b.click("#card-actions summary")
	for _, scheme := range []string{"light", "dark"} {
		b.media("prefers-color-scheme", scheme)
		b.eval(`document.querySelector(".exchange").open = true`)
		b.waitText(".exchange[open] .details", "Request")
		b.accessible(scheme)
	}
	b.press("#fault-end button", "cleared")
	for _, device := range cloud.Devices(org.ID())[2:4] {
		address, ok := cloud.DeviceURL(org.ID(), device.ID)
		if device.Feature() == webextest.DigitalSignage {
			address, ok = local.WebexURL()+"/sample/signage?deviceName=Lobby", true
		}
		if !ok {
			t.Fatalf("%s shows nothing", device.Name)
		}
		screen := newTab(t)
		screen.do(chromedp.Navigate(address))
		screen.accessible(address)
	}
}
