package support_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/support"
	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// deployment stands for a stack; tests of the command serve a real one.
type deployment struct {
	rows       []installation.Installation
	unreadable error
	broken     error
	unlogged   error
	unasked    error // why Webex could not be asked
	takes      time.Duration
	outcome    support.Outcome
	reads      int
	changed    []string
	clock      time.Time
}

func (d *deployment) Installations(context.Context) (support.Installations, error) {
	d.reads++
	d.clock = d.clock.Add(d.takes)
	return support.Installations{Rows: d.rows, Unreadable: d.unreadable, Count: len(d.rows)}, d.broken
}

func (d *deployment) Find(_ context.Context, orgKey string) ([]installation.Installation, error) {
	switch orgKey {
	case "key-young": // activated after the list was read
		young := rows()[0]
		young.OrgKey = orgKey
		return []installation.Installation{young}, nil
	case "key-new":
		return []installation.Installation{{Key: installation.Key{OrgKey: orgKey, AppID: "app"}}}, nil
	}
	return nil, nil
}

func (d *deployment) Inspect(_ context.Context, key installation.Key) (lifecycle.Inspection, channel.Channels, error) {
	for _, row := range d.rows {
		if row.Key == key {
			inspection := lifecycle.Inspection{Installation: row}
			if d.unasked != nil {
				wanted := &webex.FeatureConfig{DeviceURL: "https://a.example.com/?k=" + row.DeviceKey.Reveal()}
				inspection.Verdicts = map[webex.Feature]lifecycle.Verdict{webex.DigitalSignage: {Verb: lifecycle.Leave, Wanted: wanted}}
				inspection.Failures = map[webex.Feature]error{webex.DigitalSignage: d.unasked}
			}
			return inspection, channel.Channels{}, d.broken
		}
	}
	return lifecycle.Inspection{}, channel.Channels{}, fmt.Errorf("installation of %s: %w", key.Text(), installation.ErrNotFound)
}

func (d *deployment) Verify(_ context.Context, key installation.Key) (support.Outcome, error) {
	return d.change("verify", key)
}

func (d *deployment) Reload(_ context.Context, key installation.Key) (support.Outcome, error) {
	return d.change("reload", key)
}

func (d *deployment) change(what string, key installation.Key) (support.Outcome, error) {
	d.changed = append(d.changed, what+" "+key.Text())
	return d.outcome, d.broken
}

// Lines are in the order in which several functions' lines arrive.
func (d *deployment) Lines(_ context.Context, orgKey string, since time.Time) ([]support.Line, error) {
	if since != now.Add(-24*time.Hour) {
		return nil, fmt.Errorf("asked since %s", since)
	}
	return []support.Line{
		{At: now.Add(-time.Hour), Source: "Activation", Message: "older", Rest: "org=" + orgKey}, {At: now, Source: "event", Message: "newer <b>", AppID: "app"},
		{At: now, Source: "event", Message: "of another integration", AppID: "other"},
	}, d.unlogged
}

func (d *deployment) serve(write bool) http.Handler {
	d.clock = now
	return support.New(support.Options{
		Name: "stage night", Deployment: d, Timeline: d, Write: write, Now: func() time.Time { return d.clock },
	})
}

