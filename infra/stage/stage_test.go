package stage_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/stage"
	"signpost/infra/template"
)

func good() stage.Settings {
	return stage.Settings{Name: "prod", Variables: map[string]string{
		"WEBEX_APP_ID": "6d93fe09-7130-4507-b261-3908b63428a4", "WEBEX_CLIENT_ID": "C3f1b6a2",
		"SIGNAGE_URL": "https://signage.example.com/?d=$(deviceId)&n=x", "CONTENT_URL": "https://content.example.com/",
	}}
}

func project(t *testing.T) *template.Template {
	t.Helper()
	read, err := template.Read("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*stage.Settings)
		want   []string
	}{
		{"good", func(*stage.Settings) {}, nil},
		{"everything", func(s *stage.Settings) {
			s.Deployment = stage.Deployment{Architecture: "x86_64", LogRetentionDays: 90, Domain: "a.example.com",
				CertificateARN: "arn:aws:acm:eu-west-1:123456789012:certificate/6d93fe09", HostedZoneID: "Z0123", AlarmEmail: "a@example.com",
				APIURL: "https://x", TokenInvalidPerDay: 3, ReservedConcurrency: 4, VerifyRuns: 4, Schedules: "DISABLED", Tags: map[string]string{"a": "b"}, Webhook: "https://erp.example.com/events", WebhookKey: 2}
		}, nil},
		{"by the functions' rules", func(s *stage.Settings) { s.Variables["CONTENT_URL"] = ""; s.Variables["WEBEX_APP_ID"] = "x" },
			[]string{"CONTENT_URL is not set", "WEBEX_APP_ID is not a UUID"}},
		{"loopback", func(s *stage.Settings) { s.Variables["WEBEX_HOSTS"] = "127.0.0.1" }, []string{"WEBEX_HOSTS"}},
		{"misspelled", func(s *stage.Settings) { s.Variables["SIGNAGE"] = "x" }, []string{"SIGNAGE is not a setting"}},
		{"secret", func(s *stage.Settings) { s.Variables["SECRET_JSON"] = "{}" }, []string{"SECRET_JSON is not a setting"}},
		{"the stack's own", func(s *stage.Settings) { s.Variables["INSTALLATIONS_TABLE"] = "x" }, []string{"INSTALLATIONS_TABLE is not a setting"}},
		{"domain alone", func(s *stage.Settings) { s.Deployment.Domain = "A.example.com" }, []string{"domain is", "go together"}},
		{"certificate alone", func(s *stage.Settings) { s.Deployment.CertificateARN = "x" }, []string{"certificateArn", "go together"}},
		{"two addresses", func(s *stage.Settings) {
			s.Deployment.Domain, s.Variables["PUBLIC_URL"] = "a.example.com", "https://b.example.com"
			s.Deployment.CertificateARN = "arn:aws:acm:eu-west-1:123456789012:certificate/x"
		}, []string{"PUBLIC_URL and deployment.domain are both set"}},
		{"runs", func(s *stage.Settings) { s.Deployment.VerifyRuns = 3 }, []string{"verifyRuns"}},
		{"firewall without a domain", func(s *stage.Settings) {
			s.Deployment.Firewall = true
		}, []string{"firewall requires a domain"}},
		{"firewall with a certificate in another region", func(s *stage.Settings) {
			s.Deployment.Firewall, s.Deployment.Domain = true, "signpost.example.com"
			s.Deployment.CertificateARN = "arn:aws:acm:eu-west-1:123456789012:certificate/6d93fe09"
		}, []string{"certificate in us-east-1"}},
		{"schedules", func(s *stage.Settings) { s.Deployment.Schedules = "off" }, []string{"schedules is \"off\""}},
		{"more runs than concurrency", func(s *stage.Settings) { s.Deployment.VerifyRuns, s.Deployment.ReservedConcurrency = 4, 2 },
			[]string{"verifyRuns is 4 but reservedConcurrency is 2"}},
		{"nothing reserved", func(s *stage.Settings) { s.Deployment.VerifyRuns = 4 }, nil},
		{"numbers", func(s *stage.Settings) { s.Deployment.LogRetentionDays, s.Deployment.TokenInvalidPerDay = 2, -1 }, []string{"logRetentionDays", "negative"}},
		{"webhook in clear text", func(s *stage.Settings) { s.Deployment.Webhook = "http://erp.example.com" }, []string{"webhook is"}},
		{"webhook with a fragment", func(s *stage.Settings) { s.Deployment.Webhook = "https://erp.example.com/a#b" }, []string{"webhook is"}},
		{"webhook with a parameter", func(s *stage.Settings) { s.Deployment.Webhook = "https://erp.example.com/*/a" }, []string{"webhook is"}},
		{"webhook without a name", func(s *stage.Settings) { s.Deployment.Webhook = "https://10.0.0.1/a" }, []string{"webhook is"}},
		{"webhook too long", func(s *stage.Settings) {
			s.Deployment.Webhook = "https://erp.example.com/" + strings.Repeat("a", 2048)
		}, []string{"webhook is"}},
		{"webhook with a query", func(s *stage.Settings) { s.Deployment.Webhook = "https://erp.example.com:8443/a-b/c_d.e?f=g%20h&i=j" }, nil},
		{"webhook's key alone", func(s *stage.Settings) { s.Deployment.WebhookKey = 2 }, []string{"webhookKey has no effect"}},
		{"the rest", func(s *stage.Settings) {
			s.Deployment = stage.Deployment{Architecture: "mips", HostedZoneID: "z", APIURL: "http://x", AlarmEmail: "a"}
		}, []string{"architecture", "hostedZoneId is not", "without a domain", "apiUrl", "alarmEmail"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := good()
			test.change(&s)
			err := s.Check(project(t))
			if (err == nil) != (test.want == nil) {
				t.Fatalf("error %v", err)
			}
			if err != nil && len(strings.Split(err.Error(), "\n")) != len(test.want) {
				t.Errorf("want %d problems:\n%v", len(test.want), err)
			}
			for _, text := range test.want {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("nothing says %q:\n%v", text, err)
				}
			}
		})
	}
}

