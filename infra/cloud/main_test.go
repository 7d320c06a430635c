package cloud_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"signpost/infra/cloud"
	"signpost/infra/stage"
	"signpost/infra/template"
)

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close() // removes its temporary files
	os.Exit(code)
}

const templateFile = "../../template.yaml"

// synthesis is a synthesized stack: for the CDK's assertions, and as maps.
type synthesis struct {
	assertions.Template
	plain     map[string]any
	protected bool // against deletion as a whole
	findings  []string
}

func (s synthesis) resource(id string) map[string]any {
	found, _ := s.plain["Resources"].(map[string]any)[id].(map[string]any)
	return found
}

func (s synthesis) properties(id string) map[string]any {
	properties, _ := s.resource(id)["Properties"].(map[string]any)
	return properties
}

// all returns the properties of all resources of a type, by logical id.
func (s synthesis) all(kind string) map[string]map[string]any {
	found := map[string]map[string]any{}
	for id := range s.plain["Resources"].(map[string]any) {
		if s.resource(id)["Type"] == kind {
			found[id] = s.properties(id)
		}
	}
	return found
}

// alarm returns the properties of an alarm, nil if there is none with this name.
func (s synthesis) alarm(name string) map[string]any {
	for _, properties := range s.all("AWS::CloudWatch::Alarm") {
		if properties["AlarmName"] == name {
			return properties
		}
	}
	return nil
}

// has checks that the stack has a resource of a type with at least these properties.
func (s synthesis) has(kind string, properties map[string]any) {
	s.HasResourceProperties(jsii.String(kind), like(properties))
}

// The stages, each synthesized once: production with every setting, a stage without
// any, one prepared for a move, and production before its first deployment.
var (
	first = sync.OnceValue(func() synthesis {
		settings := full()
		settings.Deployment.APIURL = ""
		return synthesize(settings)
	})
	moving = sync.OnceValue(func() synthesis {
		return synthesize(stage.Settings{Name: "dev", Deployment: stage.Deployment{Schedules: "DISABLED"}})
	})
	production = sync.OnceValue(func() synthesis { return synthesize(full()) })
	unset      = sync.OnceValue(func() synthesis { return synthesize(stage.Settings{Name: "dev"}) })
	// guarded is production behind a firewall, and firewall is the firewall's stack.
	guarded  = sync.OnceValue(func() synthesis { return synthesize(withFirewall()) })
	firewall = sync.OnceValue(func() synthesis { return synthesizeStack(withFirewall(), cloud.AddFirewall) })
)

func full() stage.Settings {
	return stage.Settings{
		Name: "prod",
		Variables: map[string]string{
			"WEBEX_APP_ID": "6d93fe09-7130-4507-b261-3908b63428a4", "WEBEX_CLIENT_ID": "C3f1b6a2",
			"SIGNAGE_URL": "https://signage.example.com/?d=$(deviceId)", "CONTENT_URL": "https://content.example.com/",
		},
		Deployment: stage.Deployment{
			Architecture: "x86_64", LogRetentionDays: 90, Domain: "signpost.example.com",
			CertificateARN: "arn:aws:acm:eu-west-1:123456789012:certificate/6d93fe09", HostedZoneID: "Z0123456789",
			APIURL: "https://a.execute-api.eu-west-1.amazonaws.com", AlarmEmail: "ops@example.com", TokenInvalidPerDay: 5, ReservedConcurrency: 3, VerifyRuns: 2, Schedules: "ENABLED", Tags: map[string]string{"team": "signage"},
			Webhook: "https://erp.example.com/events", WebhookKey: 3,
		},
	}
}

func withFirewall() stage.Settings {
	settings := full()
	settings.Deployment.Firewall = true
	settings.Deployment.CertificateARN = "arn:aws:acm:us-east-1:123456789012:certificate/6d93fe09"
	return settings
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// synthesize synthesizes a stack with empty files as functions: building them takes
// long, and package distribution does it.
func synthesize(settings stage.Settings) synthesis { return synthesizeStack(settings, cloud.Add) }

func synthesizeStack(settings stage.Settings, add func(constructs.Construct, cloud.Options) (awscdk.Stack, error)) synthesis {
	folder := must(os.MkdirTemp("", "synthesis"))
	defer os.RemoveAll(folder)
	program := filepath.Join(folder, "code")
	if err := errors.Join(os.Mkdir(program, 0o755), os.WriteFile(filepath.Join(program, "bootstrap"), nil, 0o755)); err != nil {
		panic(err)
	}
	read := must(template.Read(templateFile))
	code := map[string]string{}
	for _, f := range read.Functions {
		code[f.LogicalID] = program
	}
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir: jsii.String(filepath.Join(folder, "out")), TreeMetadata: jsii.Bool(false), AnalyticsReporting: jsii.Bool(false),
		// The CDK's own rules take a second or two, and one stage is enough for them.
		Context: &map[string]any{"@aws-cdk/core:validateAgainstDefaultRules": settings.Protected()},
	})
	stack := must(add(app, cloud.Options{Settings: settings, TemplateFile: templateFile, Template: read, Code: code}))
	findings := addRules(app, settings)
	s := synthesis{Template: assertions.Template_FromStack(stack, nil), protected: stack.TerminationProtection() != nil && *stack.TerminationProtection()}
	text := must(json.Marshal(s.ToJSON()))
	if err := json.Unmarshal(text, &s.plain); err != nil {
		panic(err)
	}
	s.findings = findings(stack)
	return s
}
