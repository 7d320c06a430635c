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

// samples are records that become events, and the events' details.
var samples = []struct{ name, record, detail string }{
	{
		"activated",
		`{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"org#o#app"},"sk":{"S":"installation"}},"NewImage":{
			"notice":{"S":"installation.activated"},"subject":{"S":"sub"},"orgName":{"S":"A \"quoted\" <name>"},"appId":{"S":"app"},
			"region":{"S":"r"},"generation":{"S":"g"},"version":{"N":"3"},"state":{"S":"active"},"refreshToken":{"B":"geheim"}}}}`,
		`{"type":"installation.activated","orgKey":"o","orgId":"sub","orgName":"A \"quoted\" <name>","appId":"app",
			"region":"r","state":"active","generation":"g","version":3,"signpostVersion":"` + version.Version + `"}`,
	},
	{
		"removed, with a key that looks like more",
		`{"eventName":"MODIFY","dynamodb":{"Keys":{"pk":{"S":"org#org#o#1#app"},"sk":{"S":"installation"}},"NewImage":{
			"notice":{"S":"installation.removed"},"appId":{"S":"app"},"version":{"N":"12"}},"OldImage":{"orgName":{"S":"Acme"}}}}`,
		`{"type":"installation.removed","orgKey":"org#o#1","orgId":"","orgName":"","appId":"app","region":"","state":"","generation":"","version":12,"signpostVersion":"` + version.Version + `"}`,
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
		if diff := cmp.Diff(want, record(t, event.Detail)); diff != "" || event.DetailType != want["type"] {
			t.Errorf("%s: detail type %s, detail (-want +got):\n%s", test.name, event.DetailType, diff)
		}
	}
	for name, text := range map[string]string{
		"no notice":       `{"eventName":"MODIFY","dynamodb":{"Keys":{"sk":{"S":"installation"}},"NewImage":{"state":{"S":"active"}}}}`,
		"a notice before": `{"eventName":"MODIFY","dynamodb":{"Keys":{"sk":{"S":"installation"}},"NewImage":{},"OldImage":{"notice":{"S":"x"}}}}`,
		"another row":     `{"eventName":"INSERT","dynamodb":{"Keys":{"sk":{"S":"candidate#1"}},"NewImage":{"notice":{"S":"x"}}}}`,
		"deleted":         `{"eventName":"REMOVE","dynamodb":{"Keys":{"sk":{"S":"installation"}},"OldImage":{"notice":{"S":"x"}}}}`,
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
jsonata(expression).evaluate({}, { states: { input } }).then(
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
	open := []string{"notice", "appId", "subject", "orgName", "appId", "region", "state", "generation", "version"}
	var named []string
	for _, match := range regexp.MustCompile(`NewImage\.(\w+)`).FindAllStringSubmatch(notices.Expression, -1) {
		named = append(named, match[1])
	}
	if diff := cmp.Diff(open, named); diff != "" {
		t.Errorf("attributes in events (-want +got):\n%s", diff)
	}
	if strings.Count(notices.Expression, "NewImage") != len(open) || slices.Contains(named, "") || strings.Contains(notices.Expression, "OldImage") {
		t.Errorf("the expression takes more than named attributes:\n%s", notices.Expression)
	}
}
