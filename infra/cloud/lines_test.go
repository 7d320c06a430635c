package cloud_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signpost/infra/local/lambda"
	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// unseen are the filters whose lines this story does not cause: they follow faults
// that it does not inject.
var unseen = []string{
	"ActivationDrift", "ActivationTokenInvalid", "ActivationRemoved", "UpdateApprovedDrift", "UpdateApprovedTokenInvalid", "VerifyConfigsRemoved",
	"ActivationRefusalsSuspected", "VerifyConfigsFailingForADay", "VerifyConfigsRolloutHalted",
}

// unprinted are the filters whose lines no function prints yet.
var unprinted = []string{
	"ActivationAppDiffers", "UpdateApprovedAppDiffers", "VerifyConfigsAppDiffers",
	"ActivationWrongRegion", "UpdateApprovedWrongRegion", "VerifyConfigsWrongRegion",
}

// TestFiltersSeeTheLines: the built functions print lines that each filter
// matches, with the fields that it reads, except for the filters above.
func TestFiltersSeeTheLines(t *testing.T) {
	lines := playDay(t)
	lines["AccessFunction"] = accessLines(t)
	for id, properties := range production().all("AWS::Logs::MetricFilter") {
		group := properties["LogGroupName"].(map[string]any)["Ref"].(string)
		seen := false
		for _, line := range lines[strings.TrimSuffix(group, "Logs")+"Function"] {
			if matches(t, properties["FilterPattern"].(string), line) {
				seen = true
				checkFields(t, id, properties, line)
			}
		}
		if seen == slices.Contains(slices.Concat(unseen, unprinted), id) {
			t.Errorf("%s: a line that matches %s was seen: %t", id, properties["FilterPattern"], seen)
		}
	}
}

// accessLines returns API Gateway's lines for a served and a refused request, in the
// template's format.
func accessLines(t *testing.T) []map[string]any {
	t.Helper()
	settings := production().properties("HttpApi")["AccessLogSettings"].(map[string]any)
	variable := regexp.MustCompile(`\$context\.[A-Za-z.]+`)
	var lines []map[string]any
	for _, status := range []string{"200", "429"} {
		text := variable.ReplaceAllStringFunc(settings["Format"].(string), func(name string) string {
			if name == "$context.status" {
				return status
			}
			return "-"
		})
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("the access log's lines are not JSON: %v", err)
		}
		lines = append(lines, line)
	}
	return lines
}

// checkFields checks that a line has the fields that a filter reads.
func checkFields(t *testing.T, id string, properties, line map[string]any) {
	t.Helper()
	transformation := properties["MetricTransformations"].([]any)[0].(map[string]any)
	if value := transformation["MetricValue"].(string); value != "1" {
		if _, is := at(t, value, line).(float64); !is {
			t.Errorf("%s: %s is not a number in %v", id, value, line)
		}
	}
	dimensions, _ := transformation["Dimensions"].([]any)
	for _, raw := range dimensions {
		field := raw.(map[string]any)["Value"].(string)
		if text, is := at(t, field, line).(string); !is || text == "" {
			t.Errorf("%s: %s is not a text in %v", id, field, line)
		}
	}
}

type day struct {
	*testing.T
	stack *stack.Stack
	cloud *webextest.Cloud

	noticed chan struct{} // receives when the stack has printed an event

	mu   sync.Mutex
	text bytes.Buffer
	// late is how far Webex's clock is behind: at first a minute, which checks of
	// tokens tolerate, so that time can pass without waiting for it.
	late time.Duration
}

func (d *day) webexTime() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Add(-d.late)
}

// nextSecond advances Webex's clock by a second: a removal in the second of its
// activation is taken for an earlier activation's.
func (d *day) nextSecond() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.late -= time.Second
}

