package compare_test

import (
	"strings"
	"testing"

	"signpost/infra/compare"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

// names lists the lines that differ.
func names(lines []compare.Line) string {
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
	stored := compare.Stored{
		Installed: true, Subject: "sub", Region: "us", ProvisioningState: "completed", ManifestVersion: 2,
		Scopes: []string{"a", "b"}, AppURL: "https://app", ActionsURL: "https://api/actions",
	}
	for _, test := range []struct {
		name   string
		change func(*installation.Installation, *compare.Stored)
		want   string
	}{
		{"equal", func(*installation.Installation, *compare.Stored) {}, ""},
		{"no version reported", func(i *installation.Installation, _ *compare.Stored) { i.ManifestVersion = 0 }, ""},
		{"a lost action", func(_ *installation.Installation, h *compare.Stored) { h.ManifestVersion = 3 }, "Manifest version"},
		{"moved", func(_ *installation.Installation, h *compare.Stored) { h.Region, h.AppURL = "eu", "https://other" }, "Region, App URL"},
		{"fewer scopes", func(_ *installation.Installation, h *compare.Stored) { h.Scopes = []string{"a"} }, "Scopes"},
		{"not completed", func(_ *installation.Installation, h *compare.Stored) { h.ProvisioningState = "in_progress" }, "State"},
		{"removed here", func(i *installation.Installation, _ *compare.Stored) { i.State = installation.Removed }, "State, Region, Organization, App URL, Actions URL"},
		{"removed there", func(_ *installation.Installation, h *compare.Stored) { *h = compare.Stored{Subject: "sub"} }, "State, Region, Organization, App URL, Actions URL"},
		{"nowhere", func(i *installation.Installation, h *compare.Stored) {
			*i, *h = installation.Installation{}, compare.Stored{}
		}, ""},
	} {
		i, h := row, stored
		test.change(&i, &h)
		if got := names(compare.Installation(i, "https://api/actions", h)); got != test.want {
			t.Errorf("%s: %q differ, want %q", test.name, got, test.want)
		}
	}
}

func TestUnreportedIsNotMissing(t *testing.T) {
	stored := compare.Stored{Installed: true, ManifestVersion: 1}
	for _, test := range []struct {
		state installation.State
		want  string
	}{{installation.Active, "not reported yet"}, {installation.Removed, ""}} {
		lines := compare.Installation(installation.Installation{State: test.state}, "", stored)
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
		name           string
		wanted, stored *webex.FeatureConfig
		want           string
	}{
		{"equal", &wanted, &same, ""},
		{"equal in effect", &wanted, &spelled, ""},
		{"altered", &wanted, &other, "Devices show, xAPI allow list"},
		{"missing", &wanted, nil, "Devices show, Assign content, Manage content"},
		{"not wanted", nil, &same, "Devices show, Assign content, Manage content"},
		{"nothing", nil, nil, ""},
	} {
		lines := compare.Configuration(test.wanted, test.stored)
		if got := names(lines); got != test.want {
			t.Errorf("%s: %q differ, want %q", test.name, got, test.want)
		}
		if n := compare.Differing(lines); (n == 0) != (test.want == "") {
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
	if got := compare.ConfigOf(webex.PersistentWebApp, object); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := compare.ConfigOf(webex.DigitalSignage, object); got.DeviceURL != "https://signage" {
		t.Errorf("%+v", got)
	}
}
