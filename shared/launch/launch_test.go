package launch_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

var now = time.Date(2026, 1, 2, 4, 4, 5, 678, time.FixedZone("", 3600))

// table is a store in memory, which fails with err if that is set.
type table struct {
	err     error
	created []launch.Launch
	region  string
	used    installation.Used
	orgName string
}

func (s *table) Create(_ context.Context, l launch.Launch, region string, used installation.Used) error {
	if s.err != nil {
		return s.err
	}
	s.created, s.region, s.used = append(s.created, l), region, used
	return nil
}

func (s *table) Take(_ context.Context, id string, _ time.Time) (launch.Launch, launch.Customer, error) {
	at := slices.IndexFunc(s.created, func(l launch.Launch) bool { return l.ID == id })
	if s.err != nil || at < 0 {
		return launch.Launch{}, launch.Customer{}, cmp.Or(s.err, launch.ErrUnknown)
	}
	l := s.created[at]
	s.created = slices.Delete(s.created, at, at+1)
	return l, launch.Customer{OrgName: s.orgName, Reference: "4711"}, nil
}

func token(task webex.Task) webex.Token {
	return webex.Token{KeyRegion: "us-west-2_r", Claims: webex.Claims{
		Subject: base64.StdEncoding.EncodeToString([]byte("ciscospark://us/ORGANIZATION/org-1")),
		AppID:   "app", Action: webex.CrossLaunch, ID: "jti", IssuedAt: now, Task: task,
	}}
}

func provides(feature webex.Feature) bool { return feature == webex.DigitalSignage }

func issuer(t testing.TB, store launch.Creator, contentURL string) *launch.Issuer {
	t.Helper()
	i, err := launch.NewIssuer(store, provides, contentURL)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestIssueChecks(t *testing.T) {
	good := launch.Device{DeviceID: "d", DisplayName: "n"}
	long, longest := strings.Repeat("x", launch.MaxDeviceField+1), strings.Repeat("x", launch.MaxDeviceField)
	devices := func(n int) []launch.Device {
		list := make([]launch.Device, n)
		for i := range list {
			list[i] = good
		}
		return list
	}
	tests := []struct {
		name    string
		feature webex.Feature // default the provided one
		task    webex.Task    // default assign_content
		posted  string
		token   webex.Task
		devices []launch.Device
		stored  error
		want    error
		text    string
	}{
		{name: "no devices"},
		{name: "devices, one of them twice", devices: devices(2)},
		{name: "most devices", devices: devices(launch.MaxDevices)},
		{name: "one more", devices: devices(launch.MaxDevices + 1), want: launch.ErrTooManyDevices},
		{name: "longest fields", devices: []launch.Device{{DeviceID: longest, DisplayName: longest}}},
		{name: "unknown feature", feature: "x", want: launch.ErrFeatureNotProvided},
		{name: "the other task", task: webex.ManageContent, posted: "manageContent"},
		{name: "feature that is not provided", feature: webex.PersistentWebApp, want: launch.ErrFeatureNotProvided},
		{name: "task in body and token", posted: "assign_content", token: "assign_content"},
		{name: "task in another spelling", posted: "AssignContent"},
		{name: "unknown tasks", posted: "x", token: "y"},
		{name: "body contradicts", posted: "manage_content", want: webex.ErrWrongAction},
		{name: "body contradicts, in another spelling", posted: "MANAGEcontent", want: webex.ErrWrongAction},
		{name: "token contradicts", posted: "assign_content", token: "manage_content", want: webex.ErrWrongAction},
		{name: "body contradicts the other task", task: webex.ManageContent, posted: "assign_content", want: webex.ErrWrongAction},
		{name: "no id", devices: []launch.Device{good, {DisplayName: "n"}}, want: launch.ErrDevice, text: "devices[1]: deviceId is missing"},
		{name: "id too long", devices: []launch.Device{{DeviceID: long}}, want: launch.ErrDevice, text: "devices[0]: deviceId is over"},
		{name: "name too long", devices: []launch.Device{{DeviceID: "d", DisplayName: long}}, want: launch.ErrDevice, text: "displayName is over"},
		{name: "id is not UTF-8", devices: []launch.Device{{DeviceID: "\xff"}}, want: launch.ErrDevice, text: "not UTF-8"},
		{name: "name is not UTF-8", devices: []launch.Device{{DeviceID: "d", DisplayName: "\xff"}}, want: launch.ErrDevice, text: "not UTF-8"},
		{name: "the store refuses", stored: installation.ErrReplayed, want: installation.ErrReplayed},
		{name: "the store cannot hold the list", stored: launch.ErrTooManyDevices, want: launch.ErrTooManyDevices},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := &table{err: test.stored}
			order := launch.Order{Feature: test.feature, Task: test.task, PostedTask: test.posted, Devices: test.devices}
			if order.Feature == "" {
				order.Feature = webex.DigitalSignage
			}
			if order.Task == "" {
				order.Task = webex.AssignContent
			}
			redirect, err := issuer(t, store, "https://c.example.com/").Issue(t.Context(), token(test.token), order, now)
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if (err == nil) != (len(store.created) == 1) || (err == nil) == (redirect == "") {
				t.Errorf("%d launches stored, redirect %q", len(store.created), redirect)
			}
			if err != nil && !strings.Contains(err.Error(), test.text) {
				t.Errorf("error does not say %q: %v", test.text, err)
			}
		})
	}
}

