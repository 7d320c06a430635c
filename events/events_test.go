package events_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	awsevents "github.com/aws/aws-lambda-go/events"

	"signpost/events"
	"signpost/infra/local/client"
	"signpost/infra/local/lambda"
	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
)

// answer is a function's answer to a sample: either the JSON body, in which an
// ellipsis stands for the parts that differ each time, some words of a page, or a part of
// the JSON, which begins with a quote.
type answer struct {
	status int // 0 if the function does not answer HTTP
	body   string
	words  string
}

const activated = `{"orgId":"…","appId":"6d93fe09-7130-4507-b261-3908b63428a4","state":"active",` +
	`"features":{"digital_signage":"in_sync","persistent_web_app":"in_sync"}}`

// answers are the answers to fresh samples. The name of a sample begins with its
// function's folder.
var answers = map[string]answer{
	"activation-page.json":        {status: 200, words: "Activate the integration"},
	"activation-json.json":        {status: 200, body: activated},
	"activation-token.json":       {status: 200, body: activated},
	"activation-form.json":        {status: 200, words: "The integration is active"},
	"activation-form-base64.json": {status: 200, words: "The integration is active"},

	"updateapproved-updateapproved.json": {status: 200, body: `{}`},
	"updateapproved-update.json":         {status: 200, body: `{}`},
	"updateapproved-deprovision.json":    {status: 200, body: `{}`},
	"updateapproved-healthcheck.json":    {status: 200, body: `{"operationalState":"operational","tokensState":"valid","tokenHealth":"healthy"}`},

	"assigncontent-signage.json": {status: 200, body: `{"redirectUrl":"http://127.0.0.1:…/sample/content?launch=…"}`},
	"assigncontent-webapp.json":  {status: 200, body: `{"redirectUrl":"http://127.0.0.1:…/sample/content?launch=…"}`},
	"managecontent-signage.json": {status: 200, body: `{"redirectUrl":"http://127.0.0.1:…/sample/content?launch=…"}`},
	"managecontent-webapp.json":  {status: 200, body: `{"redirectUrl":"http://127.0.0.1:…/sample/content?launch=…"}`},

	"launches-redeem.json": {status: 200, body: `{"orgKey":"…","orgId":"…","orgName":"Sample customer","appId":"6d93fe09-7130-4507-b261-3908b63428a4",` +
		`"feature":"digital_signage","task":"assign_content","devices":[{"deviceId":"…","displayName":"Lobby Board"},` +
		`{"deviceId":"…","displayName":"Reception Desk"},{"deviceId":"…","displayName":"Board Room"}],"issuedAt":"…Z"}`},

	"installations-list.json":        {status: 200, words: `"installations":[`},
	"installations-get.json":         {status: 200, words: `"orgName":"Sample customer"`},
	"installations-verify.json":      {status: 202, words: `"state":"active"`},
	"installations-reload.json":      {status: 202, words: `"state":"active"`},
	"installations-channel.json":     {status: 200, words: `"channel":"default"`},
	"installations-invite.json":      {status: 201, words: `"reference":"4711"`},
	"installations-invitations.json": {status: 200, words: `"invitations":[`},
	"installations-rollout.json":     {status: 200, body: `{"state":"none","revision":0}`},

	"verifyconfigs-due.json":           {body: `{"verified":0,"pushed":0,"deleted":0,"failed":0,"left":0}`},
	"verifyconfigs-schedule.json":      {body: `{"verified":0,"pushed":0,"deleted":0,"failed":0,"left":0}`},
	"verifyconfigs-organizations.json": {body: `{"verified":1,"pushed":0,"deleted":0,"failed":0,"left":0}`},
}

