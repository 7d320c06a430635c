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
	"signpost/shared/webex"
)

func settings() stage.Settings {
	return stage.Settings{
		Name: "prod",
		Variables: map[string]string{
			"WEBEX_APP_ID": "6d93fe09-7130-4507-b261-3908b63428a4", "VENDOR_NAME": "Vendor & Co",
			"SIGNAGE_URL": "https://signage.example.com/", "PWA_URL": "https://pwa.example.com/",
		},
		Deployment: stage.Deployment{APIURL: "https://api.example.com"},
		Integration: stage.Integration{
			DisplayName: "Signage", Email: "dev@example.com", Description: "Shows things.", Availability: "org_private", Provisioning: "https",
		},
	}
}

func TestDerive(t *testing.T) {
	s := settings()
	s.Integration.Role, s.Integration.JSXAPI = "id_full_admin", true
	s.Integration.XAPI = stage.XAPI{Status: []string{"Standby.State"}, Commands: []string{"Standby.Halfwake"}}
	want := Manifest{
		ID: "6d93fe09-7130-4507-b261-3908b63428a4", DisplayName: "Signage", Vendor: "Vendor & Co", Email: "dev@example.com",
		Description: "Shows things.", Availability: "org_private",
		Features: []string{"digital_signage", "persistent_web_app"},
		APIAccess: []Access{
			{"spark-admin:devices_digital_signage", "required", "id_full_admin"}, {"spark-admin:devices_pwa", "required", "id_full_admin"},
			{"spark-admin:devices_pwa_jsxapi", "required", "id_full_admin"},
			{"spark:xapi_statuses", "required", ""}, {"spark:xapi_commands", "required", ""},
		},
		XAPIAccess:   &XAPIAccess{Status: []Path{{"Standby.State", "required"}}, Commands: []Path{{"Standby.Halfwake", "required"}}, Events: []Path{}},
		Provisioning: Provisioning{Type: "https", URL: "https://api.example.com/activation"},
	}
	if same := derive(s); digest(same) != digest(want) {
		t.Errorf("digest of %+v", same)
	}
	s.Variables["WEBEX_APP_ID"] = strings.ToUpper(s.Variables["WEBEX_APP_ID"]) // the same id
	got := derive(s)
	if diff := cmp.Diff(want, got); diff != "" || got.check() != nil {
		t.Errorf("%v (-want +got):\n%s", got.check(), diff)
	}
	s.Integration.Provisioning, s.Variables["SIGNAGE_URL"] = "manual", ""
	got = derive(s)
	if diff := cmp.Diff(Provisioning{Type: "manual", ActivationGuideURL: "https://api.example.com/activation"}, got.Provisioning); diff != "" {
		t.Errorf("manual (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"persistent_web_app"}, got.Features); diff != "" || got.requests(webex.DigitalSignage.Scope()) {
		t.Errorf("without signage: %+v", got)
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Manifest)
		want   []string
	}{
		{"good", func(*Manifest) {}, nil},
		{"manual without a guide", func(m *Manifest) { m.Provisioning = Provisioning{Type: "manual"} }, nil},
		{"empty", func(m *Manifest) {
			*m = Manifest{Availability: "org_private", Provisioning: Provisioning{Type: "manual"}}
		},
			[]string{"id is missing", "displayName", "vendor", "email", "description", "no feature"}},
		{"id", func(m *Manifest) { m.ID = "signage" }, []string{"id is not a UUID"}},
		{"e-mail", func(m *Manifest) { m.Email = "Dev <dev@example.com>" }, []string{"email"}},
		{"e-mail without a domain", func(m *Manifest) { m.Email = "dev@localhost" }, []string{"email"}},
		{"availability", func(m *Manifest) { m.Availability = "public" }, []string{"availability"}},
		{"global without terms", func(m *Manifest) { m.Availability = "global" }, []string{"terms"}},
		{"addresses", func(m *Manifest) { m.DescriptionURL, m.TermsURL = "example.com", "http://example.com" }, []string{"descriptionUrl", "tocUrl"}},
		{"two addresses for codes", func(m *Manifest) { m.Provisioning.ActivationGuideURL = "https://x" }, []string{"use one of them", "has an activationGuideUrl"}},
		{"no address for codes", func(m *Manifest) { m.Provisioning.URL = "" }, []string{"use manual until the first deployment"}},
		{"manual with an address", func(m *Manifest) { m.Provisioning.Type = "manual" }, []string{"manual and has a url"}},
		{"another kind of provisioning", func(m *Manifest) { m.Provisioning.Type = "carrier pigeon" }, []string{"neither"}},
		{"feature without its scope", func(m *Manifest) { m.APIAccess = m.APIAccess[1:] }, []string{"devices_digital_signage go together"}},
		{"scope without its feature", func(m *Manifest) { m.Features = m.Features[:1] }, []string{"devices_pwa go together"}},
		{"xAPI of no web app", func(m *Manifest) {
			m.Features = m.Features[:1]
			m.APIAccess = []Access{m.APIAccess[0], {scopeJSXAPI, "required", ""}}
		}, []string{"no effect"}},
		{"access", func(m *Manifest) { m.APIAccess[0].Access = "" }, []string{"access is"}},
		{"xAPI scope without a list", func(m *Manifest) { m.APIAccess = append(m.APIAccess, Access{scopeCommands, "required", ""}) }, []string{"xapi_commands"}},
		{"xAPI list without a scope", func(m *Manifest) { m.XAPIAccess = &XAPIAccess{Events: []Path{{"A", "required"}}} }, []string{"xapi_statuses"}},
		{"greedy", func(m *Manifest) { m.addXAPI(stage.XAPI{Status: []string{"*", ""}}) }, []string{"is *", "is empty"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := derive(settings())
			test.change(&m)
			err := m.check()
			if (err == nil) != (test.want == nil) || err != nil && len(strings.Split(err.Error(), "\n")) != len(test.want) {
				t.Fatalf("want %v, got:\n%v", test.want, err)
			}
			for _, text := range test.want {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("nothing says %q:\n%v", text, err)
				}
			}
		})
	}
}

// TestVersions: the id stays the same, and only a change raises the version.
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
		var written Manifest
		text, err := os.ReadFile(stage.ManifestFile(folder, "prod"))
		if err == nil {
			err = json.Unmarshal(text, &written)
		}
		if test.version > 0 && (err != nil || written.ManifestVersion != test.version || written.ID != s.Variables["WEBEX_APP_ID"]) {
			t.Errorf("%s: %v, written %+v", test.name, err, written)
		}
	}
}