func (d *day) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("notices | ")) {
		select {
		case d.noticed <- struct{}{}:
		default:
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(b)
}

// playDay plays a day with good and bad events, and returns the lines by function.
func playDay(t *testing.T) map[string][]map[string]any {
	d := &day{T: t, noticed: make(chan struct{}, 1), late: time.Minute}
	var err error
	d.stack, err = stack.Start(t.Context(), stack.Options{
		Root: "../..", EphemeralPorts: true, DataDir: t.TempDir(), TableInMemory: true, ScheduleEvery: stack.ScheduleOff, Out: d,
		Environment: map[string]string{"VERIFY_INTERVAL": "1s"}, // failures are due again soon
		// Refresh tokens this short-lived count as expiring.
		Webex: func(o *webextest.Options) { o.Now, o.RefreshTokenLife = d.webexTime, 10*24*time.Hour },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.cloud = d.stack.Webex()
	d.customer()
	d.trouble()
	d.refused()
	d.strangers()
	d.events()
	d.stack.Stop() // flushes what was printed
	return d.lines()
}

// events checks that the day had an event of each type that it can have, and that each is
// as its schema describes it.
func (d *day) events() {
	kinds := []string{"installation.activated", "installation.updated", "installation.removed", "installation.token_invalid", "integration.refused"}
	late := time.After(20 * time.Second)
	for {
		count, err := customer.CheckEvents(d.stack, "../docs/schemas")
		missing := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return count[kind] > 0 })
		if err != nil || len(missing) == 0 {
			if err != nil {
				d.Error(err)
			}
			return
		}
		select { // the stream is read now and then
		case <-d.noticed:
		case <-late:
			d.Errorf("no events %v, but %v", missing, count)
			return
		}
	}
}

func (d *day) customer() {
	org := d.cloud.AddOrganization("Customer", "us-west-2_r").ID()
	d.reply(200)(d.cloud.Activate(d.Context(), org))
	for _, task := range []string{webextest.TaskAssignContent, webextest.TaskManageContent} {
		reply := d.reply(200)(d.cloud.CrossLaunch(d.Context(), org, webextest.DigitalSignage, task, []string{"device"}))
		code := must(url.Parse(reply.RedirectURL)).Query().Get("launch")
		customer.Send(d.T, d.stack.URL(), customer.Redeeming(code, d.stack.Secrets().ContentKey())).Want(d.T, 200)
	}
	d.cloud.DeleteConfiguration(org, webextest.DigitalSignage)
	d.reply(200)(d.cloud.ApproveUpdate(d.Context(), org, nil))
	stored, _ := d.cloud.Configuration(org, webextest.DigitalSignage)
	stored["signageUrl"] = "https://other.example.com/"
	d.cloud.SetConfiguration(org, webextest.DigitalSignage, stored)
	d.verify(org)
	d.nextSecond()
	d.reply(200)(d.cloud.Deprovision(d.Context(), org))
}

// trouble is a customer whose activation fails at first, and whose tokens Webex
// revokes later.
func (d *day) trouble() {
	org := d.cloud.AddOrganization("Late customer", "us-west-2_r").ID()
	d.cloud.Inject(webextest.Fault{Kind: webextest.KindToken, Status: 503})
	d.reply(503)(d.cloud.Activate(d.Context(), org))
	d.cloud.ClearFaults()
	for registered := false; !registered; {
		d.verify("")
		installation, _ := d.cloud.Installation(org)
		registered = installation.ActionsURL != ""
	}
	d.cloud.RevokeRefreshToken(org)
	d.cloud.RevokeAccessTokens(org)
	d.verify(org)
}

// refused are customers while Webex refuses our OAuth client, and then while it
// refuses the tokens of one after the other.
func (d *day) refused() {
	var orgs []string
	for range 4 {
		org := d.cloud.AddOrganization("Refused customer", "us-west-2_r").ID()
		d.reply(200)(d.cloud.Activate(d.Context(), org))
		orgs = append(orgs, org)
	}
	d.cloud.Inject(webextest.Fault{Kind: webextest.KindToken, Status: 401, ContentType: "application/json", Body: `{"error": "invalid_client"}`})
	d.reply(502)(d.cloud.Activate(d.Context(), d.cloud.AddOrganization("New customer", "us-west-2_r").ID()))
	d.cloud.RevokeAccessTokens(orgs[0])
	d.verify("") // the activation, again
	d.verify(orgs[0])
	d.reply(200)(d.cloud.HealthCheck(d.Context(), orgs[0]))
	d.cloud.ClearFaults()
	for _, org := range orgs {
		d.cloud.RevokeRefreshToken(org)
		d.cloud.RevokeAccessTokens(org)
	}
	for _, org := range orgs[:3] {
		d.verify(org)
	}
	d.reply(200)(d.cloud.HealthCheck(d.Context(), orgs[3]))
}

func (d *day) strangers() {
	customer.Send(d.T, d.stack.URL(), customer.Request{Method: "GET", Path: "/installations"})
	for _, path := range []string{"/activation", "/actions", "/crossLaunch/digital_signage/assignContent", "/crossLaunch/digital_signage/manageContent", "/launches/x"} {
		customer.Send(d.T, d.stack.URL(), customer.Post(path, ""))
	}
}

func (d *day) reply(status int) func(webextest.Reply, error) webextest.Reply {
	return func(reply webextest.Reply, err error) webextest.Reply {
		d.Helper()
		if err != nil || reply.Status != status {
			d.Fatalf("%d %s %v, want %d", reply.Status, reply.Body, err, status)
		}
		return reply
	}
}

// verify runs the schedule's function for one organization, or, if org is "", as the
// schedule does.
func (d *day) verify(org string) {
	d.Helper()
	event := must(json.Marshal(map[string][]string{"orgIds": {org}}))
	if org == "" {
		runs := production().plain["Mappings"].(map[string]any)["VerifyRuns"].(map[string]any)
		event = []byte(runs["1"].(map[string]any)["First"].(string))
	}
	result, err := d.stack.Invoke(d.Context(), "VerifyConfigsFunction", event)
	if err != nil || result.Outcome != lambda.OK {
		d.Fatalf("verify: %v %s", err, result.Payload)
	}
}

func (d *day) lines() map[string][]map[string]any {
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := map[string][]map[string]any{}
	for text := range strings.SplitSeq(d.text.String(), "\n") {
		function, line, _ := strings.Cut(text, " | ")
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil {
			lines[function] = append(lines[function], fields)
		}
	}
	return lines
}
