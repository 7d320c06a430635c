package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/stage"
	"signpost/infra/terminal"
	"signpost/shared/config/configtest"
	"signpost/shared/dynamo"
	"signpost/shared/secret/document"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// memory is a vault in memory; a nil value is a secret without a value.
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

type project struct {
	root  string
	vault *memory
	store *dynamo.Store // nil where no step needs the table
	out   bytes.Buffer
	later time.Duration
}

func newProject(t *testing.T) *project {
	t.Helper()
	return &project{root: t.TempDir(), vault: &memory{values: map[string][]byte{}}}
}

// session starts a session that reads these answers.
func (p *project) session(in io.Reader, o Options) (s *session, found bool, err error) {
	p.out.Reset()
	o.Stage, o.ConfigDir, o.Template = "prod", p.root, "../../template.yaml"
	s = &session{
		Options: o, io: terminal.NewIO(in, &p.out, &p.out, nil),
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
		now: func() time.Time { return now.Add(p.later) },
	}
	found, err = s.read()
	return s, found, err
}

func (p *project) run(answers string, o Options) error {
	return p.runWith(context.Background(), strings.NewReader(answers), o)
}

func (p *project) runWith(ctx context.Context, in io.Reader, o Options) error {
	s, found, err := p.session(in, o)
	if err != nil {
		return err
	}
	return s.run(ctx, found)
}

func (p *project) rotateOnce(secret string, o Options) error {
	o.Batch = true
	s, _, err := p.session(nil, o)
	if err != nil {
		return err
	}
	return s.rotate(context.Background(), secret)
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

func settings() map[string]string {
	return map[string]string{
		"integration.displayName": "Signage", "VENDOR_NAME": "Vendor", "integration.email": "dev@example.com",
		"integration.description": "Shows things.", "SIGNAGE_URL": pages, "CONTENT_URL": "https://content.invalid/",
	}
}

// answers are a person's answers, with some mistakes.
var answers = []string{
	"", "Signage", "Vendor", "nobody", "dev@example.com", "help@example.com", "mailto:help@example.com", "Shows things.", "", "carrier pigeon", "https",
	"http://signage.example.com", "https://signage.example.com/$(devicId)", pages, "", "", "https://content.example.com/", "", "", "",
}

func TestInteractive(t *testing.T) {
	p := newProject(t)
	if err := p.run(strings.Join(answers, "\n")+"\n", Options{Offline: true}); err != nil {
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
	p.says(t, "it is not an e-mail address", "it must begin with https://", "unknown replacement value: use only $(deviceId)", "must be one of manual, https", "Control Hub shows it once", "Next: signpost manifest --stage prod")

	// The second time only the OAuth client's id is missing.
	id := s.Variables["WEBEX_APP_ID"]
	if err := p.run("C3f1b6a2\n", Options{Offline: true}); err != nil {
		t.Fatalf("%v\n%s", err, p.out.String())
	}
	if s := p.settings(t); s.Variables["WEBEX_APP_ID"] != id || s.Variables[clientID] != "C3f1b6a2" {
		t.Errorf("a second time: %+v", s)
	}
	p.says(t, "Next: signpost deploy --stage prod")

	again := strings.Repeat("\n", 2) + "Other\n" + strings.Repeat("\n", 11)
	if err := p.run(again, Options{Offline: true, All: true}); err != nil {
		t.Fatalf("%v\n%s", err, p.out.String())
	}
	if s := p.settings(t); s.Variables["VENDOR_NAME"] != "Other" || s.Variables["WEBEX_APP_ID"] != id || s.Variables[clientID] != "C3f1b6a2" {
		t.Errorf("all again: %+v", s)
	}
}

// TestNoAnswerIsLost: a setup that is interrupted at any question resumes there.
func TestNoAnswerIsLost(t *testing.T) {
	whole := newProject(t)
	if err := whole.run(strings.Join(answers, "\n")+"\n", Options{Offline: true}); err != nil {
		t.Fatal(err)
	}
	want := whole.settings(t)
	for stop := 1; stop < len(answers); stop++ {
		p := newProject(t)
		// Ctrl-C interrupts it while it waits for an answer.
		ctx, interrupt := context.WithCancel(t.Context())
		in, typed := io.Pipe()
		go func() {
			_, _ = io.WriteString(typed, strings.Join(answers[:stop], "\n")+"\n")
			_, _ = typed.Write([]byte{}) // returns once all of it was read
			interrupt()
		}()
		if err := p.runWith(ctx, in, Options{Offline: true}); !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted after %d answers: %v\n%s", stop, err, p.out.String())
		}
		p.says(t, "signpost setup --stage prod --config "+p.root+" resumes here")
		asked, _, err := stage.Read(p.root, "prod")
		if err != nil {
			t.Fatal(err)
		}
		// A line that was not answered yet, or answered wrongly, is asked again.
		rest := answers[resumeAt(asked.NextQuestion):]
		if err := p.run(strings.Join(rest, "\n")+"\n", Options{Offline: true}); err != nil {
			t.Fatalf("resumed after %d answers: %v\n%s", stop, err, p.out.String())
		}
		got := p.settings(t)
		got.Variables["WEBEX_APP_ID"] = want.Variables["WEBEX_APP_ID"] // made at random
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %d answers (-want +got):\n%s", stop, diff)
		}
	}
	p := newProject(t)
	if err := p.run("\n", Options{Offline: true}); err == nil || !strings.Contains(err.Error(), "--batch") {
		t.Errorf("answers run out: %v", err)
	}
	p.says(t, "answers so far are kept")
}

