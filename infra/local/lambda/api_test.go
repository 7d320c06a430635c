package lambda_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func (r *rig) call(method, path, kind, body string) (*http.Response, string) {
	r.t.Helper()
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Host = "127.0.0.1:3000" // other hosts are refused
	if kind != "" {
		request.Header.Set("X-Amz-Invocation-Type", kind)
	}
	recorder := httptest.NewRecorder()
	r.host.API().ServeHTTP(recorder, request)
	response := recorder.Result()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response, string(text)
}

func TestInvokeAPI(t *testing.T) {
	const functions = "/2015-03-31/functions/"
	for _, test := range []struct {
		name, function, kind, body string
		status                     int
		header, value, contains    string
	}{
		{"answer", "TestFunction", "", "{}", 200, "X-Amz-Executed-Version", "$LATEST", `"PID"`},
		{"no event", "TestFunction", "RequestResponse", "", 200, "X-Amz-Function-Error", "", `"PID"`},
		{"by ARN", "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3ATestFunction", "", "{}", 200, "", "", `"PID"`},
		{"with version", "TestFunction%3A$LATEST", "", "{}", 200, "", "", `"PID"`},
		{"function error", "TestFunction", "", `{"Do":"error"}`, 200, "X-Amz-Function-Error", "Unhandled", `"errorMessage":"no"`},
		{"crash", "TestFunction", "", `{"Do":"exit"}`, 200, "X-Amz-Function-Error", "Unhandled", "Runtime.ExitError"},
		{"dry run", "TestFunction", "DryRun", "{}", 204, "", "", ""},
		{"unknown", "Nobody", "", "{}", 404, "X-Amzn-ErrorType", "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:123456789012:function:Nobody"},
		{"not JSON", "TestFunction", "", "{", 400, "X-Amzn-ErrorType", "InvalidRequestContentException", ""},
		{"unknown type", "TestFunction", "Now", "{}", 400, "X-Amzn-ErrorType", "InvalidParameterValueException", ""},
		{"large event", "TestFunction", "Event", `"` + strings.Repeat("x", 1<<20) + `"`, 413, "X-Amzn-ErrorType", "RequestTooLargeException", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, body := newRig(t, nil).call("POST", functions+test.function+"/invocations", test.kind, test.body)
			if response.StatusCode != test.status || !strings.Contains(body, test.contains) {
				t.Errorf("got %d %.200s, want %d with %s", response.StatusCode, body, test.status, test.contains)
			}
			if got := response.Header.Get(test.header); test.header != "" && got != test.value {
				t.Errorf("%s is %q, want %q", test.header, got, test.value)
			}
		})
	}
}

func TestInvokeForAnEvent(t *testing.T) {
	r, b := newRig(t, nil), newBarrier(t)
	response, _ := r.call("POST", "/2015-03-31/functions/TestFunction/invocations", "Event", `{"Do":"error","Meet":"`+b.address()+`"}`)
	if response.StatusCode != http.StatusAccepted {
		t.Fatalf("got %d, want 202", response.StatusCode)
	}
	b.arrive()() // it runs in the background
	r.close()
}

func TestConfigurationAPI(t *testing.T) {
	const path = "/2015-03-31/functions/TestFunction/configuration"
	r := newRig(t, nil)
	r.work(order{})
	_, body := r.call("PUT", path, "", `{"Environment":{"Variables":{"SIZE":"10"}}}`)
	var changed struct {
		FunctionName, State string
		Timeout             int
		Environment         struct{ Variables map[string]string }
	}
	if err := json.Unmarshal([]byte(body), &changed); err != nil {
		t.Fatal(err)
	}
	if changed.FunctionName != "TestFunction" || changed.Timeout != 20 || changed.State != "Active" || len(changed.Environment.Variables) != 1 {
		t.Errorf("got %+v", changed)
	}
	if got := r.work(order{}).Environment; got["SIZE"] != "10" || got["COLOUR"] != "" {
		t.Errorf("the function has SIZE=%q COLOUR=%q, want only the new variables", got["SIZE"], got["COLOUR"])
	}
	if _, again := r.call("GET", path, "", ""); again != body {
		t.Errorf("GET says %s, PUT said %s", again, body)
	}
	if response, _ := r.call("PUT", path, "", "{"); response.StatusCode != http.StatusBadRequest {
		t.Errorf("bad JSON: got %d", response.StatusCode)
	}
	if _, list := r.call("GET", "/2015-03-31/functions/", "", ""); !strings.Contains(list, "TestFunction") {
		t.Errorf("the list is %s", list)
	}
}

func TestAWSCommand(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the aws command is not installed")
	}
	r := newRig(t, nil)
	server := httptest.NewServer(r.host.API())
	defer server.Close()
	command := func(args ...string) string {
		t.Helper()
		c := exec.Command(aws, append([]string{"lambda", "--endpoint-url", server.URL, "--region", "us-east-1"}, args...)...)
		c.Env = append(c.Environ(), "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "AWS_CONFIG_FILE=/dev/null")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("aws %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := command("invoke", "--function-name", "TestFunction", filepath.Join(t.TempDir(), "out.json")); !strings.Contains(out, `"StatusCode": 200`) {
		t.Errorf("invoke printed %s", out)
	}
	if out := command("update-function-configuration", "--function-name", "TestFunction", "--environment", "Variables={SIZE=11}"); !strings.Contains(out, `"SIZE": "11"`) {
		t.Errorf("update-function-configuration printed %s", out)
	}
	if got := r.work(order{}).Environment["SIZE"]; got != "11" {
		t.Errorf("SIZE is %q", got)
	}
}