func TestReadAndWrite(t *testing.T) {
	root := t.TempDir()
	if _, found, err := stage.Read(root, "prod"); found || err != nil {
		t.Errorf("without a file: %v %v", found, err)
	}
	want := good()
	want.Deployment.APIURL = "https://api"
	if err := want.Write(root); err != nil {
		t.Fatal(err)
	}
	got, found, err := stage.Read(root, "prod")
	if diff := cmp.Diff(want, got); diff != "" || !found || err != nil {
		t.Errorf("%v %v (-want +got):\n%s", found, err, diff)
	}
	text, err := os.ReadFile(stage.File(root, "prod"))
	if err != nil || !strings.Contains(string(text), "?d=$(deviceId)&n=x") {
		t.Errorf("addresses are escaped: %s %v", text, err)
	}
	if err := os.WriteFile(stage.File(root, "dev"), []byte(`{"clientSecret":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := stage.Read(root, "dev"); err == nil {
		t.Error("an unknown field was ignored")
	}
	if _, err := stage.Load(root, "other"); !errors.Is(err, stage.ErrNotFound) {
		t.Errorf("a stage without settings: %v", err)
	}
	for _, name := range []string{"", "../x", "Prod", strings.Repeat("a", 17), "prod-firewall"} {
		if _, _, err := stage.Read(root, name); err == nil {
			t.Errorf("%q is accepted as a stage", name)
		}
	}
}

func TestPublicURL(t *testing.T) {
	s := good()
	s.Deployment.APIURL = "https://api/"
	for _, want := range []string{"https://api", "https://public", "https://domain"} {
		if got := s.PublicURL(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if s.Variables["PUBLIC_URL"] != "" {
			s.Deployment.Domain = "domain"
		}
		s.Variables["PUBLIC_URL"] = "https://public//"
	}
}

func TestEnvironment(t *testing.T) {
	s := good()
	s.Variables["PUBLIC_URL"], s.Deployment.Table = "https://public", "table"
	environ := s.Environment()
	for name, want := range map[string]string{
		"SIGNAGE_URL": s.Variables["SIGNAGE_URL"], "PWA_URL": "", "PUBLIC_URL": "https://public",
		"INSTALLATIONS_TABLE": "table", "SECRET_ID": "signpost-prod/integration",
	} {
		if environ[name] != want {
			t.Errorf("%s is %q, want %q", name, environ[name], want)
		}
	}
	s.Deployment.Domain = "domain"
	if got := s.Environment()["PUBLIC_URL"]; got != "https://domain" {
		t.Errorf("with a domain PUBLIC_URL is %q", got)
	}
	// API Gateway's address is stored with each installation, and is not a setting.
	s.Deployment, s.Variables["PUBLIC_URL"] = stage.Deployment{APIURL: "https://api"}, ""
	if got := s.Environment()["PUBLIC_URL"]; got != "" {
		t.Errorf("without a public address PUBLIC_URL is %q", got)
	}
}