func ask(handler http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, nil)
	request.Host = "127.0.0.1:3002"
	for n := 0; n < len(header); n += 2 {
		if header[n] == "Host" {
			request.Host = header[n+1]
		}
		request.Header.Set(header[n], header[n+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func row(name string, change func(*installation.Installation)) installation.Installation {
	i := installation.Installation{
		Key: installation.Key{OrgKey: "key-" + strings.ToLower(strings.ReplaceAll(name, " ", "-")), AppID: "app"}, State: installation.Active, Version: 1,
		Statement: installation.Statement{OrgName: name, Region: "us-west-2_r"}, Reference: "C" + fmt.Sprint(len(name)),
		Features: map[webex.Feature]installation.Feature{webex.DigitalSignage: {Status: installation.InSync}},
	}
	i.Tokens.RefreshExpiresAt = now.AddDate(0, 3, 0)
	if change != nil {
		change(&i)
	}
	return i
}

func rows() []installation.Installation {
	return []installation.Installation{
		row("Zoo", nil), row("alpha", nil),
		row("Soon out", func(i *installation.Installation) { i.Tokens.RefreshExpiresAt = now.AddDate(0, 0, 2) }),
		row("Failing", func(i *installation.Installation) {
			i.Schedule.FailingSince, i.Schedule.Failures = now.AddDate(0, 0, -2), 9
		}),
		row("Out", func(i *installation.Installation) { i.State = installation.TokenInvalid }),
	}
}

var customers = regexp.MustCompile(`<a href="/installations/([^"]+)"`)

// found are the customers on a page, in order.
func found(page string) (list []string) {
	for _, match := range customers.FindAllStringSubmatch(page, -1) {
		list = append(list, match[1])
	}
	return list
}

// TestList: the most urgent problem comes first, then names; a search finds by name, key
// and reference.
func TestList(t *testing.T) {
	d := &deployment{rows: rows(), unreadable: errors.New("org#x#y: row of schema 9")}
	console := d.serve(false)
	for search, want := range map[string][]string{
		"":                {"key-out/app", "key-failing/app", "key-soon-out/app", "key-alpha/app", "key-zoo/app"},
		"?search=OUT":     {"key-out/app", "key-soon-out/app"},
		"?search=key-z":   {"key-zoo/app"},
		"?search=c7":      {"key-failing/app"},
		"?search=nothing": nil,
		"?search=key-new": {"key-new/app"}, // a candidate only
		"?search=Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi9rZXktem9v": {"key-zoo/app"}, // its orgId
	} {
		answer := ask(console, "GET", "/"+search)
		if diff := cmp.Diff(want, found(answer.Body.String())); diff != "" || answer.Code != 200 {
			t.Errorf("%s: %d (-want +got):\n%s", search, answer.Code, diff)
		}
		for _, text := range []string{"stage night", "read-only", "5 installations", "3 with a problem", "row of schema 9"} {
			if !strings.Contains(answer.Body.String(), text) {
				t.Errorf("%s: no %q", search, text)
			}
		}
	}
}

// TestTheTableIsReadOnceAMinute: searches and pages do not read it again, unless asked to.
func TestTheTableIsReadOnceAMinute(t *testing.T) {
	d := &deployment{rows: rows()}
	console := d.serve(false)
	for _, step := range []struct {
		path  string
		after time.Duration
		reads int
	}{
		{"/", 0, 1}, {"/?search=a", 59 * time.Second, 1}, {"/", 2 * time.Second, 2}, {"/?read", time.Second, 3}, {"/", 0, 3},
	} {
		d.clock = d.clock.Add(step.after)
		if ask(console, "GET", step.path); d.reads != step.reads {
			t.Errorf("%s: %d reads, want %d", step.path, d.reads, step.reads)
		}
	}
}

// TestASlowRead: a list that takes long to read is shown for longer.
func TestASlowRead(t *testing.T) {
	d := &deployment{rows: rows(), takes: time.Minute}
	console := d.serve(false)
	for _, step := range []struct {
		after time.Duration
		reads int
	}{{0, 1}, {9 * time.Minute, 1}, {2 * time.Minute, 2}} {
		d.clock = d.clock.Add(step.after)
		if ask(console, "GET", "/"); d.reads != step.reads {
			t.Errorf("after %s: %d reads, want %d", step.after, d.reads, step.reads)
		}
	}
}

// TestWhatWebexStoresIsUnknown: nobody is told that nothing differs, nor shown the key of the
// customer's devices.
func TestWhatWebexStoresIsUnknown(t *testing.T) {
	d := &deployment{rows: rows(), unasked: errors.New("503")}
	d.rows[1].DeviceKey = installation.NewDeviceKey()
	page := ask(d.serve(false), "GET", "/installations/key-alpha/app").Body.String()
	for _, text := range []string{"Webex not read", "last known: in sync", "What Webex stores is unknown: 503.", "https://a.example.com/?k={installationKey}"} {
		if !strings.Contains(page, text) {
			t.Errorf("no %q in\n%s", text, page)
		}
	}
	if strings.Contains(page, "no differences") || strings.Contains(page, d.rows[1].DeviceKey.Reveal()) {
		t.Errorf("the page says too much:\n%s", page)
	}
}

func TestALongList(t *testing.T) {
	d := &deployment{}
	for n := range 250 {
		d.rows = append(d.rows, row(fmt.Sprintf("Customer %03d", n), nil))
	}
	page := ask(d.serve(false), "GET", "/").Body.String()
	if shown := len(found(page)); shown != 200 || !strings.Contains(page, "and 50 more") {
		t.Errorf("%d shown", shown)
	}
}

func TestInstallation(t *testing.T) {
	d := &deployment{rows: rows(), outcome: support.Failed}
	for path, texts := range map[string][]string{
		"/installations/key-alpha/app":                 {"<bdi>alpha</bdi>", "us-west-2_r", "Show the last 24 hours"},
		"/installations/key-alpha/app?lines":           {"newer &lt;b&gt;", "org=key-alpha"},
		"/installations/key-out/app":                   {"activate the integration again", "cannot verify"},
		"/installations/key-alpha/app?done=pushed":     {`class="done"`, "wanted configurations again"},
		"/installations/key-alpha/app?done=failed":     {`class="problem" role="status"`, "The verification failed"},
		"/installations/key-alpha/app?done=unheard-of": {"<bdi>alpha</bdi>"},
	} {
		answer := ask(d.serve(false), "GET", path)
		page := answer.Body.String()
		for _, text := range texts {
			if answer.Code != 200 || !strings.Contains(page, text) {
				t.Errorf("%s: %d, no %q in\n%s", path, answer.Code, text, page)
			}
		}
		if strings.Contains(page, "<form") || strings.Contains(page, "unheard-of") {
			t.Errorf("%s: a read-only page has a form, or shows its address", path)
		}
		if strings.Contains(page, "another integration") {
			t.Errorf("%s shows a line of another integration", path)
		}
		if newer, older := strings.Index(page, "newer"), strings.Index(page, "older"); newer > older {
			t.Errorf("%s: the older line comes first", path)
		}
	}
}

func TestErrors(t *testing.T) {
	d := &deployment{rows: rows()}
	if answer := ask(d.serve(true), "GET", "/installations/key-alpha/other"); answer.Code != 404 || !strings.Contains(answer.Body.String(), "Not installed") {
		t.Errorf("an unknown installation: %d %s", answer.Code, answer.Body)
	}
	d.broken = errors.New("no credentials")
	for _, path := range []string{"GET /", "GET /installations/key-alpha/app", "POST /installations/key-alpha/app/verify"} {
		method, path, _ := strings.Cut(path, " ")
		if answer := ask(d.serve(true), method, path); answer.Code != 502 || !strings.Contains(answer.Body.String(), "no credentials") {
			t.Errorf("%s: %d %s", path, answer.Code, answer.Body)
		}
	}
	d.broken, d.unlogged = nil, errors.New("denied")
	page := ask(d.serve(true), "GET", "/installations/key-alpha/app?lines")
	if page.Code != 200 || !strings.Contains(page.Body.String(), "denied") || !strings.Contains(page.Body.String(), "us-west-2_r") {
		t.Errorf("without log lines: %d %s", page.Code, page.Body)
	}
}

// TestChanges: only with Write, and only from the pages themselves.
func TestChanges(t *testing.T) {
	const path = "/installations/key-alpha/app/"
	d := &deployment{rows: rows(), outcome: support.Verified}
	for _, test := range []struct {
		write   bool
		method  string
		path    string
		header  []string
		status  int
		changes int
	}{
		{false, "POST", path + "verify", nil, 404, 0},
		{true, "POST", path + "verify", nil, 303, 1},
		{true, "POST", path + "reload", []string{"Sec-Fetch-Site", "same-origin"}, 303, 1},
		{true, "GET", path + "verify", nil, 405, 0},
		{true, "POST", path + "verify", []string{"Sec-Fetch-Site", "same-site"}, 403, 0},
		{true, "POST", path + "reload", []string{"Origin", "http://127.0.0.1:1"}, 403, 0},
		{true, "POST", path + "reload", []string{"Host", "rebound.example.com"}, 403, 0},
		{false, "GET", "/", []string{"Host", "rebound.example.com"}, 403, 0},
		{false, "GET", "/?read", []string{"Sec-Fetch-Site", "cross-site"}, 403, 0}, // an image of another site
		{false, "GET", "/?read", []string{"Sec-Fetch-Site", "none"}, 200, 0},
	} {
		d.changed = nil
		answer := ask(d.serve(test.write), test.method, test.path, test.header...)
		if answer.Code != test.status || len(d.changed) != test.changes {
			t.Errorf("%s %s %v: %d, changed %q", test.method, test.path, test.header, answer.Code, d.changed)
		}
		if answer.Code == 303 && answer.Header().Get("Location") != "/installations/key-alpha/app?done=verified" {
			t.Errorf("goes to %s", answer.Header().Get("Location"))
		}
	}
	page := ask(d.serve(true), "GET", "/installations/key-alpha/app").Body.String()
	for _, action := range []string{path + "verify", path + "reload", "writable"} {
		if !strings.Contains(page, action) {
			t.Errorf("no %s", action)
		}
	}
}

func TestHeaders(t *testing.T) {
	console := (&deployment{rows: rows()}).serve(false)
	for _, path := range []string{"/", "/installations/key-alpha/app", "/installations/gone/app"} {
		header := ask(console, "GET", path).Header()
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Type": "text/html; charset=utf-8",
		} {
			if header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, header.Get(name))
			}
		}
		if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	for path, want := range map[string]int{"/assets/style.css": 200, "/assets/support.css": 200, "/favicon.ico": 200, "/assets/pages.html": 404, "/assets/sides.html": 404} {
		if got := ask(console, "GET", path).Code; got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
}

func TestParseLine(t *testing.T) {
	for text, want := range map[string]support.Line{
		`{"time":"2026-03-01T11:00:00.5Z","level":"ERROR","msg":"not verified","org":"o","app":"a","status":500,"cause":"gone"}`: {At: now.Add(-time.Hour + 500*time.Millisecond), AppID: "a", Message: "not verified", Tone: "bad", Rest: "cause=gone status=500"},
		`{"level":"WARN","msg":"token renewed late"}`:                              {At: now, Message: "token renewed late", Tone: "wait"},
		`{"type":"installation.removed","orgKey":"o","before":{"state":"active"}}`: {At: now, Message: "installation.removed", Tone: "idle", Rest: `before={"state":"active"}`},
	} {
		got, ok := support.ParseLine("f", text, now)
		if want.Source = "f"; !ok {
			t.Errorf("%s is no line", text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{"START RequestId: 1", "", `"text"`} {
		if line, ok := support.ParseLine("f", text, now); ok {
			t.Errorf("%q is %+v", text, line)
		}
	}
}

// TestSearchFindsWhatTheListLacks: a list that is shown for a minute lacks what was
// activated since.
func TestSearchFindsWhatTheListLacks(t *testing.T) {
	console := (&deployment{rows: rows()[1:]}).serve(false)
	for search, want := range map[string]string{"key-young": "active", "key-new": "not proven yet"} {
		page := ask(console, "GET", "/?search="+search).Body.String()
		if !strings.Contains(page, search) || !strings.Contains(page, want) || want == "active" && strings.Contains(page, "not proven yet") {
			t.Errorf("%s is not shown as %s:\n%s", search, want, page)
		}
	}
}

// TestFailedChange: what prevents a change is no problem of reading the installation.
func TestFailedChange(t *testing.T) {
	d := &deployment{rows: rows(), broken: errors.New("SIGNAGE_URL leaves no room")}
	answer := ask(d.serve(true), "POST", "/installations/key-alpha/app/reload")
	if body := answer.Body.String(); answer.Code != 502 || !strings.Contains(body, "Nothing was changed") || !strings.Contains(body, "leaves no room") {
		t.Errorf("%d %s", answer.Code, body)
	}
}