// samples reads the sample events of this folder, by file.
func samples(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for _, file := range files {
		if found[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestEverySampleIsKnown(t *testing.T) {
	got, want := slices.Sorted(maps.Keys(samples(t))), slices.Sorted(maps.Keys(answers))
	if !slices.Equal(got, want) {
		t.Errorf("samples are\n%v, there are answers to\n%v", got, want)
	}
}

// TestSamplesAreAPIGatewayEvents: each field is one of payload format 2.0.
func TestSamplesAreAPIGatewayEvents(t *testing.T) {
	for file, text := range samples(t) {
		if strings.HasPrefix(file, "verifyconfigs-") {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		var event awsevents.APIGatewayV2HTTPRequest
		if err := decoder.Decode(&event); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		method, path, _ := strings.Cut(event.RouteKey, " ")
		for name, value := range event.PathParameters {
			path = strings.ReplaceAll(path, "{"+name+"}", value)
		}
		if event.Version != "2.0" || event.RequestContext.HTTP.Method != method || event.RawPath != path || event.RequestContext.RouteKey != event.RouteKey {
			t.Errorf("%s is for %s and for %s %s", file, event.RouteKey, event.RequestContext.HTTP.Method, event.RawPath)
		}
	}
}

// TestSamples runs every sample on the local stack, as it is and fresh.
func TestSamples(t *testing.T) {
	s := customer.StartWith(t, stack.Options{
		Root: "..", EphemeralPorts: true, DataDir: t.TempDir(), ScheduleEvery: stack.ScheduleOff,
	})
	functions := functionsByFolder(t, s.URL())
	without := maps.Clone(functions)
	// The first run begins the first passes: from then on nothing is due for a while.
	invoke(t, s.URL(), functions["verifyconfigs"], []byte("{}"))
	for file, text := range samples(t) {
		t.Run(file, func(t *testing.T) {
			folder, _, _ := strings.Cut(file, "-")
			function, ok := functions[folder]
			if !ok {
				t.Fatalf("no function is called %s", folder)
			}
			delete(without, folder)
			fresh, err := events.Stack{API: s.URL(), Webex: s.WebexURL()}.Fresh(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(fresh, text) {
				checkStale(t, invoke(t, s.URL(), function, text))
			}
			if folder == "verifyconfigs" { // what other samples made due
				invoke(t, s.URL(), function, []byte("{}"))
			}
			answers[file].check(t, invoke(t, s.URL(), function, fresh))
		})
	}
	if !strings.Contains(s.Logs(), `"outcome":"removed"`) {
		t.Error("the deprovision removed nothing: is its iat in the same second as the activation?")
	}
	if len(without) > 0 {
		t.Errorf("without a sample: %v", without)
	}
}

// checkStale checks the answer to a sample that is not fresh.
func checkStale(t *testing.T, got []byte) {
	t.Helper()
	var response awsevents.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(got, &response); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 401 && !bytes.Contains(got, []byte(`"failed":1`)) {
		t.Errorf("as it is, the sample is answered with %s", got)
	}
}

func (want answer) check(t *testing.T, got []byte) {
	t.Helper()
	body := string(got)
	if want.status != 0 {
		var response awsevents.APIGatewayV2HTTPResponse
		if err := json.Unmarshal(got, &response); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want.status {
			t.Errorf("status is %d, want %d", response.StatusCode, want.status)
		}
		kind := "application/json"
		if want.words != "" && !strings.HasPrefix(want.words, `"`) {
			kind = "text/html; charset=utf-8"
		}
		if response.Headers["Content-Type"] != kind {
			t.Errorf("content type is %s, want %s", response.Headers["Content-Type"], kind)
		}
		body = response.Body
	}
	if want.words != "" {
		if !strings.Contains(body, want.words) {
			t.Errorf("the page does not say %q: %s", want.words, body)
		}
		return
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want.body), "…", `[^"]+`)
	if !regexp.MustCompile("^" + pattern + "$").MatchString(body) {
		t.Errorf("body is\n%s, want\n%s", body, want.body)
	}
}

// functionsByFolder asks the Lambda API which functions there are.
func functionsByFolder(t *testing.T, api string) map[string]string {
	t.Helper()
	list, err := client.NewLambda(api).Functions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string]string{}
	for _, f := range list {
		functions[strings.ToLower(strings.TrimSuffix(f.FunctionName, "Function"))] = f.FunctionName
	}
	return functions
}

// invoke calls a function as `aws lambda invoke` does.
func invoke(t *testing.T, api, function string, event []byte) []byte {
	t.Helper()
	got, err := client.New(api).Send(t.Context(), http.MethodPost, lambda.APIPath+function+"/invocations", json.RawMessage(event), nil)
	if err != nil || got.Status != 200 {
		t.Fatalf("%d %s %v", got.Status, got.Body, err)
	}
	return got.Body
}
