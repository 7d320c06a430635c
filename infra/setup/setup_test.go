package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"signpost/infra/stage"
	"signpost/shared/config/configtest"
	"signpost/shared/dynamo"
	"signpost/shared/secret/document"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// memory is a vault; a nil value is a secret without one.
type memory struct {
	values  map[string][]byte
	written time.Time
	now     time.Time
}

func (m *memory) get(_ context.Context, name string) ([]byte, time.Time, error) {
	value, ok := m.values[name]
	switch {
	case !ok:
		return nil, time.Time{}, fmt.Errorf("%s: %w", name, errNoSecret)
	case value == nil:
		return nil, time.Time{}, fmt.Errorf("%s: %w", name, errNoValue)
	}
	return value, m.written, nil
}

func (m *memory) put(_ context.Context, name string, value []byte) error {
	m.values[name], m.written = value, m.now
	return nil
}

// run runs the command in a project of its own.
type project struct {
	root  string
	vault *memory
	store *dynamo.Store // nil where no step needs the table
	out   bytes.Buffer
	later time.Duration
}

func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{root: t.TempDir(), vault: &memory{values: map[string][]byte{}}}
	text, err := os.ReadFile("../../template.yaml")
	if err == nil {
		err = os.WriteFile(filepath.Join(p.root, "template.yaml"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *project) run(answers string, f flags, secrets map[string]string) error {
	p.out.Reset()
	f.stage, f.root = "prod", p.root
	if f.set == nil {
		f.set = assignments{}
	}
	s := &session{
		flags: f, dialog: newDialog(strings.NewReader(answers), &p.out), out: &p.out, client: http.DefaultClient,
		vault: func(context.Context) (vault, error) {
			if p.vault == nil {
				return nil, errors.New("AWS: no credentials")
			}
			return p.vault, nil
		},
		table: func(_ context.Context, name string) (*dynamo.Store, error) {
			if p.store == nil {
				return nil, fmt.Errorf("table %q is not reached", name)
			}
			return p.store, nil
		},
		secrets: secrets, now: func() time.Time { return now.Add(p.later) },
	}
	return s.run(context.Background())
}

func (p *project) settings(t *testing.T) stage.Settings {
	t.Helper()
	s, found, err := stage.Read(p.root, "prod")
	if err != nil || !found {
		t.Fatalf("settings: %v %v", found, err)
	}
	return s
}

func (p *project) says(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(p.out.String(), part) {
			t.Errorf("it does not say %q:\n%s", part, p.out.String())
		}
	}
}

const pages = "https://signage.invalid/?d=$(deviceId)"

func settings() assignments {
	return assignments{
		"integration.displayName": "Signage", "VENDOR_NAME": "Vendor", "integration.email": "dev@example.com",
		"integration.description": "Shows things.", "SIGNAGE_URL": pages, "CONTENT_URL": "https://content.invalid/",
	}
}

func TestInteractive(t *testing.T) {
	p := newProject(t)
	answers := strings.Join([]string{
		"", "Signage", "Vendor", "nobody", "dev@example.com", "help@example.com", "mailto:help@example.com", "Shows things.", "", "carrier pigeon", "https",
		"http://signage.example.com", "https://signage.example.com/$(devicId)", pages, "", "", "https://content.example.com/", "", "", "",
	}, "\n") + "\n"
	if err := p.run(answers, flags{offline: true}, nil); err != nil {
		t.Fatalf("%v\n%s", err, p.out.String())
	}
	s := p.settings(t)
	if stage.CheckVariable("WEBEX_APP_ID", s.Variables["WEBEX_APP_ID"]) != nil || s.Variables["SIGNAGE_URL"] != pages || s.Integration.Provisioning != "https" ||
		s.Integration.Availability != "org_private" || s.Integration.Email != "dev@example.com" {
		t.Errorf("settings: %+v", s)
	}
	if s.Variables["SUPPORT_URL"] != "mailto:help@example.com" {
		t.Errorf("support: %+v", s.Variables)
	}
	p.says(t, "it is not an e-mail address", "it must begin with https://", "unknown replacement value: use only $(deviceId)", "must be one of manual, https", "Control Hub shows it once", "Next: make manifest STAGE=prod")

	id := s.Variables["WEBEX_APP_ID"]
	again := strings.Repeat("\n", 13) + "C3f1b6a2\n"
	if err := p.run(again, flags{offline: true}, nil); err != nil {
		t.Fatalf("%v\n%s", err, p.out.String())
	}
	if s := p.settings(t); s.Variables["WEBEX_APP_ID"] != id || s.Variables["WEBEX_CLIENT_ID"] != "C3f1b6a2" {
		t.Errorf("a second time: %+v", s)
	}
	p.says(t, "Next: make deploy STAGE=prod")
	if err := p.run("\n", flags{offline: true}, nil); err == nil || !strings.Contains(err.Error(), "-batch") {
		t.Errorf("answers run out: %v", err)
	}
}

// TestQuestionsJudgeAsTheFunctionsDo: by the one table of values.
func TestQuestionsJudgeAsTheFunctionsDo(t *testing.T) {
	for _, q := range questions {
		for _, value := range configtest.Values() {
			if value.Variable != q.key {
				continue
			}
			err := q.check(value.Value)
			if (err == nil) != (value.Wrong == "") || err != nil && !strings.Contains(err.Error(), value.Wrong) {
				t.Errorf("%s: %s=%.100q: %v, want %q", value.Name, q.key, value.Value, err, value.Wrong)
			}
		}
	}
}

func TestBatch(t *testing.T) {
	p := newProject(t)
	err := p.run("", flags{batch: true, offline: true}, nil)
	for _, key := range []string{"integration.displayName", "VENDOR_NAME", "integration.email", "integration.description", "CONTENT_URL"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not missed: %v", key, err)
		}
	}
	set := settings()
	set["deployment.domain"], set["integration.availability"] = "a.example.com", "global"
	set["deployment.tokenInvalidPerDay"], set["integration.jsxapi"] = "7", "true"
	err = p.run("", flags{batch: true, offline: true, set: set}, nil)
	if err == nil || !strings.Contains(err.Error(), "deployment.certificateArn") || !strings.Contains(err.Error(), "integration.tocUrl") {
		t.Errorf("what follows from other answers: %v", err)
	}
	set["deployment.certificateArn"], set["integration.tocUrl"] = "arn:aws:acm:eu-west-1:123456789012:certificate/x", "https://terms.example.com"
	if err := p.run("", flags{batch: true, offline: true, set: set}, nil); err != nil {
		t.Fatal(err)
	}
	if s := p.settings(t); s.Deployment.TokenInvalidPerDay != 7 || !s.Integration.JSXAPI || s.Deployment.Domain != "a.example.com" {
		t.Errorf("settings: %+v", s)
	}
	for _, bad := range []assignments{{"SIGNAGE": "x"}, {"SECRET_JSON": "{}"}, {"deployment.tokenInvalidPerDay": "many"}, {"integration.jsxapi": "yes"}} {
		if err := p.run("", flags{batch: true, offline: true, set: bad}, nil); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if s := p.settings(t); s.Deployment.TokenInvalidPerDay != 7 {
		t.Errorf("what was refused is written: %+v", s)
	}
}

// TestPagesOutOfReachAreAWarning: the shape is an error, the rest may come.
func TestPagesOutOfReachAreAWarning(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	p := newProject(t)
	if err := p.run("", flags{batch: true, set: settings()}, nil); err != nil {
		t.Fatal(err)
	}
	p.says(t, "Warning: SIGNAGE_URL is not reached", "Warning: CONTENT_URL is not reached")
}

// TestSecretsGoToTheVaultOnly: by steps, as the stack comes to be.
func TestSecretsGoToTheVaultOnly(t *testing.T) {
	p := newProject(t)
	secrets := map[string]string{"clientSecret": "geheim-client"}
	if err := p.run("", flags{batch: true, set: settings()}, secrets); err != nil {
		t.Fatal(err)
	}
	p.says(t, "signpost-prod/integration is not there yet")

	p.vault.values["signpost-prod/integration"], p.vault.values["signpost-prod/content"] = nil, nil
	for _, bad := range []string{" geheim-client", "geheim-client\n", "geheim\u200b-client"} {
		err := p.run("", flags{batch: true}, map[string]string{"clientSecret": bad})
		if err == nil || !strings.Contains(err.Error(), "clientSecret") || strings.Contains(err.Error(), "geheim") || p.vault.values["signpost-prod/integration"] != nil {
			t.Errorf("%q was taken, or told: %v", bad, err)
		}
	}
	if err := p.run("", flags{batch: true}, nil); err != nil {
		t.Fatal(err)
	}
	p.says(t, "secret is still missing", "get-secret-value --secret-id signpost-prod/content")
	content := string(p.vault.values["signpost-prod/content"])
	keyset := fields(t, p.vault.values["signpost-prod/integration"])["tokenKeyset"]
	if err := p.run("", flags{batch: true}, secrets); err != nil {
		t.Fatal(err)
	}
	integration := p.vault.values["signpost-prod/integration"]
	read, err := document.Parse(integration, document.ClientSecret, document.TokenKeyset)
	if err != nil || read.ClientSecret.Reveal() != "geheim-client" || string(fields(t, integration)["tokenKeyset"]) != string(keyset) {
		t.Errorf("integration: %v", err)
	}
	if _, err := document.Parse([]byte(content), document.ContentAPIKey); err != nil || string(p.vault.values["signpost-prod/content"]) != content {
		t.Errorf("content: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(p.root, "infra", "stages", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files: %v %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	for _, secret := range []string{"geheim", "primaryKeyId", strings.Trim(string(fields(t, []byte(content))["contentApiKey"]), `"`)} {
		if err != nil || strings.Contains(string(text), secret) || strings.Contains(p.out.String(), secret) {
			t.Errorf("%s is in a file or shown: %v", secret, err)
		}
	}
	p.vault = nil
	if err := p.run("", flags{batch: true}, nil); err != nil {
		t.Errorf("without AWS: %v", err)
	}
	p.says(t, "AWS is not reached")
}

func fields(t *testing.T, value []byte) map[string]json.RawMessage {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(value, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func TestOutputs(t *testing.T) {
	p := newProject(t)
	file := filepath.Join(t.TempDir(), "outputs.json")
	for text, want := range map[string]string{
		`{"signpost-prod":{"ApiUrl":"https://x.example.com","TableName":"t","Other":"y"}}`: "",
		`{"signpost-dev":{"ApiUrl":"https://x","TableName":"t"}}`:                          "no ApiUrl",
		`{"signpost-prod":{"ApiUrl":"https://x"}}`:                                         "no TableName", `x`: "outputs",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := p.run("", flags{outputs: file}, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if got := p.settings(t).Deployment; got.APIURL != "https://x.example.com" || got.Table != "t" {
		t.Errorf("deployment %+v", got)
	}
}