// resumeAt is the first of [answers] that belongs to the question with this key.
func resumeAt(key string) int {
	first := map[string]int{
		"WEBEX_APP_ID": 0, "integration.displayName": 1, "VENDOR_NAME": 2, "integration.email": 3, "SUPPORT_URL": 5, "integration.description": 7,
		"integration.availability": 8, "integration.tocUrl": 9, "integration.provisioning": 9, "SIGNAGE_URL": 11, "PWA_URL": 14, "CONTENT_URL": 15,
		"deployment.domain": 17, "deployment.certificateArn": 18, "deployment.hostedZoneId": 18, "deployment.alarmEmail": 18, clientID: 19,
	}
	return first[key]
}

// TestQuestionsValidateAsTheFunctionsDo uses the table of values of package configtest.
func TestQuestionsValidateAsTheFunctionsDo(t *testing.T) {
	for _, q := range questions {
		for _, value := range configtest.Values() {
			if value.Variable != q.key {
				continue
			}
			err := q.validate(value.Value)
			if (err == nil) != (value.Wrong == "") || err != nil && !strings.Contains(err.Error(), value.Wrong) {
				t.Errorf("%s=%.100q: %v, want %q", q.key, value.Value, err, value.Wrong)
			}
		}
	}
}

func TestBatch(t *testing.T) {
	p := newProject(t)
	set := settings()
	set["deployment.domain"], set["integration.availability"] = "a.example.com", "global"
	set["deployment.tokenInvalidPerDay"], set["integration.jsxapi"] = "7", "true"
	with := func(key, value string) map[string]string {
		all := maps.Clone(set)
		all["deployment.certificateArn"], all["integration.tocUrl"] = "arn:aws:acm:eu-west-1:123456789012:certificate/x", "https://terms.example.com"
		all[key] = value
		return all
	}
	// All problems are reported at once, and nothing is saved.
	for _, bad := range []struct {
		set  map[string]string
		want []string
	}{
		{nil, []string{"integration.displayName", "VENDOR_NAME", "integration.email", "integration.description", "CONTENT_URL"}},
		{set, []string{"deployment.certificateArn", "integration.tocUrl"}},
		{with("VERIFY_INTERVAL", "5"), []string{"VERIFY_INTERVAL"}},
		{with("SIGNAGE", "x"), []string{"SIGNAGE is not a setting"}},
		{with("SECRET_JSON", "{}"), []string{"SECRET_JSON"}},
		{with("deployment.tokenInvalidPerDay", "many"), []string{"deployment.tokenInvalidPerDay"}},
		{with("deployment.logRetentionDays", "2"), []string{"logRetentionDays"}},
		{with("integration.jsxapi", "yes"), []string{"integration.jsxapi"}},
		{map[string]string{"VERIFY_INTERVAL": "5", "SIGNAGE_URL": "x", "nothing": ""}, []string{"VERIFY_INTERVAL", "SIGNAGE_URL", "nothing", "VENDOR_NAME"}},
	} {
		err := p.run("", Options{Batch: true, Offline: true, Set: bad.set})
		if terminal.ExitCode(err) != terminal.ExitUsage {
			t.Errorf("%v: %v", bad.set, err)
			continue
		}
		for _, text := range bad.want {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("nothing says %q:\n%v", text, err)
			}
		}
	}
	if _, found, err := stage.Read(p.root, "prod"); found || err != nil {
		t.Errorf("refused settings are saved: %v %v", found, err)
	}
	if err := p.run("", Options{Batch: true, Offline: true, Set: with("integration.jsxapi", "true")}); err != nil {
		t.Fatal(err)
	}
	if s := p.settings(t); s.Deployment.TokenInvalidPerDay != 7 || !s.Integration.JSXAPI || s.Deployment.Domain != "a.example.com" || s.Variables["SIGNAGE_URL"] != pages {
		t.Errorf("settings: %+v", s)
	}
	// A dialog refuses bad values too.
	if err := p.run("", Options{Offline: true, Set: map[string]string{"VERIFY_INTERVAL": "5"}}); terminal.ExitCode(err) != terminal.ExitUsage {
		t.Errorf("in a dialog: %v", err)
	}
}

