package permissions

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"signpost/infra/tests/customer"
)

// withCapacity asks DynamoDB for the capacity that the call consumes.
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

// charge adds the capacity in an answer to the usage.
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

// TestUsage counts what the table of costs in infra/docs/operate.md is made of.
// A change that raises the costs has to change both.
func TestUsage(t *testing.T) {
	s := newStory(t)
	var code string
	for _, test := range []struct {
		name string
		do   func()
		most usage
		// webex is how many requests Webex gets at most, from a new process,
		// which fetches the regions' key sets and reads the channels first.
		webex int
	}{
		{"first run, which begins all passes", func() { s.run() }, usage{67, 25, 32}, 0},
		{"activation", func() { s.call(activation, 200, s.activate) }, usage{8, 5, 24}, 7},
		{"activation in the browser, with its launch", func() { s.call(activation, 200, s.activateInBrowser) }, usage{7, 3, 24}, 7},
		{"run with nothing due", func() { s.run() }, usage{18, 17, 0}, 0},
		{"run that begins all passes, with one verification", func() { s.verify() }, usage{67, 25.5, 32}, 2},
		{"verification that renews the token", func() { s.Age(48*time.Hour, "began"); s.Age(30*24*time.Hour, "accessExpiresAt"); s.run() }, usage{75, 40, 60}, 5},
		{"cross-launch", func() { code = s.launch(assignContent) }, usage{2, 1, 8}, 3},
		{"redeeming", func() { s.redeem(code) }, usage{3, 2, 2}, 0},
		{"vendor API, a list", func() {
			s.call(installations, 200, func() customer.Answer { return s.Vendor("GET", "/installations", nil) })
		}, usage{20, 18, 1}, 0},
		{"vendor API, one", func() {
			s.call(installations, 200, func() customer.Answer { return s.Vendor("GET", "/installations/"+s.Org.ID(), nil) })
		}, usage{5, 11, 1}, 0},
		{"vendor API, a change", func() {
			s.call(installations, 202, func() customer.Answer { return s.Vendor("POST", "/installations/"+s.Org.ID()+"/verify", nil) })
		}, usage{7, 12, 4}, 0},
		{"health check", func() { s.call(updateApproved, 200, s.health) }, usage{2, 2, 0}, 5},
	} {
		before := len(s.Cloud.Requests())
		used := s.recorder.spent(test.do)
		calls := len(s.Cloud.Requests()) - before
		t.Logf("%s: %+v, %d requests to Webex", test.name, used, calls)
		if used.calls > test.most.calls || used.reads > test.most.reads || used.writes > test.most.writes || calls > test.webex {
			t.Errorf("%s uses %+v and %d requests to Webex, more than %+v and %d", test.name, used, calls, test.most, test.webex)
		}
	}
}
