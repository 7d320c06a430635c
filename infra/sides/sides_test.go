package sides_test

import (
	"strings"
	"testing"

	"signpost/infra/sides"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

// names lists the lines that differ.
func names(lines []sides.Line) string {
	var differing []string
	for _, l := range lines {
		if l.Differs {
			differing = append(differing, l.Name)
		}
	}
	return strings.Join(differing, ", ")
}

func TestInstallation(t *testing.T) {
	row := installation.Installation{
		State: installation.Active,
		Statement: installation.Statement{
			Subject: "sub", Region: "us", Scopes: []string{"b", "a"},
			URLs: installation.URLs{App: "https://app"}, ManifestVersion: 2,
		},
	}
	held := sides.Held{
		Installed: true, Subject: "sub", Region: "us", ProvisioningState: "completed", ManifestVersion: 2,
		Scopes: []string{"a", "b"}, AppURL: "https://app", ActionsURL: "https://api/actions",
	}
	for _, test := range []struct {
		name   string
		change func(*installation.Installation, *sides.Held)
		want   string
	}{
		{"equal", func(*installation.Installation, *sides.Held) {}, ""},
		{"no version reported", func(i *installation.Installation, _ *sides.Held) { i.ManifestVersion = 0 }, ""},
		{"a lost action", func(_ *installation.Installation, h *sides.Held) { h.ManifestVersion = 3 }, "Manifest version"},
		{"moved", func(_ *installation.Installation, h *sides.Held) { h.Region, h.AppURL = "eu", "https://other" }, "Region, App URL"},
		{"fewer scopes", func(_ *installation.Installation, h *sides.Held) { h.Scopes = []string{"a"} }, "Scopes"},
		{"not completed", func(_ *installation.Installation, h *sides.Held) { h.ProvisioningState = "in_progress" }, "State"},
		{"removed here", func(i *installation.Installation, _ *sides.Held) { i.State = installation.Removed }, "State, Region, Organization, App URL, Actions URL"},
		{"removed there", func(_ *installation.Installation, h *sides.Held) { *h = sides.Held{Subject: "sub"} }, "State, Region, Organization, App URL, Actions URL"},
		{"nowhere", func(i *installation.Installation, h *sides.Held) { *i, *h = installation.Installation{}, sides.Held{} }, ""},
	} {
		i, h := row, held
		test.change(&i, &h)
		if got := names(sides.Installation(i, "https://api/actions", h)); got != test.want {
			t.Errorf("%s: %q differ, want %q", test.name, got, test.want)
		}
	}
}

func TestUnreportedIsNotMissing(t *testing.T) {
	held := sides.Held{Installed: true, ManifestVersion: 1}
	for _, test := range []struct {
		state installation.State
		want  string
	}{{installation.Active, "not reported yet"}, {installation.Removed, ""}} {
		lines := sides.Installation(installation.Installation{State: test.state}, "", held)
		if got := lines[3]; got.Name != "Manifest version" || got.Ours != test.want || got.Theirs != "1" || got.Differs {
			t.Errorf("%s: %+v, want %q", test.state, got, test.want)
		}
	}
}

func TestConfiguration(t *testing.T) {
	wanted := webex.FeatureConfig{
		Feature: webex.PersistentWebApp, DeviceURL: "https://app.example/$(deviceId)",
		AssignContentURL: "https://api/a", ManageContentURL: "https://api/m",
	}
	same, spelled, other := wanted, wanted, wanted
	spelled.XAPIAllowList = "app.example" // what leaving it out means
	other.XAPIAllowList, other.DeviceURL = "elsewhere.example", "https://other.example/"
	for _, test := range []struct {
		name         string
		wanted, held *webex.FeatureConfig
		want         string
	}{
		{"equal", &wanted, &same, ""},
		{"equal in effect", &wanted, &spelled, ""},
		{"altered", &wanted, &other, "Devices show, xAPI allow list"},
		{"missing", &wanted, nil, "Devices show, Assign content, Manage content"},
		{"not wanted", nil, &same, "Devices show, Assign content, Manage content"},
		{"nothing", nil, nil, ""},
	} {
		lines := sides.Configuration(test.wanted, test.held)
		if got := names(lines); got != test.want {
			t.Errorf("%s: %q differ, want %q", test.name, got, test.want)
		}
		if n := sides.Differing(lines); (n == 0) != (test.want == "") {
			t.Errorf("%s: %d differ", test.name, n)
		}
	}
}

func TestConfigOf(t *testing.T) {
	object := map[string]any{
		"pwaUrl": "https://app", "signageUrl": "https://signage", "directXapiAccessAllowListOverride": "x", "crossLaunch": map[string]any{
			"assignContent": map[string]any{"url": "https://a"}, "manageContent": "no object",
		},
	}
	want := webex.FeatureConfig{Feature: webex.PersistentWebApp, DeviceURL: "https://app", AssignContentURL: "https://a", XAPIAllowList: "x"}
	if got := sides.ConfigOf(webex.PersistentWebApp, object); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := sides.ConfigOf(webex.DigitalSignage, object); got.DeviceURL != "https://signage" {
		t.Errorf("%+v", got)
	}
}
