package story_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"signpost/infra/local/demo/story"
	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
	"signpost/shared/invitation"
	"signpost/shared/webex/webextest"
)

// running is the stack of all tests, which play one after the other.
var running *stack.Stack

func TestMain(m *testing.M) {
	os.Exit(customer.Main(m, &running, func(folder string) (*stack.Stack, error) {
		options := customer.Options(folder, nil)
		options.Root = "../../../.."
		return stack.Start(context.Background(), options)
	}))
}

func target() story.Target {
	return story.Target{APIURL: running.URL(), WebexURL: running.WebexURL(), ContentKey: running.Secrets().ContentKey()}
}

// leavesNothing checks that the stack is as it was before the story.
func leavesNothing(t *testing.T, signageURL string) {
	t.Helper()
	for _, function := range []string{"ActivationFunction", "UpdateApprovedFunction", "VerifyConfigsFunction"} {
		if got := signageURLOf(t, function); got != signageURL {
			t.Errorf("%s is left with SIGNAGE_URL %s, want %s", function, got, signageURL)
		}
	}
	for _, org := range running.Webex().Organizations() {
		if _, installed := running.Webex().Installation(org.ID()); installed {
			t.Errorf("still installed at %q", org.Name())
		}
		if n := len(running.Webex().Integrations(org.ID())); n != 1 {
			t.Errorf("%d integrations are left at %q", n, org.Name())
		}
	}
	links, err := (&customer.Customer{T: t, Stack: running, Cloud: running.Webex()}).Invitations().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if link.State(time.Now()) == invitation.Open {
			t.Errorf("the link to %q works", link.Label)
		}
	}
}

func signageURLOf(t *testing.T, function string) string {
	t.Helper()
	environment, err := running.Environment(function)
	if err != nil || environment["SIGNAGE_URL"] == "" {
		t.Fatalf("%s: %v, %v", function, environment, err)
	}
	return environment["SIGNAGE_URL"]
}

func TestStoryCanBeRepeated(t *testing.T) {
	signageURL := signageURLOf(t, "VerifyConfigsFunction")
	for range 2 {
		var out bytes.Buffer
		if err := story.Play(t.Context(), target(), story.Options{Out: &out}); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		text := out.String()
		for _, want := range []string{
			" 1  An administrator", fmt.Sprintf("%2d  ", story.Steps()), ": Lobby Board, Reception Desk, Board Room\n",
			"verified 1, pushed 1,", "verified 1, pushed 0,", "404 unknown_launch", "200 operational, tokens valid", "404 unknown_installation",
			"200 client_kept", "the secret once", ", reference demo-", "404 unknown_invitation",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not printed in:\n%s", want, text)
			}
		}
		if lines := strings.Count(text, "\n"); lines > 88 || strings.ContainsAny(text, "✗\x1b") {
			t.Errorf("%d lines, or a cross or a colour:\n%s", lines, text)
		}
		for line := range strings.Lines(text) {
			if len([]rune(line)) > 125 {
				t.Errorf("a long line: %s", line)
			}
		}
		if code := wholeCode.FindString(text); code != "" {
			t.Errorf("%s is printed in full: it is a credential", code)
		}
		leavesNothing(t, signageURL)
	}
}

var wholeCode = regexp.MustCompile(`(launch|invite)=[\w-]{43}`)

// TestInterruptedStory: settings are restored, and the output may be in colour.
func TestInterruptedStory(t *testing.T) {
	signageURL := signageURLOf(t, "VerifyConfigsFunction")
	why := errors.New("Ctrl-C was pressed")
	ctx, cancel := context.WithCancelCause(t.Context())
	var out bytes.Buffer
	options := story.Options{Out: &out, Color: true}
	options.Before(func(step int) {
		if step == 6 {
			if signageURLOf(t, "VerifyConfigsFunction") == signageURL {
				t.Error("SIGNAGE_URL is not changed: there is nothing to restore")
			}
			cancel(why)
		}
	})
	err := story.Play(ctx, target(), options)
	if !errors.Is(err, why) || !strings.Contains(err.Error(), "interrupted in step 6") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(out.String(), "\x1b[32m✓\x1b[0m") {
		t.Errorf("not in colour: %q", out.String())
	}
	leavesNothing(t, signageURL)
}

// sabotage breaks something before a step, which must then fail.
type sabotage struct {
	name    string
	step    int
	harm    func(cloud *webextest.Cloud, org string)
	failure string // part of what is printed
}

func fault(kind, method string, status int) func(*webextest.Cloud, string) {
	return func(c *webextest.Cloud, _ string) {
		c.Inject(webextest.Fault{Kind: kind, Method: method, Status: status})
	}
}

