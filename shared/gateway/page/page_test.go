package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"signpost/shared/gateway"
	"signpost/shared/gateway/page"
	"signpost/shared/installation"
	"signpost/shared/invitation"
	"signpost/shared/webex"
)

const (
	vendor  = `Schilder & "Söhne" <b>`
	support = "mailto:help@example.com?subject=Signage"
)

// request is what a browser posts after pasted was pasted into the form.
func request(accept, pasted string) gateway.Request {
	return posted(accept, url.Values{"jwt": {pasted}})
}

func posted(accept string, form url.Values) gateway.Request {
	return gateway.NewRequest(events.APIGatewayV2HTTPRequest{
		Headers: map[string]string{"accept": accept, "content-type": "application/x-www-form-urlencoded"},
		Body:    form.Encode(),
	})
}

// failed renders the page after an activation failed for this cause.
func failed(t *testing.T, pages *page.Pages, pasted string, cause error) gateway.Response {
	t.Helper()
	response, ok := pages.Problem(request("text/html", pasted), gateway.ProblemOf(cause), cause)
	if !ok {
		t.Fatal("no page for a problem")
	}
	return response
}

// all renders every kind of page, by name.
func all(t *testing.T, vendor string) map[string]gateway.Response {
	t.Helper()
	pages := page.New(vendor, support)
	form, err := pages.Form()
	if err != nil {
		t.Fatal(err)
	}
	states := map[webex.Feature]installation.FeatureStatus{
		webex.DigitalSignage: installation.InSync, webex.PersistentWebApp: installation.Pending,
	}
	done, err := pages.Activated(installation.Active, states, "")
	if err != nil {
		t.Fatal(err)
	}
	welcome, err := pages.Activated(installation.Active, states, welcomeURL)
	if err != nil {
		t.Fatal(err)
	}
	problem := failed(t, pages, "<script>alert(1)</script>", webex.ErrExpired)
	private := page.Invited{Code: "code", Private: true, Until: "2 January 2026"}
	begun, err := pages.Invitation(private)
	if err != nil {
		t.Fatal(err)
	}
	private.ClientID = "C1"
	next, err := pages.Invitation(private)
	if err != nil {
		t.Fatal(err)
	}
	refused := failed(t, pages, "the code", &page.InvitedError{Invited: private, Cause: webex.ErrInvalidClient})
	private.ClientID = ""
	wrong := &page.InvitedError{Invited: private, Cause: &invitation.InvalidError{Problems: []string{"Too short."}}}
	mistyped, _ := pages.Problem(posted("text/html", url.Values{"clientId": {"C1"}}), gateway.ProblemOf(wrong), wrong)
	used := failed(t, pages, "", invitation.ErrUnknown)
	return map[string]gateway.Response{"form": form, "done": done, "welcome": welcome, "problem": problem, "begun": begun, "next": next, "refused": refused, "mistyped": mistyped, "used": used}
}

const welcomeURL = "https://vendor.example/new?a=1&launch=code"

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
		for _, never := range []string{"<script", "<link", "<img", " style=", "://", "Söhne\" <b>", "@import", "url("} {
			if strings.Contains(strings.Replace(response.Body, `href="https://vendor.example/`, "", 1), never) {
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
			`id="where"`, `autocomplete="off"`, `spellcheck="false"`, "<button type=\"submit\">", "<h1>Activate the integration</h1>", "valid for 24 hours"},
		"done": {"The integration is active", `role="status"`, "Digital signage", "ready to be used", "Persistent web apps", "being set up", "You can close this page"},
		"problem": {`role="alert"`, "This activation code has expired", "Get a new code", "valid for 24 hours", "<code>token_expired</code>",
			`<form method="post" action="activation">`, `aria-describedby="wrong where" aria-invalid="true"`, `<a href="mailto:help@example.com?subject=Signage">help@example.com`},
	}
	tests["begun"] = []string{`<a href="activation/manifest?invite=code" download="manifest.json">`, `<label for="clientId">`, `<label for="clientSecret">`,
		`name="clientSecret" type="password" required`, `<input type="hidden" name="invite" value="code">`, "until 2 January 2026", "<p>This comes after client id"}
	tests["next"] = []string{"<code>C1</code>", "Enter another client id and secret", "Show this step again", `<textarea id="jwt"`, `<input type="hidden" name="invite" value="code">`}
	tests["refused"] = []string{`role="alert"`, "does not accept this client id", `value="C1" aria-describedby="wrong" aria-invalid="true"`,
		`<input type="hidden" name="jwt" value="the code">`, "Save and activate", "<code>webex_rejected</code>"}
	tests["mistyped"] = []string{"<h1>Client id and client secret were not saved</h1>", "Too short.", "Show this step again"}
	tests["welcome"] = []string{"The integration is active", "ready to be used", `<a class="button" href="https://vendor.example/new?a=1&amp;launch=code">Continue at Schilder`}
	tests["used"] = []string{"<h1>Set up the integration</h1>", "This link does not work", "nothing is left to do"}
	statuses := map[string]int{"form": 200, "done": 200, "welcome": 200, "problem": 401, "begun": 200, "next": 200, "refused": 502, "mistyped": 400, "used": 404}
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
		"": "being set up",
	} {
		response, err := page.New("", "").Activated(installation.Active, map[webex.Feature]installation.FeatureStatus{webex.DigitalSignage: status}, "")
		if err != nil || !strings.Contains(response.Body, "<dd>"+want) || strings.Contains(response.Body, "web app") {
			t.Errorf("%q: %v\n%s", status, err, response.Body)
		}
	}
}