func TestIssueStores(t *testing.T) {
	store := &table{orgName: "Org"}
	order := launch.Order{Feature: webex.DigitalSignage, Task: webex.AssignContent, Devices: []launch.Device{{DeviceID: "b", DisplayName: "B"}, {DeviceID: "a"}}}
	redirect, err := issuer(t, store, "https://c.example.com/").Issue(t.Context(), token(""), order, now)
	if err != nil {
		t.Fatal(err)
	}
	code := codeOf(t, redirect)
	want := launch.Launch{
		ID: secret.CodeID(code), Key: installation.Key{OrgKey: "org-1", AppID: "app"}, OrgID: token("").Subject,
		Feature: webex.DigitalSignage, Task: webex.AssignContent, Devices: order.Devices, IssuedAt: now,
	}
	if diff := gocmp.Diff([]launch.Launch{want}, store.created); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	wantUsed := installation.Used{Key: want.Key, ID: installation.Digest("jti"), Until: token("").AcceptableUntil()}
	if store.region != "us-west-2_r" || store.used != wantUsed {
		t.Errorf("region %q, used %+v", store.region, store.used)
	}
	if strings.Contains(fmt.Sprintf("%#v", store.created), code) {
		t.Error("the code itself is stored")
	}

	redeemed, err := launch.Redeem(t.Context(), store, code, now)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(redeemed)
	if err != nil {
		t.Fatal(err)
	}
	wantJSON := `{"orgKey":"org-1","orgId":"` + token("").Subject + `","orgName":"Org","reference":"4711",` +
		`"appId":"app","feature":"digital_signage","task":"assign_content",` +
		`"devices":[{"deviceId":"b","displayName":"B"},{"deviceId":"a"}],"issuedAt":"2026-01-02T03:04:05Z"}`
	if string(got) != wantJSON {
		t.Errorf("redeemed\n%s, want\n%s", got, wantJSON)
	}
}

