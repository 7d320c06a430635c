package traffic

import (
	"encoding/json"
	"testing"
	"time"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
)

// TestFaultsAreFound: a run on a stack that takes another content API key than
// the content server sends must fail.
func TestFaultsAreFound(t *testing.T) {
	var log Log
	s := customer.StartWith(t, stack.Options{
		Root: "../../../..", EphemeralPorts: true, DataDir: t.TempDir(), TableInMemory: true, Out: &log, ScheduleEvery: stack.ScheduleOff,
		Unlimited: true,
	})
	secrets := s.Secrets()
	secrets.ContentAPIKey = json.RawMessage(`"another-key"`)
	document, err := json.Marshal(secrets)
	if err != nil {
		t.Fatal(err)
	}
	s.SetEnvironment(map[string]string{"SECRET_JSON": string(document)})
	report, err := Run(t.Context(), s, &log, Options{Duration: time.Second, Workers: 4, Customers: 4})
	if err != nil {
		t.Fatal(err)
	}
	if report.OK() || report.FaultCount == 0 || len(report.Faults) == 0 || report.Issued == 0 || report.Redeemed != 0 {
		t.Errorf("nothing was found: %+v", report)
	}
}

func TestReportIsOK(t *testing.T) {
	for name, test := range map[string]struct {
		report Report
		ok     bool
	}{
		"all redeemed": {Report{Issued: 2, Redeemed: 2}, true},
		"one lost":     {Report{Issued: 2, Redeemed: 1}, false},
		"a fault":      {Report{Issued: 2, Redeemed: 2, FaultCount: 1}, false},
		"nothing done": {Report{}, false},
	} {
		if got := test.report.OK(); got != test.ok {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestLog(t *testing.T) {
	var log Log
	lines := `VerifyConfigsFunction | {"level":"INFO","msg":"verified","verified":3,"pushed":1,"failed":0,"left":2}
VerifyConfigsFunction | {"level":"INFO","msg":"verified","verified":4,"failed":1}
ActivationFunction | {"level":"INFO","msg":"request","status":200}
`
	_, _ = log.Write([]byte(lines))
	_, _ = log.Write([]byte("LaunchesFunction | {\"level\":\"ERROR\",\"msg\":\"request\"}\nActivationFunction | panic: x\n"))
	if got, want := log.sum(), (Verified{Runs: 2, Verified: 7, Pushed: 1, Failed: 1, Left: 2}); got != want {
		t.Errorf("verified: %+v, want %+v", got, want)
	}
	if got := log.errors(); len(got) != 3 || log.Late() {
		t.Errorf("errors: %q, late: %t", got, log.Late())
	}
	_, _ = log.Write([]byte("LaunchesFunction | {\"level\":\"ERROR\",\"cause\":\"operation error DynamoDB: GetItem, context deadline exceeded\"}\n"))
	if !log.Late() {
		t.Error("a call to DynamoDB that timed out is not found")
	}
}

func TestPercentile(t *testing.T) {
	took := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for percent, want := range map[int]time.Duration{1: 1, 50: 5, 90: 9, 99: 10, 100: 10} {
		if got := percentile(took, percent); got != want {
			t.Errorf("p%d is %d, want %d", percent, got, want)
		}
	}
	if percentile(nil, 50) != 0 || grouped(1234567) != "1,234,567" || grouped(999) != "999" || millis(1500*time.Microsecond) != "1.5 ms" {
		t.Error("numbers are formatted wrong")
	}
}
