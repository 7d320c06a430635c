package stack_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
)

func TestRequestsReachFunctions(t *testing.T) {
	s := customer.StartWith(t, options(t, nil))
	for _, test := range []struct {
		method, path string
		status       int
		contains     string
	}{
		{"POST", "/echo/hello", 200, `"path":"/echo/hello"`},
		{"GET", "/echo/hello", 404, `{"message":"Not Found"}`},
		{"POST", "/nothing", 404, `{"message":"Not Found"}`},
		{"POST", "/echo/exit", 502, `{"message":"Internal Server Error"}`},
		{"POST", "/echo/again", 200, `"path":"/echo/again"`},
		{"POST", "/echo/error", 502, `{"message":"Internal Server Error"}`},
		{"GET", "/hang", 504, `{"message":"Gateway Timeout"}`},
		{"POST", "/2015-03-31/functions/EchoFunction/invocations", 200, `"pid"`},
		{"POST", "/2015-03-31/functions/NobodyFunction/invocations", 404, `Function not found`},
	} {
		status, body := request(t, test.method, s.URL()+test.path, "{}")
		if status != test.status || !strings.Contains(body, test.contains) {
			t.Errorf("%s %s: %d %s, want %d with %s", test.method, test.path, status, body, test.status, test.contains)
		}
	}
}

// A page of another site must not read secrets through the Lambda API.
func TestLambdaAPIRefusesOtherHostsAndSites(t *testing.T) {
	s := customer.StartWith(t, options(t, nil))
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.Host = "evil.example:3000" },
		func(r *http.Request) { r.Host = "127.0.0.1.evil.example" },
		func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/2015-03-31/functions/EchoFunction/configuration", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(request)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("host %q: %d, want 403", request.Host, response.StatusCode)
		}
	}
}

func TestFunctionsGetOnlyTheirPartOfTheSecrets(t *testing.T) {
	s := customer.StartWith(t, options(t, map[string]string{"SIGNAGE_URL": "http://127.0.0.1/$(deviceId)"}))
	for function, want := range map[string]string{
		"EchoFunction": "clientSecret tokenKeyset", "RedeemFunction": "contentApiKey", "QuickFunction": "",
	} {
		environment := call(t, s, function).Environment
		if got := secretParts(t, environment["SECRET_JSON"]); got != want {
			t.Errorf("%s has %q of the secrets, want %q", function, got, want)
		}
		for name, want := range map[string]string{
			"SIGNAGE_URL": "http://127.0.0.1/$(deviceId)", "VERIFY_INTERVAL": "1h", "INSTALLATIONS_TABLE": "Installations",
			"AWS_ENDPOINT_URL_DYNAMODB": s.DynamoDBURL(), "SECRET_ID": "", "WEBEX_APP_ID": "",
		} {
			if environment[name] != want {
				t.Errorf("%s: %s is %q, want %q", function, name, environment[name], want)
			}
		}
	}
}

func secretParts(t *testing.T, document string) string {
	t.Helper()
	var parts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(cmp.Or(document, "{}")), &parts); err != nil {
		t.Fatal(err)
	}
	return strings.Join(slices.Sorted(maps.Keys(parts)), " ")
}

func TestSecretsAreKept(t *testing.T) {
	o := options(t, map[string]string{"WEBEX_SIMULATOR": "off"})
	t.Chdir(o.DataDir)
	o.DataDir = "."
	first := customer.StartWith(t, o)
	key := first.Secrets().ContentKey()
	first.Stop()
	if second := customer.StartWith(t, o); key == "" || second.Secrets().ContentKey() != key {
		t.Errorf("the content key was %q, then %q", key, second.Secrets().ContentKey())
	}
	info, err := os.Stat(first.SecretsFile())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secrets.json: %v %v", info, err)
	}
}

func TestSecretsOfTheEnvironmentWin(t *testing.T) {
	s := customer.StartWith(t, options(t, map[string]string{
		"SECRET_JSON": `{"clientSecret":"mine","contentApiKey":["new","old"],"tokenKeyset":{"key":[]}}`,
	}))
	if got := call(t, s, "EchoFunction").Environment["SECRET_JSON"]; got != `{"clientSecret":"mine","tokenKeyset":{"key":[]}}` {
		t.Errorf("EchoFunction has %s", got)
	}
	if got := call(t, s, "RedeemFunction").Environment["SECRET_JSON"]; got != `{"contentApiKey":["new","old"]}` {
		t.Errorf("RedeemFunction has %s", got)
	}
	if s.Webex().ClientSecret() != "mine" || s.Secrets().ContentKey() != "new" {
		t.Errorf("client secret %q, content key %q", s.Webex().ClientSecret(), s.Secrets().ContentKey())
	}
}

