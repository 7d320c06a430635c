package notices_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/notices"
	"signpost/infra/notices/noticestest"
	"signpost/shared/version"
)

func record(t *testing.T, text string) notices.Record {
	t.Helper()
	var r notices.Record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// view is what the functions write of an installation.
const view = `{"orgId":"sub","orgKey":"o","orgName":"A \"quoted\" <name>","appId":"app","region":"r","state":"active","tokenHealth":"healthy",` +
	`"features":{"digital_signage":{"status":"in_sync","pushedAt":"2026-01-02T03:04:05Z"}},"scopes":["a"],"manifestVersion":2,"channel":"default","revision":0,"reference":"4711",` +
	`"activatedAt":"2026-01-02T03:04:05Z","generation":"g"}`

// quoted is a text as the value of an attribute.
func quoted(text string) string {
	value, _ := json.Marshal(text)
	return string(value)
}

// samples are records that become events, and the events' details.
var samples = []struct{ name, record, detail string }{
	{
		"activated",
		`{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"org#o#app"},"sk":{"S":"installation"}},"NewImage":{
			"notice":{"S":"installation.activated"},"event":{"S":` + quoted(view) + `},"version":{"N":"3"},"state":{"S":"active"},"refreshToken":{"B":"geheim"}}}}`,
		strings.TrimSuffix(view, "}") + `,"type":"installation.activated","version":3,"signpostVersion":"` + version.Version + `"}`,
	},
	{
		"updated, of two features",
		`{"eventName":"MODIFY","dynamodb":{"Keys":{"pk":{"S":"org#o#app"},"sk":{"S":"installation"}},"NewImage":{
			"notice":{"S":"installation.updated"},"event":{"S":` + quoted(strings.Replace(view, `"reference":"4711",`, "", 1)) + `},"version":{"N":"12"}},"OldImage":{"state":{"S":"token_invalid"},
			"installationKey":{"S":"geheim"},"features":{"M":{"digital_signage":{"M":{"status":{"S":"pending"},"pushedAt":{"N":"1"}}},"persistent_web_app":{"M":{"status":{"S":"not_offered"}}}}}}}}`,
		strings.Replace(strings.TrimSuffix(view, "}"), "4711", "", 1) + `,"type":"installation.updated","version":12,"signpostVersion":"` + version.Version + `",
			"before":{"state":"token_invalid","features":{"digital_signage":{"status":"pending"},"persistent_web_app":{"status":"not_offered"}}}}`,
	},
	{
		"activated again, after a tombstone",
		`{"eventName":"MODIFY","dynamodb":{"Keys":{"sk":{"S":"installation"}},"NewImage":{"notice":{"S":"installation.activated"},"event":{"S":` + quoted(view) + `},"version":{"N":"1"}},"OldImage":{"state":{"S":"removed"}}}}`,
		strings.TrimSuffix(view, "}") + `,"type":"installation.activated","version":1,"signpostVersion":"` + version.Version + `","before":{"state":"removed","features":{}}}`,
	},
	{
		"one feature before",
		`{"eventName":"MODIFY","dynamodb":{"Keys":{"sk":{"S":"installation"}},"NewImage":{"notice":{"S":"configuration.failing"},"event":{"S":` + quoted(view) + `},"version":{"N":"1"}},
			"OldImage":{"state":{"S":"active"},"features":{"M":{"digital_signage":{"M":{"status":{"S":"in_sync"}}}}}}}}`,
		strings.TrimSuffix(view, "}") + `,"type":"configuration.failing","version":1,"signpostVersion":"` + version.Version + `","before":{"state":"active","features":{"digital_signage":{"status":"in_sync"}}}}`,
	},
	{
		"a rollout halted",
		`{"eventName":"MODIFY","dynamodb":{"Keys":{"pk":{"S":"channels"},"sk":{"S":"current"}},"NewImage":{"notice":{"S":"rollout.halted"},"event":{"S":"{\"revision\":2,\"state\":\"halted\",\"stage\":1,\"stages\":[{\"share\":1}],\"done\":1,\"failed\":1,\"left\":0,\"started\":\"2026-01-02T03:04:05Z\",\"since\":\"2026-01-02T03:04:05Z\"}"},"version":{"N":"5"}},"OldImage":{"version":{"N":"4"}}}}`,
		`{"revision":2,"state":"halted","stage":1,"stages":[{"share":1}],"done":1,"failed":1,"left":0,"started":"2026-01-02T03:04:05Z","since":"2026-01-02T03:04:05Z","type":"rollout.halted","version":5,"signpostVersion":"` + version.Version + `"}`,
	},
	{
		"refused in a row",
		`{"eventName":"MODIFY","dynamodb":{"Keys":{"pk":{"S":"refusals#C1"},"sk":{"S":"refusals"}},"NewImage":{"notice":{"S":"integration.refused"},"event":{"S":"{\"clientId\":\"C1\",\"organizations\":[\"a\",\"b\",\"c\"]}"},"version":{"N":"3"}}}}`,
		`{"clientId":"C1","organizations":["a","b","c"],"type":"integration.refused","version":3,"signpostVersion":"` + version.Version + `"}`,
	},
}

func TestPipe(t *testing.T) {
	for _, test := range samples {
		event, ok, err := notices.Pipe(record(t, test.record))
		if err != nil || !ok {
			t.Errorf("%s: %v %v", test.name, ok, err)
			continue
		}
		want := record(t, test.detail)
		if err := noticestest.Validate(schemas, event); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(want, record(t, event.Detail)); diff != "" || event.DetailType != want["type"] {
			t.Errorf("%s: detail type %s, detail (-want +got):\n%s", test.name, event.DetailType, diff)
		}
	}
	for name, text := range map[string]string{
		"no notice":       `{"eventName":"MODIFY","dynamodb":{"Keys":{"sk":{"S":"installation"}},"NewImage":{"state":{"S":"active"}}}}`,
		"a notice before": `{"eventName":"MODIFY","dynamodb":{"Keys":{"sk":{"S":"installation"}},"NewImage":{},"OldImage":{"notice":{"S":"x"},"event":{"S":"{}"}}}}`,
		"another row":     `{"eventName":"INSERT","dynamodb":{"Keys":{"sk":{"S":"candidate#1"}},"NewImage":{"notice":{"S":"x"},"event":{"S":"{}"}}}}`,
		"deleted":         `{"eventName":"REMOVE","dynamodb":{"Keys":{"sk":{"S":"installation"}},"OldImage":{"notice":{"S":"x"},"event":{"S":"{}"}}}}`,
		"nothing":         `{}`,
	} {
		if event, ok, err := notices.Pipe(record(t, text)); ok || err != nil {
			t.Errorf("%s: %+v %v", name, event, err)
		}
	}
}

// evaluate evaluates an expression as a state of Step Functions does, with the
// JSONata implementation on which that is based.
const evaluate = `
const jsonata = require('jsonata'), fs = require('fs');
const { expression, input } = JSON.parse(fs.readFileSync(0, 'utf8'));
const compiled = jsonata(expression);
compiled.registerFunction('parse', JSON.parse, '<s:x>'); // Step Functions' own
compiled.evaluate({}, { states: { input } }).then(
  (output) => process.stdout.write(JSON.stringify(output)),
  (e) => { process.stderr.write(String(e && e.message)); process.exit(1); });
`

// TestExpression: for a batch of any size, the expression has the same result as
// [notices.Pipe] for each record.
func TestExpression(t *testing.T) {
	modules, err := filepath.Abs("../node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "jsonata")); err != nil {
		t.Fatalf("the npm package jsonata is not installed: run `make modules` (%v)", err)
	}
	var records []notices.Record
	var details []any
	for _, test := range samples {
		records = append(records, record(t, test.record))
		details = append(details, map[string]any(record(t, test.detail)))
	}
	for size := 1; size <= len(records); size++ {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			input, err := json.Marshal(map[string]any{"expression": stateOf(t), "input": records[:size]})
			if err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(t.Context(), "node", "-e", evaluate)
			command.Env = append(os.Environ(), "NODE_PATH="+modules)
			command.Stdin = strings.NewReader(string(input))
			var stderr bytes.Buffer
			command.Stderr = &stderr
			out, err := command.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, &stderr)
			}
			var got []any
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			if diff := cmp.Diff(details[:size], got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// stateOf returns the expression that the state machine's one state evaluates.
func stateOf(t *testing.T) string {
	t.Helper()
	var machine struct {
		QueryLanguage, StartAt string
		States                 map[string]struct {
			Type, Output string
			End          bool
		}
	}
	if err := json.Unmarshal([]byte(notices.Definition()), &machine); err != nil {
		t.Fatal(err)
	}
	state := machine.States[machine.StartAt]
	expression, opened := strings.CutPrefix(state.Output, "{% ")
	expression, closed := strings.CutSuffix(expression, " %}")
	if machine.QueryLanguage != "JSONata" || len(machine.States) != 1 || state.Type != "Pass" || !state.End || !opened || !closed {
		t.Fatalf("the state machine is %s", notices.Definition())
	}
	return expression
}

// TestExpressionNamesNothingSecret: the expression uses only the attributes that are
// listed here.
func TestExpressionNamesNothingSecret(t *testing.T) {
	open := []string{"event", "notice", "version", "state", "state", "features"}
	var named []string
	for _, match := range regexp.MustCompile(`(?:New|Old)Image\.(\w+)`).FindAllStringSubmatch(notices.Expression, -1) {
		named = append(named, match[1])
	}
	if diff := cmp.Diff(open, named); diff != "" {
		t.Errorf("attributes in events (-want +got):\n%s", diff)
	}
	if strings.Count(notices.Expression, "Image") != len(open) || slices.Contains(named, "") {
		t.Errorf("the expression takes more than named attributes:\n%s", notices.Expression)
	}
}
