package webextest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

const testAppID = "0b0f4c39-5f3c-4c5a-9a7e-6d7f5f5a1a01"

// manifestWith is a manifest of both features, with changed members; nil removes one.
func manifestWith(t *testing.T, changes object) []byte {
	t.Helper()
	m := object{
		"id": testAppID, "manifestVersion": 1, "displayName": "Signage (test)", "vendor": "Vendor",
		"email": "support@example.com", "description": "Shows things.", "availability": "org_private",
		"apiAccess": []object{
			{"scope": webextest.ScopeSignage, "access": "required"}, {"scope": webextest.ScopePWA, "access": "optional", "role": "id_full_admin"},
		},
		"provisioning": object{"type": "manual"},
		"features":     []string{webextest.DigitalSignage, webextest.PersistentWebApp},
	}
	for name, value := range changes {
		if m[name] = value; value == nil {
			delete(m, name)
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestManifestRules(t *testing.T) {
	guide := "https://example.com/activation"
	for _, test := range []struct {
		name    string
		changes object
		want    []string // what each problem says
	}{
		{"good", nil, nil},
		{"with all that is optional", object{"descriptionUrl": guide, "tocUrl": guide, "xapiAccess": object{}, "availability": "global"}, nil},
		{"with a guide", object{"provisioning": object{"type": "manual", "activationGuideUrl": guide}}, nil},
		{"over https", object{"provisioning": object{"type": "https", "url": guide}}, nil},
		{"one feature", object{"features": []string{webextest.DigitalSignage}}, nil},
		{"id", object{"id": "signage"}, []string{"id must be a UUID: generate one"}},
		{"id of another type", object{"id": 7}, []string{"id must be a UUID"}},
		{"no version", object{"manifestVersion": nil}, []string{"manifestVersion must be a whole number from 1"}},
		{"version 0", object{"manifestVersion": 0}, []string{"manifestVersion must"}},
		{"version 1.5", object{"manifestVersion": 1.5}, []string{"manifestVersion must"}},
		{"version in quotes", object{"manifestVersion": "1"}, []string{"manifestVersion must"}},
		{"no texts", object{"displayName": nil, "vendor": " ", "description": 1}, []string{"displayName must", "vendor must", "description must"}},
		{"no e-mail", object{"email": nil}, []string{"email must be an address"}},
		{"e-mail with a name", object{"email": "Dev <dev@example.com>"}, []string{"email must be an address"}},
		{"availability", object{"availability": "public"}, []string{"availability must be one of org_private, global"}},
		{"addresses", object{"descriptionUrl": "example.com", "tocUrl": 5}, []string{"descriptionUrl must be", "tocUrl must be"}},
		{"no provisioning", object{"provisioning": nil}, []string{"provisioning must be an object"}},
		{"provisioning type", object{"provisioning": object{"type": "post"}}, []string{"provisioning.type must be one of manual, https"}},
		{"https without a URL", object{"provisioning": object{"type": "https"}}, []string{"provisioning.url must be"}},
		{"https with a guide", object{"provisioning": object{"type": "https", "url": guide, "activationGuideUrl": guide}}, []string{"exclude each other"}},
		{"https with only a guide", object{"provisioning": object{"type": "https", "activationGuideUrl": guide}},
			[]string{"activationGuideUrl is for the type manual only: remove it", "provisioning.url must be"}},
		{"manual with a URL", object{"provisioning": object{"type": "manual", "url": guide}}, []string{"provisioning.url is for the type https only"}},
		{"guide is no URL", object{"provisioning": object{"type": "manual", "activationGuideUrl": "page"}}, []string{"provisioning.activationGuideUrl must be"}},
		{"no features", object{"features": nil}, []string{"features must be a list"}},
		{"an empty list of features", object{"features": []string{}}, []string{"features must be a list"}},
		{"an unknown feature", object{"features": []string{"hologram"}}, []string{"features[0] must be one of digital_signage, persistent_web_app"}},
		{"a feature twice", object{"features": []string{webextest.DigitalSignage, webextest.DigitalSignage}}, []string{"features[1] repeats digital_signage"}},
		{"no access", object{"apiAccess": nil}, []string{"apiAccess must be a list"}},
		{"scopes of the features", object{"apiAccess": []object{}}, []string{
			"apiAccess lacks spark-admin:devices_digital_signage, which digital_signage requires: add it",
			"apiAccess lacks spark-admin:devices_pwa, which persistent_web_app requires: add it",
		}},
		{"xAPI without a web app", object{"features": []string{webextest.DigitalSignage}, "apiAccess": []object{
			{"scope": webextest.ScopeSignage, "access": "required"}, {"scope": webextest.ScopePWAXAPI, "access": "required"},
		}}, []string{"apiAccess has spark-admin:devices_pwa_jsxapi, which is for persistent_web_app only"}},
		{"entries of access", object{"features": []string{webextest.DigitalSignage}, "apiAccess": []any{
			object{"scope": webextest.ScopeSignage}, object{"scope": "", "access": "required", "role": 1}, "scope",
		}}, []string{"apiAccess[0].access must", "apiAccess[1].scope must", "apiAccess[1].role must", "apiAccess[2].scope must", "apiAccess[2].access must"}},
		{"all at once", object{"id": nil, "email": nil, "features": "all", "provisioning": object{}, "apiAccess": []object{}},
			[]string{"id must", "email must", "provisioning.type must", "features must"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := setup(t, webextest.Options{})
			_, err := f.UploadManifest(f.org, manifestWith(t, test.changes))
			var problems []string
			if err != nil {
				problems = strings.Split(err.Error(), "\n")
			}
			if !slices.EqualFunc(problems, test.want, strings.Contains) {
				t.Errorf("problems\n%s\nwant\n%s", strings.Join(problems, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