func TestLimitsOfTheTemplate(t *testing.T) {
	o := options(t, nil)
	o.Now = func() time.Time { return time.Unix(1_700_000_000, 0) } // the clock stands still
	s := customer.StartWith(t, o)
	for i := range 8 {
		status, answer := request(t, "POST", s.URL()+"/echo/word", "{}")
		if want := map[bool]int{true: 200, false: 429}[i < 5]; status != want || status == 429 && answer != `{"message":"Too Many Requests"}` {
			t.Errorf("request %d is answered %d %s, want %d", i+1, status, answer, want)
		}
	}
	call(t, s, "EchoFunction") // the Lambda API has no such limit
	o.DataDir, o.Unlimited = t.TempDir(), true
	s = customer.StartWith(t, o)
	for range 8 {
		if status, _ := request(t, "POST", s.URL()+"/echo/word", "{}"); status != 200 {
			t.Errorf("without limits a request is answered %d", status)
		}
	}
}

func TestSetEnvironment(t *testing.T) {
	s := customer.StartWith(t, options(t, nil))
	before := call(t, s, "EchoFunction")
	s.SetEnvironment(map[string]string{"SIGNAGE_URL": "other", "VERIFY_INTERVAL": ""})
	after := call(t, s, "EchoFunction")
	if after.PID == before.PID || after.Environment["SIGNAGE_URL"] != "other" || after.Environment["VERIFY_INTERVAL"] != "" {
		t.Errorf("process %d, then %d with SIGNAGE_URL=%s VERIFY_INTERVAL=%s", before.PID, after.PID,
			after.Environment["SIGNAGE_URL"], after.Environment["VERIFY_INTERVAL"])
	}
	if after.Environment["INSTALLATIONS_TABLE"] == "" {
		t.Error("the other variables are gone")
	}
}

func TestTableOfTheTemplate(t *testing.T) {
	s := customer.StartWith(t, options(t, map[string]string{"INSTALLATIONS_TABLE": "Mine"}))
	client := customer.Table(s.DynamoDBURL())
	table, err := client.DescribeTable(context.Background(), &dynamodb.DescribeTableInput{TableName: aws.String("Mine")})
	if err != nil {
		t.Fatal(err)
	}
	if indexes := table.Table.GlobalSecondaryIndexes; len(indexes) != 1 || aws.ToString(indexes[0].IndexName) != "due" {
		t.Errorf("indexes are %v", indexes)
	}
	ttl, err := client.DescribeTimeToLive(context.Background(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("Mine")})
	if err != nil || aws.ToString(ttl.TimeToLiveDescription.AttributeName) != "expiresAt" {
		t.Errorf("time to live: %v %v", ttl, err)
	}

	external := options(t, map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": s.DynamoDBURL(), "INSTALLATIONS_TABLE": "Mine"})
	second := customer.StartWith(t, external) // the table exists
	if got := call(t, second, "EchoFunction").Environment["AWS_ENDPOINT_URL_DYNAMODB"]; got != s.DynamoDBURL() {
		t.Errorf("with the developer's endpoint, functions have %s", got)
	}
}

func TestScheduleRuns(t *testing.T) {
	listener, _ := listen(t)
	defer listener.Close()
	o := options(t, map[string]string{"SIGNAGE_URL": listener.Addr().String()})
	o.ScheduleEvery = 50 * time.Millisecond
	customer.StartWith(t, o)
	for range 2 { // runs
		connection, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.Close()
	}
}

func TestSimulator(t *testing.T) {
	s := customer.StartWith(t, options(t, nil))
	if got := len(s.Webex().Organizations()); got != 3 {
		t.Errorf("%d customers, want one in each trusted region", got)
	}
	if want := s.URL() + "/activation"; s.Webex().ProvisioningURL() != want {
		t.Errorf("provisioning URL %s, want %s", s.Webex().ProvisioningURL(), want)
	}
	if status, page := request(t, "GET", s.WebexURL()+"/", ""); status != 200 || !strings.Contains(page, "Example customer") {
		t.Errorf("the page: %d %s", status, page)
	}
	if status, page := request(t, "GET", s.WebexURL()+"/sample/signage?deviceName=%3Cb%3E", ""); status != 200 || !strings.Contains(page, "&lt;b&gt;") {
		t.Errorf("the sample page: %d %s", status, page)
	}
}

func TestStopLeavesNothing(t *testing.T) {
	s := customer.StartWith(t, options(t, nil))
	pid := call(t, s, "EchoFunction").PID
	addresses := []string{s.URL(), s.WebexURL(), s.DynamoDBURL()}
	s.Stop()
	s.Stop() // a second call has no effect
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
	for _, address := range addresses {
		if response, err := http.Get(address); err == nil {
			_ = response.Body.Close()
			t.Errorf("%s still answers", address)
		}
	}
	select {
	case err := <-s.Failed():
		t.Errorf("a stopped stack reports a failure: %v", err)
	default:
	}
}

func TestEndOfTheEmulatorIsReported(t *testing.T) {
	s := customer.StartWith(t, options(t, nil))
	stack.KillEmulator(s)
	if err := <-s.Failed(); !strings.Contains(err.Error(), "emulator has ended") {
		t.Errorf("got %v", err)
	}
}