// TestUnreachablePagesAreAWarning: only an invalid address is an error.
func TestUnreachablePagesAreAWarning(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	p := newProject(t)
	if err := p.run("", Options{Batch: true, Set: settings()}); err != nil {
		t.Fatal(err)
	}
	p.says(t, "Warning: SIGNAGE_URL cannot be reached", "Warning: CONTENT_URL cannot be reached")
}

// TestSecretsAreInTheVaultOnly: before and after the stack is deployed.
func TestSecretsAreInTheVaultOnly(t *testing.T) {
	p := newProject(t)
	secrets := Options{Batch: true, ClientSecret: "geheim-client", Set: settings()}
	secrets.Set[clientID] = "C3f1b6a2"
	if err := p.run("", secrets); err != nil {
		t.Fatal(err)
	}
	p.says(t, "Next: signpost deploy")

	for _, name := range []string{"integration", "content", "vendor"} {
		p.vault.values["signpost-prod/"+name] = nil
	}
	for _, bad := range []string{" geheim-client", "geheim-client\n", "geheim\u200b-client"} {
		err := p.run("", Options{Batch: true, ClientSecret: bad})
		if err == nil || !strings.Contains(err.Error(), "clientSecret") || strings.Contains(err.Error(), "geheim") || p.vault.values["signpost-prod/integration"] != nil {
			t.Errorf("%q was accepted, or shown: %v", bad, err)
		}
	}
	if err := p.run("", Options{Batch: true}); err != nil {
		t.Fatal(err)
	}
	p.says(t, "secret is still missing", "get-secret-value --secret-id signpost-prod/content", "Next: signpost setup")
	content := string(p.vault.values["signpost-prod/content"])
	keyset := fields(t, p.vault.values["signpost-prod/integration"])["tokenKeyset"]
	if err := p.run("", secrets); err != nil {
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
	files, err := filepath.Glob(filepath.Join(p.root, "*"))
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
	if err := p.run("", Options{Batch: true}); err != nil {
		t.Errorf("without AWS: %v", err)
	}
	p.says(t, "AWS cannot be reached")
}

func fields(t *testing.T, value []byte) map[string]json.RawMessage {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(value, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

// TestNothingToResume: nothing is saved before the first answer.
func TestNothingToResume(t *testing.T) {
	p := newProject(t)
	if err := p.run("", Options{Offline: true}); err == nil {
		t.Fatal("there was no answer")
	}
	if strings.Contains(p.out.String(), "answers so far") {
		t.Errorf("nothing was answered:\n%s", p.out.String())
	}
	if err := p.run("", Options{Offline: true, Set: map[string]string{"VENDOR_NAME": "Acme"}}); err == nil {
		t.Fatal("there was no answer")
	}
	p.says(t, "answers so far are kept")
	if got := p.settings(t).Variables["VENDOR_NAME"]; got != "Acme" {
		t.Errorf("--set was lost: %q", got)
	}
}
