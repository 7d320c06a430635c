package attack_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"signpost/infra/tests/customer"
)

// secretText is in every wrong setting, and must not be shown.
const secretText = "hunter2-7f3a9c51e0"

// TestWrongSettingsAreNotShown starts processes of the functions with wrong
// settings, as after a mistake in a deployment: neither the log nor the answer
// contains the values.
func TestWrongSettingsAreNotShown(t *testing.T) {
	s := target
	original, err := s.Environment("ActivationFunction")
	if err != nil {
		t.Fatal(err)
	}
	original["SECRET_JSON"] = customer.SecretDocument(s.Secrets().TokenKeyset, customer.NewKey) // of all functions
	keyset := `"tokenKeyset":` + string(s.Secrets().TokenKeyset)
	for _, test := range []struct{ name, variable, value, function, reported string }{
		{"secret is no JSON", "SECRET_JSON", secretText, "ActivationFunction", "SECRET_JSON"},
		{"secret is cut short", "SECRET_JSON", `{"clientSecret":"` + secretText, "ActivationFunction", "SECRET_JSON"},
		{"secret is a list", "SECRET_JSON", `["` + secretText + `"]`, "UpdateApprovedFunction", "SECRET_JSON"},
		{"client secret is a list", "SECRET_JSON", `{"clientSecret":["` + secretText + `"],` + keyset + `}`, "VerifyConfigsFunction", "SECRET_JSON"},
		{"client secret with a line end", "SECRET_JSON", `{"clientSecret":"` + secretText + `\n",` + keyset + `}`, "ActivationFunction", "white space"},
		{"client secret with an invisible character", "SECRET_JSON", `{"clientSecret":"` + secretText + `\u200b",` + keyset + `}`, "ActivationFunction", "invisible"},
		{"client secret alone", "SECRET_JSON", `{"clientSecret":"` + secretText + `"}`, "ActivationFunction", "SECRET_JSON"},
		{"keyset is text", "SECRET_JSON", `{"clientSecret":"x","tokenKeyset":"` + secretText + `"}`, "ActivationFunction", "SECRET_JSON"},
		{"keyset is none", "SECRET_JSON", `{"clientSecret":"x","tokenKeyset":{"` + secretText + `":"` + secretText + `"}}`, "ActivationFunction", "token keyset"},
		{"keyset without its key", "SECRET_JSON", `{"clientSecret":"x","tokenKeyset":{"primaryKeyId":1,"key":[{"keyData":{"typeUrl":"` + secretText + `","value":"` + secretText + `"}}]}}`, "UpdateApprovedFunction", "token keyset"},
		{"content key with a space", "SECRET_JSON", `{"contentApiKey":"` + secretText + ` x"}`, "LaunchesFunction", "SECRET_JSON"},
		{"content key is an object", "SECRET_JSON", `{"contentApiKey":{"` + secretText + `":1}}`, "LaunchesFunction", "SECRET_JSON"},
		{"too many content keys", "SECRET_JSON", `{"contentApiKey":["` + strings.Repeat(secretText+`","`, 6) + `"]}`, "LaunchesFunction", "SECRET_JSON"},
		{"vendor keys are a list", "SECRET_JSON", `{"vendorApiKeys":["` + secretText + `"]}`, "InstallationsFunction", "SECRET_JSON"},
		{"vendor key with a space", "SECRET_JSON", `{"vendorApiKeys":{"erp":"` + secretText + ` x"}}`, "InstallationsFunction", "SECRET_JSON"},
		{"vendor label with a space", "SECRET_JSON", `{"vendorApiKeys":{"` + secretText + ` x":"y"}}`, "InstallationsFunction", "SECRET_JSON"},
		{"app id", "WEBEX_APP_ID", secretText, "AssignContentFunction", "WEBEX_APP_ID"},
		{"client id", "WEBEX_CLIENT_ID", secretText + "!", "ActivationFunction", "WEBEX_CLIENT_ID"},
		{"regions", "WEBEX_REGIONS", secretText, "ManageContentFunction", "WEBEX_REGIONS"},
		{"hosts", "WEBEX_HOSTS", secretText + "!", "AssignContentFunction", "WEBEX_HOSTS"},
		{"key sets", "WEBEX_JWKS_URLS", secretText, "AssignContentFunction", "WEBEX_JWKS_URLS"},
		{"a key set", "WEBEX_JWKS_URLS", `{"` + ours + `":"http://` + secretText + `.example.com/"}`, "AssignContentFunction", "WEBEX_JWKS_URLS"},
		{"signage page", "SIGNAGE_URL", "https://x.example.com/$(" + secretText + ")", "VerifyConfigsFunction", "SIGNAGE_URL"},
		{"web app", "PWA_URL", "https://x:" + secretText + "@example.com/", "AssignContentFunction", "PWA_URL"},
		{"content page", "CONTENT_URL", "https://x:" + secretText + "@example.com/", "AssignContentFunction", "CONTENT_URL"},
		{"welcome page", "WELCOME_URL", "https://x:" + secretText + "@example.com/", "ActivationFunction", "WELCOME_URL"},
		{"public address", "PUBLIC_URL", "ftp://" + secretText, "ActivationFunction", "PUBLIC_URL"},
		{"interval", "VERIFY_INTERVAL", secretText, "VerifyConfigsFunction", "VERIFY_INTERVAL"},
		{"allowed hosts", "PWA_XAPI_ALLOW_LIST", "https://" + secretText, "VerifyConfigsFunction", "PWA_XAPI_ALLOW_LIST"},
		{"support", "SUPPORT_URL", "mailto:" + secretText, "ActivationFunction", "SUPPORT_URL"},
		{"vendor", "VENDOR_NAME", secretText + "\n", "ActivationFunction", "VENDOR_NAME"},
		{"table", "INSTALLATIONS_TABLE", secretText + "!", "LaunchesFunction", "INSTALLATIONS_TABLE"},
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
			again := time.NewTicker(10 * time.Millisecond) // a process's last output may come late
			defer again.Stop()
			for deadline := time.Now().Add(5 * time.Second); !strings.Contains(logged, test.reported) && time.Now().Before(deadline); <-again.C {
				logged = s.Logs()[before:]
			}
			if !strings.Contains(logged, test.reported) {
				t.Errorf("it is not reported:\n%s\n%s", result.Payload, logged)
			}
			if shown := logged + string(result.Payload); strings.Contains(shown, secretText) {
				t.Errorf("the value is shown:\n%s", shown)
			}
		})
	}
}
