package console_test

import (
	"bufio"
	"context"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"signpost/infra/operate"
	"signpost/infra/terminal"
)

// serveSupport serves the support console of the shared stack until the test ends, and
// returns its address.
func serveSupport(t *testing.T) string {
	t.Helper()
	api, err := url.Parse(local.URL())
	if err != nil {
		t.Fatal(err)
	}
	environ := map[string]string{"PORT": api.Port()}
	out, in := io.Pipe()
	o := &operate.Operator{IO: terminal.NewIO(strings.NewReader(""), in, io.Discard, environ), Template: root + "/template.yaml", Environ: environ}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- o.ServeConsole(ctx, operate.ConsoleOptions{Write: true})
		in.Close()
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	line, _ := bufio.NewReader(out).ReadString('\n')
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(line)
	if address == "" {
		t.Fatalf("printed %q", line)
	}
	return address
}

// TestSupportConsole: its pages work without a script, are accessible, and fit a phone. It
// is tested here, where the browser is.
func TestSupportConsole(t *testing.T) {
	org := activated(t, "Acme with a screen that stays dark")
	cloud.DeleteConfiguration(org.ID(), "digital_signage")
	address := serveSupport(t)
	b := newTab(t)
	open := func(page string) {
		t.Helper()
		b.do(chromedp.Navigate(page))
		b.wait(`document.readyState === "complete"`)
	}
	b.size(1280, 800)
	open(address)
	b.eval(`document.getElementById("search").value = "screen that stays"`)
	b.click(".search button")
	b.waitText("main", "1 found")
	b.click(".list a")
	b.waitText("#differs", "difference")
	b.click("#show-lines")
	b.waitText(".lines", "POST /activation")
	one := evaluate[string](b, `location.origin + location.pathname`)
	for _, scheme := range []string{"light", "dark"} {
		b.media("prefers-color-scheme", scheme)
		for _, width := range []int64{1280, 360} {
			b.size(width, 740)
			for _, page := range []string{address, one, one + "?lines"} {
				open(page)
				b.accessible(page + " " + scheme)
				if wide := evaluate[int](b, `document.documentElement.scrollWidth`); wide > int(width) {
					t.Errorf("%s is %d pixels wide on a screen of %d", page, wide, width)
				}
			}
		}
	}
	b.media("prefers-color-scheme", "light")
	b.size(1280, 800)
	open(one)
	b.keep("support-console.png")
	b.click("#act-verify button")
	b.waitText(".done", "wanted configurations again")
	b.waitText("#equal", "no differences")
}
