package stack_test

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/template"
	"signpost/infra/tests/customer"
	"signpost/shared/config"
)

func samVariables(t *testing.T, s *stack.Stack) map[string]string {
	t.Helper()
	info, err := os.Stat(s.SAMFile())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	text, err := os.ReadFile(s.SAMFile())
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Parameters map[string]string }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Parameters
}

// TestSAMFile: the functions accept the settings under SAM, which passes only
// variables that the template names.
func TestSAMFile(t *testing.T) {
	o := optionsOf(t, "template.yaml", nil)
	read, err := template.Read(o.Template)
	if err != nil {
		t.Fatal(err)
	}
	s := customer.StartWith(t, o)
	got := samVariables(t, s)
	for name, want := range map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": strings.Replace(s.DynamoDBURL(), "127.0.0.1", "host.docker.internal", 1),
		"INSTALLATIONS_TABLE":       s.TableName(), "PUBLIC_URL": "http://127.0.0.1:3010",
		"WEBEX_APP_ID": s.Webex().AppID(), "WEBEX_CLIENT_ID": s.Webex().ClientID(), "AWS_SAM_LOCAL": "",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if !strings.Contains(got["SECRET_JSON"], s.Secrets().ContentKey()) || !strings.Contains(got["SIGNAGE_URL"], "$(deviceId)") {
		t.Errorf("the secrets or the addresses are not there: %v", got["SIGNAGE_URL"])
	}
	named := map[string]bool{}
	for _, f := range read.Functions {
		for name := range f.Environment {
			named[name] = true
		}
	}
	for name := range got {
		if !named[name] {
			t.Errorf("no function of the template names %s", name)
		}
	}
	environment := map[string]string{"AWS_SAM_LOCAL": "true", "AWS_LAMBDA_FUNCTION_NAME": "F", "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023"}
	maps.Copy(environment, got)
	if err := config.Check(environment); err != nil {
		t.Errorf("the functions refuse it: %v", err)
	}
}

// TestSAMFileWithOwnSettings: the address of another table is kept, and secrets
// of the environment are not written to the file.
func TestSAMFileWithOwnSettings(t *testing.T) {
	first := customer.StartWith(t, options(t, nil))
	s := customer.StartWith(t, options(t, map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": strings.Replace(first.DynamoDBURL(), "127.0.0.1", "localhost", 1), "PUBLIC_URL": "https://tunnel.example.com",
		"SECRET_JSON": `{"clientSecret":"mine"}`, "AWS_SECRET_ACCESS_KEY": "mine", "AWS_ACCESS_KEY_ID": "local",
	}))
	got := samVariables(t, s)
	if got["AWS_ENDPOINT_URL_DYNAMODB"] != strings.Replace(first.DynamoDBURL(), "127.0.0.1", "host.docker.internal", 1) || got["PUBLIC_URL"] != "https://tunnel.example.com" {
		t.Errorf("the addresses are %s and %s", got["AWS_ENDPOINT_URL_DYNAMODB"], got["PUBLIC_URL"])
	}
	for name, value := range got {
		if strings.Contains(value, "mine") {
			t.Errorf("%s is in the file", name)
		}
	}
}
