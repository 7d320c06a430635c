package console_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"signpost/infra/local/stack"
	"signpost/shared/webex/webextest"
)

// The stack and the browser that all tests share. Each test has its own
// organizations and tabs.
var (
	local   *stack.Stack
	cloud   *webextest.Cloud
	browser context.Context
)

const root = "../../.."

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	program, err := findBrowser()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	folder, err := os.MkdirTemp("", "console")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	// The browser must connect to the stack only. Each site has a process of its own, and
	// so each device's frame a target, which the headless shell does not do unasked.
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(folder+"/browser"), chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("site-per-process", true))
	if os.Geteuid() == 0 { // Chromium's sandbox refuses root, as in CI
		flags = append(flags, chromedp.NoSandbox)
	}
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), flags...)
	defer endAllocator()
	var endBrowser context.CancelFunc
	browser, endBrowser = chromedp.NewContext(allocator)
	defer endBrowser()
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(browser) }()
	local, err = stack.Start(context.Background(), stack.Options{
		Root: root, EphemeralPorts: true, DataDir: folder, ScheduleEvery: stack.ScheduleOff,
	})
	if err == nil {
		defer local.Stop()
		cloud = local.Webex()
		err = <-started
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// findBrowser looks for any Chrome or Chromium.
func findBrowser() (string, error) {
	for _, name := range []string{os.Getenv("BROWSER_PROGRAM"), "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if name == "" {
			continue
		}
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", errors.New("no Chrome or Chromium is installed: run `make browser`")
}

// patience is the time limit of every wait, long enough for a busy machine.
const patience = 20 * time.Second

type organization struct{ *webextest.Organization }

func customer(t *testing.T, name string) *organization {
	t.Helper()
	return &organization{cloud.AddOrganization(name, "us-west-2_r")}
}

func (o *organization) boards() []webextest.Device {
	return slices.DeleteFunc(cloud.Devices(o.ID()), func(d webextest.Device) bool { return d.Kind != webextest.KindShowsSignage })
}

// item and checkbox are selectors of a device on the page.
func item(d webextest.Device) string     { return `[id="` + d.ID + `"]` }
func checkbox(d webextest.Device) string { return item(d) + ` [data-device]` }

// activated adds an organization with the integration activated.
func activated(t *testing.T, name string) *organization {
	t.Helper()
	org := customer(t, name)
	reply, err := cloud.Activate(context.Background(), org.ID())
	if err != nil || reply.Status != 200 {
		t.Fatalf("activation: %d %s %v", reply.Status, reply.Body, err)
	}
	return org
}
