package permissions

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"signpost/infra/template"
)

const root = "../../.."

// statement is an IAM statement of a function.
type statement struct {
	Sid, Effect string
	Action      any
	Resource    any
	Condition   any
}

// registry is the condition that limits a statement to the partition of registered
// integrations and that of the channels.
const registry = `{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["integrations","channels"]}}`

// resources are the resources that statements may name, as the template writes
// them.
var resources = map[string]string{
	`{"Fn::GetAtt":["InstallationsTable","Arn"]}`:          "its table",
	`{"Fn::Sub":"${InstallationsTable.Arn}/index/due"}`:    "its index due",
	`{"Fn::Sub":"${InstallationsTable.Arn}/index/shards"}`: "its index shards",
	`{"Fn::GetAtt":["VerifyFailures","Arn"]}`:              "the queue of failures",
}

// statements reads the statements of every function, by logical id, as "action on
// resource".
func statements(t *testing.T) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile(root + "/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := template.Plain(text)
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]map[string]bool{}
	for id, raw := range plain["Resources"].(map[string]any) {
		if raw.(map[string]any)["Type"] != "AWS::Serverless::Function" {
			continue
		}
		var function struct {
			Properties struct {
				Environment struct{ Variables map[string]any }
				Policies    []struct{ Statement []statement }
			}
		}
		encoded, err := json.Marshal(raw)
		if err == nil {
			err = json.Unmarshal(encoded, &function)
		}
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		secret := compact(function.Properties.Environment.Variables["SECRET_ID"])
		allowed[id] = map[string]bool{}
		for _, policy := range function.Properties.Policies {
			for _, s := range policy.Statement {
				for _, line := range s.lines(t, id, secret) {
					allowed[id][line] = true
				}
			}
		}
	}
	return allowed
}

// lines are what the statement allows. A secret is a function's own if its
// environment names it.
func (s statement) lines(t *testing.T, function, secret string) []string {
	t.Helper()
	resource := compact(s.Resource)
	on := resources[resource]
	if on == "" && resource == secret && secret != "null" {
		on = "its secret"
	}
	if on == "" || s.Effect != "Allow" {
		t.Errorf("%s: statement %s is on %s, which is not its own", function, s.Sid, resource)
	}
	switch condition := compact(s.Condition); condition {
	case "null":
	case registry:
		on = "the registry in " + on
	default:
		t.Errorf("%s: statement %s has the condition %s", function, s.Sid, condition)
	}
	actions, ok := s.Action.([]any)
	if !ok {
		actions = []any{s.Action}
	}
	var lines []string
	for _, action := range actions {
		if strings.Contains(fmt.Sprint(action), "*") {
			t.Errorf("%s: statement %s allows %v", function, s.Sid, action)
		}
		lines = append(lines, fmt.Sprintf("%v on %s", action, on))
	}
	return lines
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
