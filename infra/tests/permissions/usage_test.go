package permissions

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

// withCapacity has DynamoDB say what a call would be charged for.
func withCapacity(operation string, body []byte) []byte {
	var input map[string]any
	if json.Unmarshal(body, &input) != nil || !plain[operation] && !strings.HasPrefix(operation, "Transact") {
		return body
	}
	input["ReturnConsumedCapacity"] = "TOTAL"
	asking, err := json.Marshal(input)
	if err != nil {
		return body
	}
	return asking
}

// charge adds what an answer says to the usage.
func (r *recorder) charge(response *http.Response) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var output struct{ ConsumedCapacity json.RawMessage }
	if json.Unmarshal(body, &output) != nil || output.ConsumedCapacity == nil {
		return nil
	}
	type consumed struct{ CapacityUnits float64 }
	var all []consumed
	if json.Unmarshal(output.ConsumedCapacity, &all) != nil {
		var one consumed
		if err := json.Unmarshal(output.ConsumedCapacity, &one); err != nil {
			return err
		}
		all = []consumed{one}
	}
	_, operation, _ := strings.Cut(response.Request.Header.Get("X-Amz-Target"), ".")
	reads := operation == "Query" || operation == "GetItem" || operation == "BatchGetItem"
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running == "" {
		return nil
	}
	r.used.calls++
	for _, c := range all {
		if reads {
			r.used.reads += c.CapacityUnits
		} else {
			r.used.writes += c.CapacityUnits
		}
	}
	return nil
}

// spent returns what do uses.
func (r *recorder) spent(do func()) usage {
	r.mu.Lock()
	r.used = usage{}
	r.mu.Unlock()
	do()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}

// TestUsage counts what the table of costs in infra/docs/operate.md is made of. A change that
// makes it dearer has to change both.
func TestUsage(t *testing.T) {
	s := newStory(t)
	customer := s.cloud.AddOrganization("Customer", "us-west-2_r").ID()
	webex := func(do func()) int {
		before := len(s.cloud.Requests())
		do()
		return len(s.cloud.Requests()) - before
	}
	var calls int
	for _, test := range []struct {
		name string
		do   func()
		most usage
		// webex is how many requests Webex gets at most, from a new process,
		// which fetches the regions' key sets first.
		webex int
	}{
		{"activation", func() { s.webex("ActivationFunction", 200, s.activate(customer)) }, usage{7, 4, 19}, 7},
		{"run with nothing due", func() { s.run() }, usage{16, 8, 0}, 0},
		{"run with one verification", func() { s.verify() }, usage{18, 8, 8}, 2},
		{"cross-launch", func() { s.cross(customer, "AssignContentFunction", webextest.TaskAssignContent) }, usage{1, 0, 8}, 3},
		{"redeeming", func() { s.redeem() }, usage{3, 2, 2}, 0},
		{"health check", func() { s.webex("UpdateApprovedFunction", 200, s.health(customer)) }, usage{1, 1, 0}, 5},
	} {
		used := s.recorder.spent(func() { calls = webex(test.do) })
		t.Logf("%s: %+v, %d requests to Webex", test.name, used, calls)
		if used.calls > test.most.calls || used.reads > test.most.reads || used.writes > test.most.writes || calls > test.webex {
			t.Errorf("%s uses %+v and %d requests to Webex, more than %+v and %d", test.name, used, calls, test.most, test.webex)
		}
	}
}