func TestProblemPageOnlyIfAskedFor(t *testing.T) {
	if _, ok := page.New("", "").Problem(request("application/json", "x"), gateway.ProblemOf(webex.ErrExpired), webex.ErrExpired); ok {
		t.Error("a program got a page")
	}
}

// TestEveryProblemInWords: an administrator reads no problem's own text, which
// is for programs.
func TestEveryProblemInWords(t *testing.T) {
	seen := map[string]error{}
	for _, test := range []struct {
		cause error
		want  string
	}{
		{gateway.Malformed("a detail for programs"), "This is not a complete activation code"},
		{webex.ErrMalformed, "This is not a complete activation code"},
		{webex.ErrSeveralTokens, "These are several activation codes"},
		{webex.ErrBadSignature, "changed or cut short"},
		{webex.ErrBadAlgorithm, "not an activation code from Webex"},
		{webex.ErrUnknownKey, "not from a Webex region that is served here"},
		{installation.ErrWrongRegion, "not from a Webex region that is served here"},
		{webex.ErrExpired, "has expired"},
		{webex.ErrNotYetValid, "not valid yet"},
		{installation.ErrReplayed, "used before"},
		{installation.ErrStale, "used before"},
		{webex.ErrWrongApp, "another integration"},
		{webex.ErrWrongAction, "This is not an activation code<"},
		{webex.ErrUntrustedURL, "contains an address"},
		{webex.ErrUnavailable, "Webex could not be reached"},
		{webex.ErrRejected, "Webex refused the activation"},
		{webex.ErrInvalidGrant, "Webex refused the activation"},
		{webex.ErrInvalidClient, "Webex refused the activation"},
		{errors.New("cause"), "Something went wrong"},
	} {
		problem := gateway.ProblemOf(test.cause)
		body := failed(t, page.New("", ""), "x", test.cause).Body
		if !strings.Contains(body, "<h2>") || !strings.Contains(body[strings.Index(body, "<h2>"):], test.want) || strings.Contains(body, problem.Detail) {
			t.Errorf("%v: want %q in\n%s", test.cause, test.want, body)
		}
		if !strings.Contains(body, "ask the vendor of the integration and mention the error <code>"+problem.Code+"</code>") {
			t.Errorf("%v: nobody to ask:\n%s", test.cause, body)
		}
		seen[problem.Code] = test.cause
	}
	if len(seen) < 12 {
		t.Errorf("only %d codes: %v", len(seen), seen)
	}
}

// TestPastedIsShownAgain, to who pasted it, whatever it is.
func TestPastedIsShownAgain(t *testing.T) {
	pages := page.New(vendor, "https://support.example.com/?a=b&c")
	for pasted, want := range map[string]string{
		"eyJh.eyJi.c2ln":             ">\neyJh.eyJi.c2ln</textarea>",
		"\r\n two\r\nlines ":         ">\n\r\n two\r\nlines </textarea>",
		`</textarea><script>x`:       ">\n&lt;/textarea&gt;&lt;script&gt;x</textarea>",
		`"'&amp;`:                    ">\n&#34;&#39;&amp;amp;</textarea>",
		"":                           ">\n</textarea>",
		strings.Repeat("x", 256<<10): ">\n" + strings.Repeat("x", 256<<10) + "</textarea>",
		strings.Repeat("x", 1<<20):   ">\n</textarea>",
	} {
		body := failed(t, pages, pasted, webex.ErrMalformed).Body
		if !strings.Contains(body, want) {
			t.Errorf("%.40q becomes %.2000s", pasted, body)
		}
		if !strings.Contains(body, `contact <a href="https://support.example.com/?a=b&amp;c">https://support.example.com/?a=b&amp;c</a>`) {
			t.Errorf("no support: %.2000s", body)
		}
	}
}
