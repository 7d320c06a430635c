package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"signpost/shared/gateway"
	"signpost/shared/gateway/page"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

const vendor = `Schilder & "Söhne" <b>`

func request(accept string) gateway.Request {
	return gateway.NewRequest(events.APIGatewayV2HTTPRequest{Headers: map[string]string{"accept": accept}})
}

// all renders every kind of page, by name.
func all(t *testing.T, vendor string) map[string]gateway.Response {
	t.Helper()
	pages := page.New(vendor)
	form, err := pages.Form()
	if err != nil {
		t.Fatal(err)
	}
	done, err := pages.Activated(map[webex.Feature]installation.FeatureStatus{
		webex.DigitalSignage: installation.InSync, webex.PersistentWebApp: installation.Pending,
	})
	if err != nil {
		t.Fatal(err)
	}
	problem, ok := pages.Problem(request("text/html"), gateway.ProblemOf(webex.ErrExpired))
	if !ok {
		t.Fatal("no page for a problem")
	}
	return map[string]gateway.Response{"form": form, "done": done, "problem": problem}
}

var styleElement = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

func TestPagesAreLockedDown(t *testing.T) {
	for name, response := range all(t, vendor) {
		policy := response.Headers["Content-Security-Policy"]
		style := styleElement.FindStringSubmatch(response.Body)
		if style == nil {
			t.Fatalf("%s: no style", name)
		}
		hash := sha256.Sum256([]byte(style[1]))
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
		if policy != want {
			t.Errorf("%s: policy\n%s, want\n%s", name, policy, want)
		}
		for _, never := range []string{"<script", "<link", "<img", " style=", "://", "<b>", "@import", "url("} {
			if strings.Contains(response.Body, never) {
				t.Errorf("%s: holds %q", name, never)
			}
		}
		if response.Headers["Content-Type"] != "text/html; charset=utf-8" {
			t.Errorf("%s: %v", name, response.Headers)
		}
	}
}

func TestPagesSay(t *testing.T) {
	tests := map[string][]string{
		"form": {`<form method="post" action="activation">`, `<label for="jwt">`, `<textarea id="jwt" name="jwt"`, `aria-describedby="where"`,
			`id="where"`, `autocomplete="off"`, `spellcheck="false"`, "<button type=\"submit\">", "<h1>Activate the integration</h1>"},
		"done":    {"The integration is active", `role="status"`, "Digital signage", "ready to be used", "Persistent web apps", "being set up"},
		"problem": {`role="alert"`, "Token expired", "The token is too old", "<code>token_expired</code>", "Get a new activation code", `<a href="activation">`},
	}
	statuses := map[string]int{"form": 200, "done": 200, "problem": 401}
	for name, response := range all(t, vendor) {
		always := []string{`<html lang="en">`, `name="viewport"`, "Schilder &amp; ", "Söhne", "<main>", "prefers-color-scheme: dark", ":focus-visible"}
		for _, text := range append(always, tests[name]...) {
			if !strings.Contains(response.Body, text) {
				t.Errorf("%s does not hold %q:\n%s", name, text, response.Body)
			}
		}
		if response.Status != statuses[name] {
			t.Errorf("%s: status %d", name, response.Status)
		}
	}
	for name, response := range all(t, "") {
		if strings.Contains(response.Body, `class="vendor"`) || strings.Contains(response.Body, "–") {
			t.Errorf("%s without a vendor:\n%s", name, response.Body)
		}
	}
}

func TestActivatedNamesEachState(t *testing.T) {
	for status, want := range map[installation.FeatureStatus]string{
		installation.InSync: "ready", installation.Pending: "being set up", installation.NotOffered: "not part of",
		installation.Drifting: "set up, but Webex shows something else", installation.NotProvided: "not provided", "": "being set up",
	} {
		response, err := page.New("").Activated(map[webex.Feature]installation.FeatureStatus{webex.DigitalSignage: status})
		if err != nil || !strings.Contains(response.Body, "<dd>"+want) || strings.Contains(response.Body, "web app") {
			t.Errorf("%q: %v\n%s", status, err, response.Body)
		}
	}
}

func TestProblemPageOnlyIfAskedFor(t *testing.T) {
	if _, ok := page.New("").Problem(request("application/json"), gateway.ProblemOf(webex.ErrExpired)); ok {
		t.Error("a program got a page")
	}
	response, ok := page.New("").Problem(request("text/html"), gateway.ProblemOf(webex.ErrUntrustedURL))
	if !ok || !strings.Contains(response.Body, "tell the vendor") {
		t.Errorf("no advice for a person: %s", response.Body)
	}
}
