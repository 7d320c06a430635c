package story_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"signpost/infra/local/demo/story"
	"signpost/infra/local/stack"
	"signpost/shared/webex/webextest"
)

func TestStoryCanBeRepeated(t *testing.T) {
	s := theStack(t)
	signageURL := signageURLOf(t, s, "VerifyConfigsFunction")
	for range 2 {
		var out bytes.Buffer
		if err := story.Play(t.Context(), targetOf(s), story.Options{Out: &out}); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		text := out.String()
		for _, want := range []string{
			" 1  An administrator", fmt.Sprintf("%2d  ", story.Steps()), ": Lobby Board, Reception Desk, Board Room\n",
			"verified 1, pushed 1,", "verified 1, pushed 0,", "404 unknown_launch", "200 operational, tokens valid", "404 unknown_installation",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not printed in:\n%s", want, text)
			}
		}
		if lines := strings.Count(text, "\n"); lines > 56 || strings.ContainsAny(text, "✗\x1b") {
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
		leavesNothing(t, s, signageURL)
	}
}

var wholeCode = regexp.MustCompile(`launch=[\w-]{43}`)

func TestStoryInColour(t *testing.T) {
	s := theStack(t)
	var out bytes.Buffer
	options := story.Options{Out: &out, Color: true}
	ctx, cancel := context.WithCancel(t.Context())
	options.Before(func(step int) {
		if step == 2 {
			cancel()
		}
	})
	_ = story.Play(ctx, targetOf(s), options) // interrupted
	if !strings.Contains(out.String(), "\x1b[32m✓\x1b[0m") {
		t.Errorf("not in colour: %q", out.String())
	}
}

func TestInterruptedStoryRestoresSettings(t *testing.T) {
	s := theStack(t)
	signageURL := signageURLOf(t, s, "VerifyConfigsFunction")
	why := errors.New("Ctrl-C was pressed")
	ctx, cancel := context.WithCancelCause(t.Context())
	options := story.Options{}
	options.Before(func(step int) {
		if step == 6 {
			if signageURLOf(t, s, "VerifyConfigsFunction") == signageURL {
				t.Error("SIGNAGE_URL is not changed: there is nothing to restore")
			}
			cancel(why)
		}
	})
	err := story.Play(ctx, targetOf(s), options)
	if !errors.Is(err, why) || !strings.Contains(err.Error(), "interrupted in step 6") {
		t.Errorf("got %v", err)
	}
	leavesNothing(t, s, signageURL)
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

var sabotages = []sabotage{
	{"Webex refuses a configuration", 1, fault(webextest.KindSignage, "PUT", 403), "Response"},
	{"a configuration is altered", 2, alter(webextest.PersistentWebApp), "Web app"},
	{"Webex has lost the cross-launch", 3, alter(webextest.DigitalSignage), "no cross-launch URL"},
	{"an early push", 5, func(c *webextest.Cloud, org string) {
		c.SetConfiguration(org, webextest.DigitalSignage, map[string]any{"signageUrl": "http://127.0.0.1/other"})
	}, "Board"},
	{"a second change to push", 6, alter(webextest.PersistentWebApp), "pushed 2"},
	{"Webex cannot be pushed to", 7, fault(webextest.KindSignage, "PUT", 403), "failed 1"},
	{"the approval is lost", 8, func(c *webextest.Cloud, org string) { c.DropNextAction(org) }, "lost"},
	{"Webex cannot be asked", 10, fault(webextest.KindSignage, "GET", 403), "failed 1"},
	{"the tokens are dead before the move", 11, func(c *webextest.Cloud, org string) { c.RevokeRefreshToken(org) }, "Response"},
	{"the move is lost", 11, func(c *webextest.Cloud, org string) { c.DropNextAction(org) }, "lost"},
	{"a configuration is missing", 12, func(c *webextest.Cloud, org string) {
		c.DeleteConfiguration(org, webextest.PersistentWebApp)
	}, "impaired"},
	{"the tokens are dead", 12, func(c *webextest.Cloud, org string) {
		c.RevokeRefreshToken(org)
		c.RevokeAccessTokens(org)
	}, "token_invalid"},
	{"the removal is lost", 13, func(c *webextest.Cloud, org string) { c.DropNextAction(org) }, "lost"},
}

func TestSabotagedStepFails(t *testing.T) {
	s := theStack(t)
	for _, test := range sabotages {
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(s.Webex().ClearFaults)
			mustFail(t, s, targetOf(s), test.step, test.failure, func() { test.harm(s.Webex(), customer(t, s)) })
		})
	}
	t.Run("the content key is wrong", func(t *testing.T) {
		target := targetOf(s)
		target.ContentKey = "wrong"
		mustFail(t, s, target, 4, "401 unauthorized", func() {})
	})
	t.Run("a settings change that is undone", func(t *testing.T) {
		original := signageURLOf(t, s, "VerifyConfigsFunction")
		mustFail(t, s, targetOf(s), 6, "pushed 0", func() { s.SetEnvironment(map[string]string{"SIGNAGE_URL": original}) })
	})
}

// mustFail plays a story that is harmed before a step: that step must fail.
func mustFail(t *testing.T, s *stack.Stack, target story.Target, step int, want string, harm func()) {
	t.Helper()
	var signageURL string
	var out bytes.Buffer
	options := story.Options{Out: &out}
	options.Before(func(n int) {
		if n == step {
			harm()
		}
		if n <= 5 { // before the story changes it; the harm may have
			signageURL = signageURLOf(t, s, "VerifyConfigsFunction")
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
	leavesNothing(t, s, signageURL)
}

func TestOthersSettingsAreLeft(t *testing.T) {
	s := theStack(t)
	original := signageURLOf(t, s, "VerifyConfigsFunction")
	t.Cleanup(func() { s.SetEnvironment(map[string]string{"SIGNAGE_URL": original}) })
	another := original + "&another=1"
	mustFail(t, s, targetOf(s), 5, "changed by another program", func() { s.SetEnvironment(map[string]string{"SIGNAGE_URL": another}) })
}
