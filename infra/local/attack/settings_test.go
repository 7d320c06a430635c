package attack_test

import (
	"context"
	"strings"
	"testing"
)

// secretText is in every wrong setting, and must be nowhere else.
const secretText = "hunter2-7f3a9c51e0"

// TestWrongSettingsAreNotTold starts real processes of the functions with
// settings that are wrong, as after a slip in a deployment: neither what they
// log, nor what the caller is told, holds what was set.
func TestWrongSettingsAreNotTold(t *testing.T) {
	s := otherStack(t)
	original, err := s.Environment("ActivationFunction")
	if err != nil {
		t.Fatal(err)
	}
	keyset := `"tokenKeyset":` + string(s.Secrets().TokenKeyset)
	for _, test := range []struct{ name, variable, value, function string }{
		{"secret is no JSON", "SECRET_JSON", secretText, "ActivationFunction"},
		{"secret is cut short", "SECRET_JSON", `{"clientSecret":"` + secretText, "ActivationFunction"},
		{"secret is a list", "SECRET_JSON", `["` + secretText + `"]`, "UpdateApprovedFunction"},
		{"client secret is a list", "SECRET_JSON", `{"clientSecret":["` + secretText + `"],` + keyset + `}`, "VerifyConfigsFunction"},
		{"client secret alone", "SECRET_JSON", `{"clientSecret":"` + secretText + `"}`, "ActivationFunction"},
		{"keyset is text", "SECRET_JSON", `{"clientSecret":"x","tokenKeyset":"` + secretText + `"}`, "ActivationFunction"},
		{"keyset is none", "SECRET_JSON", `{"clientSecret":"x","tokenKeyset":{"` + secretText + `":"` + secretText + `"}}`, "ActivationFunction"},
		{"keyset without its key", "SECRET_JSON", `{"clientSecret":"x","tokenKeyset":{"primaryKeyId":1,"key":[{"keyData":{"typeUrl":"` + secretText + `","value":"` + secretText + `"}}]}}`, "UpdateApprovedFunction"},
		{"content key with a space", "SECRET_JSON", `{"contentApiKey":"` + secretText + ` x"}`, "LaunchesFunction"},
		{"content key is an object", "SECRET_JSON", `{"contentApiKey":{"` + secretText + `":1}}`, "LaunchesFunction"},
		{"too many content keys", "SECRET_JSON", `{"contentApiKey":["` + strings.Repeat(secretText+`","`, 6) + `"]}`, "LaunchesFunction"},
		{"secret id and secret", "SECRET_ID", secretText, "LaunchesFunction"},
		{"app id", "WEBEX_APP_ID", secretText, "AssignContentFunction"},
		{"client id", "WEBEX_CLIENT_ID", secretText + "!", "ActivationFunction"},
		{"regions", "WEBEX_REGIONS", secretText, "ManageContentFunction"},
		{"hosts", "WEBEX_HOSTS", secretText + "!", "AssignContentFunction"},
		{"key sets", "WEBEX_JWKS_URLS", secretText, "AssignContentFunction"},
		{"a key set", "WEBEX_JWKS_URLS", `{"` + ours + `":"http://` + secretText + `.example.com/"}`, "AssignContentFunction"},
		{"signage page", "SIGNAGE_URL", "https://x.example.com/$(" + secretText + ")", "VerifyConfigsFunction"},
		{"web app", "PWA_URL", "https://x:" + secretText + "@example.com/", "AssignContentFunction"},
		{"content page", "CONTENT_URL", "https://x:" + secretText + "@example.com/", "AssignContentFunction"},
		{"public address", "PUBLIC_URL", "ftp://" + secretText, "ActivationFunction"},
		{"interval", "VERIFY_INTERVAL", secretText, "VerifyConfigsFunction"},
		{"vendor", "VENDOR_NAME", secretText + "\n", "ActivationFunction"},
		{"table", "INSTALLATIONS_TABLE", secretText + "!", "LaunchesFunction"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(func() { s.SetEnvironment(map[string]string{test.variable: original[test.variable]}) })
			before := len(s.Logs())
			s.SetEnvironment(map[string]string{test.variable: test.value})
			result, err := s.Invoke(context.Background(), test.function, []byte("{}"))
			if err != nil {
				t.Fatal(err)
			}
			logged := s.Logs()[before:]
			if !strings.Contains(logged, test.variable) && !strings.Contains(logged, "token keyset") {
				t.Errorf("it is not reported:\n%s\n%s", result.Payload, logged)
			}
			if told := logged + string(result.Payload); strings.Contains(told, secretText) {
				t.Errorf("what was set is told:\n%s", told)
			}
		})
	}
}
