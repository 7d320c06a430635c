package manifest

import (
	"strings"
	"testing"

	"signpost/shared/webex"
)

// described is what the tests' manifests say.
var described = Description{DisplayName: "Signage", Email: "dev@example.com", Description: "Shows things."}

// whole is a manifest with both features.
func whole() Manifest {
	return described.Derive(Subject{
		AppID: "6d93fe09-7130-4507-b261-3908b63428a4", Vendor: "Vendor & Co", Features: webex.Features,
		Provisioning: Provisioning{Type: "https", URL: "https://api.example.com/activation"},
	})
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
		{"greedy", func(m *Manifest) { m.addXAPI(XAPI{Status: []string{"*", ""}}) }, []string{"is *", "is empty"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := whole()
			test.change(&m)
			err := m.Check()
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

func TestPrivate(t *testing.T) {
	private := Private{Description: described, Vendor: "Vendor", Features: webex.Features}
	if err := private.Check(); err != nil {
		t.Error(err)
	}
	got := private.Manifest("6D93FE09-7130-4507-B261-3908B63428A4", "https://api.example.com/activation?invite=code")
	if err := got.Check(); err != nil || got.ManifestVersion != 1 || got.Availability != OrgPrivate || got.ID != "6d93fe09-7130-4507-b261-3908b63428a4" ||
		got.Provisioning != (Provisioning{Type: "manual", ActivationGuideURL: "https://api.example.com/activation?invite=code"}) {
		t.Errorf("%+v, %v", got, err)
	}
	private.DisplayName, private.Email = "", "nobody"
	if err := private.Check(); err == nil || len(strings.Split(err.Error(), "\n")) != 2 {
		t.Errorf("%v", err)
	}
}

func TestParse(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"displayName": "Signage", "email": "dev@example.com", "description": "Shows things.", "xapi": {"status": ["Standby.State"]}}`: true,
		`{"displayName": "Signage", "colour": "red"}`: false, `[]`: false, `{} {}`: false, `x`: false,
	} {
		if got, err := ParseDescription(text); (err == nil) != ok || ok && got.XAPI.Status[0] != "Standby.State" {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}