func alter(feature string) func(*webextest.Cloud, string) {
	return func(c *webextest.Cloud, org string) {
		altered, _ := c.Configuration(org, feature)
		altered["crossLaunch"] = map[string]any{}
		c.SetConfiguration(org, feature, altered)
	}
}

var (
	drop     = (*webextest.Cloud).DropNextAction
	original string
)

var sabotages = []sabotage{
	{"Webex refuses a configuration", 1, fault(webextest.KindSignage, "PUT", 403), "Response"},
	{"a configuration is altered", 2, alter(webextest.PersistentWebApp), "Web app"},
	{"Webex has lost the cross-launch", 3, alter(webextest.DigitalSignage), "no cross-launch URL"},
	{"an early push", 5, func(c *webextest.Cloud, org string) {
		c.SetConfiguration(org, webextest.DigitalSignage, map[string]any{"signageUrl": "http://127.0.0.1/other"})
	}, "Board"},
	{"another program changes the settings", 5, func(*webextest.Cloud, string) {
		running.SetEnvironment(map[string]string{"SIGNAGE_URL": original + "&another=1"})
	}, "changed by another program"},
	{"a second change to push", 6, alter(webextest.PersistentWebApp), "pushed 2"},
	{"the settings change is undone", 6, func(*webextest.Cloud, string) {
		running.SetEnvironment(map[string]string{"SIGNAGE_URL": original})
	}, "pushed 0"},
	{"Webex cannot be pushed to", 7, fault(webextest.KindSignage, "PUT", 403), "failed 1"},
	{"the approval is lost", 8, drop, "lost"},
	{"Webex cannot be asked", 10, fault(webextest.KindSignage, "GET", 403), "failed 1"},
	{"the tokens are dead before the move", 11, (*webextest.Cloud).RevokeRefreshToken, "Response"},
	{"the move is lost", 11, drop, "lost"},
	{"a configuration is missing", 12, func(c *webextest.Cloud, org string) {
		c.DeleteConfiguration(org, webextest.PersistentWebApp)
	}, "impaired"},
	{"the tokens are dead", 12, func(c *webextest.Cloud, org string) {
		c.RevokeRefreshToken(org)
		c.RevokeAccessTokens(org)
	}, "token_invalid"},
	{"the removal is lost", 13, drop, "lost"},
	{"the customer is gone", 15, func(c *webextest.Cloud, org string) { _ = c.RemoveOrganization(org) }, "no organization"},
	{"Webex does not know the client", 16, fault(webextest.KindToken, "POST", 401), "webex_rejected"},
	{"the pilot cannot be pushed to", 18, fault(webextest.KindSignage, "PUT", 403), "Pilot"},
	{"another customer is shown another page", 19, func(c *webextest.Cloud, org string) {
		c.SetConfiguration(org, webextest.DigitalSignage, map[string]any{"signageUrl": "http://127.0.0.1/other"})
	}, "Third"},
	{"another run takes the pilot's failure away", 20, fault(webextest.KindSignage, "GET", 403), "failed 1"},
	{"the private configuration is lost", 17, func(c *webextest.Cloud, org string) {
		c.Integrations(org)[1].DeleteConfiguration(org, webextest.DigitalSignage)
	}, "nothing"},
}

func TestSabotagedStepFails(t *testing.T) {
	original = signageURLOf(t, "VerifyConfigsFunction")
	for _, test := range sabotages {
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(func() {
				running.Webex().ClearFaults()
				running.SetEnvironment(map[string]string{"SIGNAGE_URL": original})
			})
			mustFail(t, target(), test.step, test.failure, func() {
				all := running.Webex().Organizations()
				test.harm(running.Webex(), all[len(all)-1].ID()) // the story's
			})
		})
	}
	t.Run("the content key is wrong", func(t *testing.T) {
		wrong := target()
		wrong.ContentKey = "wrong"
		mustFail(t, wrong, 4, "401 unauthorized", func() {})
	})
}

// mustFail plays a story that is harmed before a step: that step must fail.
func mustFail(t *testing.T, target story.Target, step int, want string, harm func()) {
	t.Helper()
	var signageURL string
	var out bytes.Buffer
	options := story.Options{Out: &out}
	options.Before(func(n int) {
		if n == step {
			harm()
		}
		if n <= 5 { // before the story changes it; the harm may have
			signageURL = signageURLOf(t, "VerifyConfigsFunction")
		}
	})
	err := story.Play(t.Context(), target, options)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("step %d failed", step)) {
		t.Fatalf("step %d was harmed; got %v\n%s", step, err, out.String())
	}
	_, failure, crossed := strings.Cut(out.String(), "✗")
	if !crossed || !strings.Contains(failure, want) {
		t.Errorf("the failure does not mention %q:\n%s", want, out.String())
	}
	leavesNothing(t, signageURL)
}
