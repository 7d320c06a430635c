package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// tab is a tab of the browser. Messages in its console, such as violations of the
// content security policy, fail the test.
type tab struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
	expected string // part of a message that the console may show; "" for none
}

// newTab opens a tab, or attaches to an existing one.
func newTab(t *testing.T, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(browser, options...)
	b := &tab{T: t, ctx: ctx}
	messages := chromedp.Console(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for message, err := range messages {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.problems = append(b.problems, message.String())
			b.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		end()
		<-done
		for _, problem := range b.problems {
			if b.expected != "" && strings.Contains(problem, b.expected) {
				continue
			}
			t.Errorf("the console shows %s", problem)
		}
	})
	return b
}

// visit opens an organization's page in a new tab.
func visit(t *testing.T, org *organization) *tab {
	t.Helper()
	b := newTab(t)
	b.size(1280, 800)
	b.open(local.WebexURL() + "/?org=" + org.ID())
	return b
}

// open opens a page of the console and waits until it receives updates.
func (b *tab) open(address string) {
	b.Helper()
	b.do(chromedp.Navigate(address))
	b.wait(`document.getElementById("live").dataset.state === "on"`)
}

func (b *tab) size(width, height int64) {
	b.Helper()
	b.do(chromedp.EmulateViewport(width, height))
}

// front brings the tab to the front: hidden tabs receive no updates.
func (b *tab) front() {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, page.BringToFront, cdp.Empty{}); err != nil {
		b.Fatal(err)
	}
	b.wait(`!document.hidden && document.getElementById("live").dataset.state === "on"`)
}

// media sets a media feature, such as prefers-color-scheme.
func (b *tab) media(name, value string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: name, Value: value}},
	})
	if err != nil {
		b.Fatal(err)
	}
}

func (b *tab) do(action chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		b.Fatal(err)
	}
}

// wait waits until an expression is true, also across navigations.
func (b *tab) wait(expression string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](expression,
			chromedp.WithPollingInterval(30*time.Millisecond), chromedp.WithPollingTimeout(patience)))
		if err == nil {
			return
		}
		if ctx.Err() != nil { // otherwise the page was navigating, or the element is missing
			b.Fatalf("never true: %s (%v)\nthe page shows: %s", expression, err, b.status())
		}
	}
}

func (b *tab) status() string {
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.getElementById("status")?.innerText ?? document.body.innerText`)) // only for failure messages
	return text
}

// click clicks an element once it no longer moves. If an update of the page
// replaces the element before the click, click tries again.
func (b *tab) click(selector string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		b.still(selector)
		err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
		if err == nil {
			return
		}
		if !replaced(err) || ctx.Err() != nil {
			b.Fatalf("click %s: %v", selector, err)
		}
	}
}

// replaced reports whether an error says that the element no longer exists.
func replaced(err error) bool {
	said, ok := errors.AsType[*cdproto.Error](err)
	return ok && said.Code == -32000 && strings.Contains(strings.ToLower(said.Message), "node")
}

// still waits until an element exists, scrolls it into view, and waits until it
// no longer moves.
func (b *tab) still(selector string) {
	b.Helper()
	b.wait(`document.querySelector(` + quote(selector) + `) !== null`)
	b.eval(`new Promise((still) => {
		const element = document.querySelector(` + quote(selector) + `);
		if (!element) return still(); // just replaced
		element.scrollIntoView({ block: "center", behavior: "instant" });
		let before = "";
		const look = () => {
			const now = JSON.stringify(element.getBoundingClientRect());
			if (now === before) still(); else { before = now; requestAnimationFrame(look); }
		};
		look();
	})`)
}

// press clicks a button and waits for a message.
func (b *tab) press(selector, message string) {
	b.Helper()
	b.eval(`document.getElementById("status-title").textContent = ""`)
	b.click(selector)
	b.wait(`document.getElementById("status-title").textContent.includes(` + quote(message) + `)`)
}

// show scrolls an element into view.
func (b *tab) show(selector string) {
	b.Helper()
	b.eval(`document.querySelector(` + quote(selector) + `).scrollIntoView({behavior: "instant", block: "nearest"})`)
}

func (b *tab) eval(expression string) { b.Helper(); evaluate[any](b, expression) }

func evaluate[T any](b *tab, expression string) T {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (b *tab) text(selector string) string {
	b.Helper()
	return evaluate[string](b, `document.querySelector(`+quote(selector)+`).innerText`)
}

// waitText waits until an element shows a text. Elements far outside the view have
// no innerText.
func (b *tab) waitText(selector, text string) {
	b.Helper()
	b.wait(`((element) => (element?.innerText || element?.textContent)?.includes(` + quote(text) + `))(document.querySelector(` + quote(selector) + `))`)
}

// opened waits for a new tab with an address that contains part, and attaches to
// it.
func (b *tab) opened(part string) *tab {
	b.Helper()
	return attach(b.T, "page", part)
}

// attached are the targets that attach has returned.
var attached []target.ID

// attach waits for a new target with an address that contains part, and attaches
// to it.
func attach(t *testing.T, kind, part string) *tab {
	t.Helper()
	look := time.NewTicker(30 * time.Millisecond)
	defer look.Stop()
	var seen []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-look.C {
		seen = nil
		targets, err := chromedp.Targets(browser)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range targets {
			seen = append(seen, found.Type+" "+found.URL)
			if found.Type == kind && strings.Contains(found.URL, part) && !slices.Contains(attached, found.TargetID) {
				attached = append(attached, found.TargetID)
				return newTab(t, chromedp.WithTargetID(found.TargetID), chromedp.WithDetachOnCancel())
			}
		}
	}
	if kind == "page" && part != "/launch" {
		t.Logf("instead: %s", attach(t, "page", "/launch").status())
	}
	t.Fatalf("no %s at %s was opened; there are %q", kind, part, seen)
	return nil
}

func quote(text string) string {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(literal)
}

var axe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(root + "/infra/node_modules/axe-core/axe.min.js")
	return string(text), err
})

// accessible checks the page with axe in its current state.
func (b *tab) accessible(where string) {
	b.Helper()
	program, err := axe()
	if err != nil {
		b.Fatal(err)
	}
	b.eval(program + ";null")
	// Rows of the traffic are alike.
	found := evaluate[[]string](b, `axe.run({exclude: [".exchange:nth-child(n+9)"]}, {resultTypes: ["violations"], iframes: false}).then((results) => results.violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.flatMap((v) => v.nodes.map((node) => v.id + ": " + node.target.join(" ") + " " + node.failureSummary)))`)
	for _, violation := range found {
		b.Errorf("%s: %s", where, violation)
	}
}

func (b *tab) picture() []byte {
	b.Helper()
	result, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err != nil {
		b.Fatal(err)
	}
	return result.Data
}
