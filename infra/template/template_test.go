package template_test

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/template"
	"signpost/shared/installation"
)

// project reads the project's template.
func project(t *testing.T) *template.Template {
	t.Helper()
	read, err := template.Read("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestRoutesOfTheProject(t *testing.T) {
	got := map[string]string{}
	for _, f := range project(t).Functions {
		for _, r := range f.Routes {
			got[r.Key()] = f.LogicalID
		}
	}
	want := map[string]string{
		"GET /activation":                           "ActivationFunction",
		"GET /activation/manifest":                  "ActivationFunction",
		"POST /activation":                          "ActivationFunction",
		"POST /actions":                             "UpdateApprovedFunction",
		"POST /crossLaunch/{feature}/assignContent": "AssignContentFunction",
		"POST /crossLaunch/{feature}/manageContent": "ManageContentFunction",
		"POST /launches/{code}":                     "LaunchesFunction",
		"GET /installations":                        "InstallationsFunction",
		"GET /installations/{org}":                  "InstallationsFunction",
		"POST /installations/{org}/verify":          "InstallationsFunction",
		"POST /installations/{org}/reload":          "InstallationsFunction",
		"PUT /installations/{org}/channel":          "InstallationsFunction",
		"GET /invitations":                          "InstallationsFunction",
		"POST /invitations":                         "InstallationsFunction",
		"DELETE /invitations/{id}":                  "InstallationsFunction",
		"GET /rollout":                              "InstallationsFunction",
		"GET /openapi.json":                         "InstallationsFunction",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestEveryFunctionHasAFolder(t *testing.T) {
	want := map[string]bool{}
	for _, f := range project(t).Functions {
		want[f.Folder()] = true
	}
	entries, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, entry := range entries {
		if entry.IsDir() {
			got[entry.Name()] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("folders below functions/ (-template +disk):\n%s", diff)
	}
}

func TestSecretsOfTheProject(t *testing.T) {
	got := map[string]string{}
	for _, f := range project(t).Functions {
		got[f.Folder()] = f.Environment["SECRET_ID"].Ref
	}
	want := map[string]string{
		"activation": "IntegrationSecretId", "updateapproved": "IntegrationSecretId", "verifyconfigs": "IntegrationSecretId",
		"launches": "ContentSecretId", "installations": "VendorSecretId", "assigncontent": "", "managecontent": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

func TestScheduleOfTheProject(t *testing.T) {
	for _, f := range project(t).Functions {
		scheduled := f.LogicalID == "VerifyConfigsFunction"
		if got := len(f.Schedules) == 1 && f.Schedules[0].Every == time.Minute; got != scheduled {
			t.Errorf("%s: scheduled every minute: %v, want %v", f.LogicalID, got, scheduled)
		}
	}
}

func TestTableOfTheProject(t *testing.T) {
	want := template.Table{
		LogicalID: "InstallationsTable", TableName: "InstallationsTable",
		AttributeDefinitions: []template.Attribute{attribute("pk", "S"), attribute("sk", "S"), attribute("shard", "N"), attribute("dueAt", "N")},
		KeySchema:            key("pk", "sk"),
		GlobalSecondaryIndexes: []template.Index{
			{IndexName: "due", KeySchema: key("shard", "dueAt")}, {IndexName: "shards", KeySchema: key("shard", "pk")},
		},
		TimeToLiveSpecification: template.TimeToLive{AttributeName: "expiresAt", Enabled: true},
		StreamSpecification:     template.Stream{StreamViewType: "NEW_AND_OLD_IMAGES"},
	}
	for n := range want.GlobalSecondaryIndexes {
		want.GlobalSecondaryIndexes[n].Projection.ProjectionType = "KEYS_ONLY"
	}
	if diff := cmp.Diff([]template.Table{want}, project(t).Tables); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

// schedules are the project's with this many runs a minute.
func schedules(t *testing.T, runs int, state string) []template.Schedule {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set := strings.NewReplacer("Default: '1'\n    AllowedValues: ['1', '2', '4']", "Default: '"+strconv.Itoa(runs)+"'", "Default: ENABLED", "Default: "+state)
	read, err := template.Parse([]byte(set.Replace(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	var list []template.Schedule
	for _, f := range read.Functions {
		list = append(list, f.Schedules...)
	}
	return list
}

// TestRunsShareAllShards: each shard is in exactly one of a minute's runs, and one
// parameter disables them all.
func TestRunsShareAllShards(t *testing.T) {
	for _, runs := range []int{1, 2, 4} {
		if disabled := schedules(t, runs, "DISABLED"); len(disabled) > 0 {
			t.Errorf("%d runs: disabled, but scheduled: %v", runs, disabled)
		}
		schedules := schedules(t, runs, "ENABLED")
		var shards []int
		for _, s := range schedules {
			var event struct{ Shards []int }
			if err := json.Unmarshal([]byte(s.Input), &event); err != nil {
				t.Errorf("%s: %v", s.Input, err)
			}
			shards = append(shards, event.Shards...)
		}
		slices.Sort(shards)
		want := make([]int, installation.Shards)
		for i := range want {
			want[i] = i
		}
		if !slices.Equal(shards, want) || len(schedules) != runs {
			t.Errorf("%d runs: %d schedules of the shards %v", runs, len(schedules), shards)
		}
	}
}

func attribute(name, kind string) template.Attribute {
	return template.Attribute{AttributeName: name, AttributeType: kind}
}

func key(partition, order string) []template.Key {
	return []template.Key{{AttributeName: partition, KeyType: "HASH"}, {AttributeName: order, KeyType: "RANGE"}}
}

const small = `
Parameters:
  Word: {Type: String, Default: hello}
  Bare: {Type: String}
  Seconds: {Type: Number, Default: 7}
Mappings:
  Greetings:
    hello: {German: hallo}
Globals:
  Function:
    Timeout: 5
    Environment: {Variables: {SHARED: global, BOTH: global}}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties: {KeySchema: [{AttributeName: k, KeyType: HASH}]}
  OneFunction:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: !Ref Seconds
      Environment:
        Variables:
          BOTH: own
          WORD: !Ref Word
          BARE: !Ref Bare
          TABLE: {Ref: Table}
          ARN: !GetAtt Table.Arn
          SENTENCE: !Sub '${Word}, ${Table.Arn} in ${AWS::Region}, ${!Word}'
          OWN: !Sub ['${x}!', {x: !Ref Word}]
          MAPPED: !FindInMap [Greetings, !Ref Word, German]
          NUMBER: 12
          FLAG: true
  TwoFunction:
    Type: AWS::Serverless::Function
`

func TestGlobalsAndIntrinsics(t *testing.T) {
	read, err := template.Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	one, two := read.Functions[0], read.Functions[1]
	arn := "arn:aws:local:us-east-1:123456789012:Table.Arn"
	want := map[string]template.Value{
		"SHARED": {Text: "global"}, "BOTH": {Text: "own"},
		"WORD": {Text: "hello", Ref: "Word"}, "BARE": {Ref: "Bare"}, "TABLE": {Text: "Table", Ref: "Table"},
		"ARN": {Text: arn}, "SENTENCE": {Text: "hello, " + arn + " in us-east-1, ${Word}"},
		"OWN": {Text: "hello!"}, "MAPPED": {Text: "hallo"}, "NUMBER": {Text: "12"}, "FLAG": {Text: "true"},
	}
	if diff := cmp.Diff(want, one.Environment); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if one.Timeout != 7*time.Second || two.Timeout != 5*time.Second {
		t.Errorf("timeouts are %v and %v, want the own 7s and the global 5s", one.Timeout, two.Timeout)
	}
	if two.MemorySize != 128 {
		t.Errorf("memory is %d, want Lambda's default 128", two.MemorySize)
	}
}

func TestEvents(t *testing.T) {
	for _, test := range []struct{ name, event, want string }{
		{"route", "{Type: HttpApi, Properties: {Method: get, Path: /x}}", "GET /x"},
		{"any method", "{Type: HttpApi, Properties: {Method: ANY, Path: '/{all+}'}}", "ANY /{all+}"},
		{"default route", "{Type: HttpApi}", "$default"},
		{"minutes", "{Type: ScheduleV2, Properties: {ScheduleExpression: rate(5 minutes)}}", "every 5m0s"},
		{"day", "{Type: Schedule, Properties: {Schedule: rate(1 day)}}", "every 24h0m0s"},
		{"disabled", "{Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour), State: DISABLED}}", ""},
		{"cron", "{Type: ScheduleV2, Properties: {ScheduleExpression: 'cron(0 0 * * ? *)'}}", `error: Function: Events: E: the local stack supports schedules like rate(1 minute), not "cron(0 0 * * ? *)"`},
		{"unknown", "{Type: SQS}", `error: Function: Events: E: the local stack does not support events of type "SQS"`},
		{"bad path", "{Type: HttpApi, Properties: {Method: GET, Path: x}}", `error: Function: Events: E: its path "x" does not begin with a slash`},
	} {
		t.Run(test.name, func(t *testing.T) {
			read, err := template.Parse([]byte("Resources:\n  Function:\n    Type: AWS::Serverless::Function\n    Properties: {Events: {E: " + test.event + "}}\n"))
			if got := describe(read, err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func describe(read *template.Template, err error) string {
	if err != nil {
		return "error: " + strings.TrimPrefix(err.Error(), "template: ")
	}
	var parts []string
	for _, r := range read.Functions[0].Routes {
		parts = append(parts, r.Key())
	}
	for _, s := range read.Functions[0].Schedules {
		parts = append(parts, "every "+s.Every.String())
	}
	return strings.Join(parts, ", ")
}

func TestEveryProblemIsNamed(t *testing.T) {
	_, err := template.Parse([]byte(`
Resources:
  AFunction:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: soon
      Environment: {Variables: {X: !Ref Nowhere, Y: !GetAtt Gone.Arn, Z: !Join ['', [a]], M: !FindInMap [A, b, c]}}
      Events: {E: {Type: HttpApi, Properties: {Method: GET, Path: /x}}}
  BFunction:
    Type: AWS::Serverless::Function
    Properties: {Events: {E: {Type: HttpApi, Properties: {Method: GET, Path: /x}}}}
  Table: {Type: AWS::DynamoDB::Table, Properties: {}}
`))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Timeout", "Nowhere", "to Gone", "Fn::Join", "A, b, c", "AFunction and BFunction both have the route GET /x", "Table: it has no KeySchema"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %q:\n%v", want, err)
		}
	}
}

func TestNotATemplate(t *testing.T) {
	for _, text := range []string{"", "{", "x: [", "Resources: {}", "[]"} {
		if _, err := template.Parse([]byte(text)); err == nil {
			t.Errorf("%q was taken for a template", text)
		}
	}
}
