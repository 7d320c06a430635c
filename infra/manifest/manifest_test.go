package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/stage"
	"signpost/infra/terminal"
	"signpost/shared/manifest"
)

func settings() stage.Settings {
	return stage.Settings{
		Name: "prod",
		Variables: map[string]string{
			"WEBEX_APP_ID": "6d93fe09-7130-4507-b261-3908b63428a4", "VENDOR_NAME": "Vendor & Co",
			"SIGNAGE_URL": "https://signage.example.com/", "PWA_URL": "https://pwa.example.com/",
		},
		Deployment: stage.Deployment{APIURL: "https://api.example.com"},
		Integration: manifest.Description{
			DisplayName: "Signage", Email: "dev@example.com", Description: "Shows things.", Availability: "org_private", Provisioning: "https",
		},
	}
}

func TestDerive(t *testing.T) {
	s := settings()
	s.Integration.Role, s.Integration.JSXAPI = "id_full_admin", true
	s.Integration.XAPI = manifest.XAPI{Status: []string{"Standby.State"}, Commands: []string{"Standby.Halfwake"}}
	want := manifest.Manifest{
		ID: "6d93fe09-7130-4507-b261-3908b63428a4", DisplayName: "Signage", Vendor: "Vendor & Co", Email: "dev@example.com",
		Description: "Shows things.", Availability: "org_private",
		Features: []string{"digital_signage", "persistent_web_app"},
		APIAccess: []manifest.Access{
			{Scope: "spark-admin:devices_digital_signage", Access: "required", Role: "id_full_admin"}, {Scope: "spark-admin:devices_pwa", Access: "required", Role: "id_full_admin"},
			{Scope: "spark-admin:devices_pwa_jsxapi", Access: "required", Role: "id_full_admin"},
			{Scope: "spark:xapi_statuses", Access: "required", Role: ""}, {Scope: "spark:xapi_commands", Access: "required", Role: ""},
		},
		XAPIAccess:   &manifest.XAPIAccess{Status: []manifest.Path{{Path: "Standby.State", Access: "required"}}, Commands: []manifest.Path{{Path: "Standby.Halfwake", Access: "required"}}, Events: []manifest.Path{}},
		Provisioning: manifest.Provisioning{Type: "https", URL: "https://api.example.com/activation"},
	}
	if same := derive(s); digest(same) != digest(want) {
		t.Errorf("digest of %+v", same)
	}
	s.Variables["WEBEX_APP_ID"] = strings.ToUpper(s.Variables["WEBEX_APP_ID"]) // the same id
	got := derive(s)
	if diff := cmp.Diff(want, got); diff != "" || got.Check() != nil {
		t.Errorf("%v (-want +got):\n%s", got.Check(), diff)
	}
	s.Integration.Provisioning, s.Variables["SIGNAGE_URL"] = "manual", ""
	got = derive(s)
	if diff := cmp.Diff(manifest.Provisioning{Type: "manual", ActivationGuideURL: "https://api.example.com/activation"}, got.Provisioning); diff != "" {
		t.Errorf("manual (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"persistent_web_app"}, got.Features); diff != "" || len(got.APIAccess) != 4 {
		t.Errorf("without signage: %+v", got)
	}
}

func TestVersions(t *testing.T) {
	folder := t.TempDir()
	run := func(look bool) (string, error) {
		var out bytes.Buffer
		f := Write
		if look {
			f = Check
		}
		err := f(terminal.NewIO(nil, &out, &out, nil), folder, "prod")
		return out.String(), err
	}
	for _, look := range []bool{true, false} {
		if _, err := run(look); !errors.Is(err, stage.ErrNotFound) {
			t.Errorf("without settings: %v", err)
		}
	}
	if err := settings().Write(folder); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		change  func(*stage.Settings)
		look    bool
		version int
		exit    int
		says    string
	}{
		{"first look", nil, true, 0, terminal.ExitFindings, "require version 1"},
		{"first", nil, false, 1, 0, "Add integration"},
		{"again", nil, false, 1, 0, "unchanged"},
		{"again, looked at", nil, true, 1, 0, "matches the settings"},
		{"another address shown", func(s *stage.Settings) { s.Variables["SIGNAGE_URL"] = "https://other.example.com/" }, false, 1, 0, "unchanged"},
		{"a feature less, looked at", func(s *stage.Settings) { s.Variables["PWA_URL"] = "" }, true, 1, terminal.ExitFindings, "require version 2"},
		{"a feature less", nil, false, 2, 0, "administrator approves"},
		{"and once more", nil, false, 2, 0, "unchanged"},
		{"no address yet, looked at", func(s *stage.Settings) { s.Deployment.APIURL = "" }, true, 2, terminal.ExitFailed, ""},
	} {
		s, _, err := stage.Read(folder, "prod")
		if err != nil {
			t.Fatal(err)
		}
		if test.change != nil {
			test.change(&s)
			if err := s.Write(folder); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := run(test.look); terminal.ExitCode(err) != test.exit || !strings.Contains(out, test.says) {
			t.Errorf("%s: %v\n%s", test.name, err, out)
		}
		var written manifest.Manifest
		text, err := os.ReadFile(stage.ManifestFile(folder, "prod"))
		if err == nil {
			err = json.Unmarshal(text, &written)
		}
		if test.version > 0 && (err != nil || written.ManifestVersion != test.version || written.ID != s.Variables["WEBEX_APP_ID"]) {
			t.Errorf("%s: %v, written %+v", test.name, err, written)
		}
	}
}