func TestRedirect(t *testing.T) {
	for contentURL, want := range map[string]string{
		"https://c.example.com":                   "https://c.example.com?launch=CODE",
		"https://c.example.com/p/":                "https://c.example.com/p/?launch=CODE",
		"https://c.example.com/p?":                "https://c.example.com/p?launch=CODE",
		"https://c.example.com/p?b=%7e&a=1+2;c&=": "https://c.example.com/p?b=%7e&a=1+2;c&=&launch=CODE",
		"https://c.example.com/p?a=1&":            "https://c.example.com/p?a=1&launch=CODE",
		"https://c.example.com/p#/route?x":        "https://c.example.com/p?launch=CODE#/route?x",
		"https://c.example.com/p?a=1#":            "https://c.example.com/p?a=1&launch=CODE#",
	} {
		order := launch.Order{Feature: webex.DigitalSignage, Task: webex.ManageContent}
		redirect, err := issuer(t, &table{}, contentURL).Issue(t.Context(), token(""), order, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Replace(redirect, codeOf(t, redirect), "CODE", 1); got != want {
			t.Errorf("%s became\n%s, want\n%s", contentURL, got, want)
		}
	}
}

func codeOf(t *testing.T, redirect string) string {
	t.Helper()
	u, err := url.Parse(redirect)
	if err != nil {
		t.Fatal(err)
	}
	code := u.Query().Get("launch")
	if random, err := base64.RawURLEncoding.DecodeString(code); err != nil || len(random) != 32 {
		t.Fatalf("code %q in %s: %v", code, redirect, err)
	}
	return code
}

func TestRedeem(t *testing.T) {
	store := &table{created: []launch.Launch{{ID: secret.CodeID("code"), Key: installation.Key{OrgKey: "org-1", AppID: "app"}, IssuedAt: now}}}
	redeemed, err := launch.Redeem(t.Context(), store, "code", now)
	if err != nil || redeemed.Devices == nil || redeemed.OrgKey != "org-1" {
		t.Errorf("a launch without devices: %+v, %v", redeemed, err)
	}
	for _, code := range []string{"other", "", secret.CodeID("code")} {
		if _, err := launch.Redeem(t.Context(), store, code, now); !errors.Is(err, launch.ErrUnknown) {
			t.Errorf("code %q: %v", code, err)
		}
	}
	failed := errors.New("x")
	if _, err := launch.Redeem(t.Context(), &table{err: failed}, "code", now); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

func (s *table) SaveLaunch(_ context.Context, l launch.Launch) error {
	s.created = append(s.created, l)
	return s.err
}

// TestIssueWelcome: the launch is that of the activated installation, redeemed as others are.
func TestIssueWelcome(t *testing.T) {
	activated := token("")
	activated.UserID = "user-1"
	store := &table{orgName: "Acme"}
	address, err := launch.IssueWelcome(t.Context(), store, "https://x.example.com/new?a=1#top", activated, now)
	opened, _ := url.Parse(address)
	if code := opened.Query().Get("launch"); err != nil || address != "https://x.example.com/new?a=1&launch="+code+"#top" || len(code) != 43 {
		t.Fatalf("%q, %v", address, err)
	}
	if l := store.created[0]; l.ExpiresAt() != now.Add(15*time.Minute) {
		t.Errorf("can be redeemed until %v", l.ExpiresAt())
	}
	redeemed, err := launch.Redeem(t.Context(), store, opened.Query().Get("launch"), now)
	if err != nil || redeemed.Task != "welcome" || redeemed.Feature != "" || redeemed.OrgKey != "org-1" || redeemed.Welcomed == nil || redeemed.UserID != "user-1" {
		t.Errorf("redeemed %+v, %v", redeemed, err)
	}
	failed := errors.New("x")
	if address, err := launch.IssueWelcome(t.Context(), &table{err: failed}, "https://x/", activated, now); address != "" || !errors.Is(err, failed) {
		t.Errorf("got %q, %v", address, err)
	}
}

func TestNewIssuerRefuses(t *testing.T) {
	for _, test := range []struct {
		store      launch.Creator
		provides   func(webex.Feature) bool
		contentURL string
	}{
		{nil, provides, "https://x/"}, {&table{}, nil, "https://x/"}, {&table{}, provides, ""}, {&table{}, provides, "/x"},
	} {
		if i, err := launch.NewIssuer(test.store, test.provides, test.contentURL); err == nil || i != nil {
			t.Errorf("made one with %+v", test)
		}
	}
}

func TestCodesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code := secret.NewCode()
		if seen[code] || secret.CodeID(code) == code {
			t.Fatalf("code %q", code)
		}
		seen[code] = true
	}
}
