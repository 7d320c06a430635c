package load

import (
	"strings"
	"testing"
)

// root is the project's directory.
const root = "../../.."

func TestShortRun(t *testing.T) {
	var out strings.Builder
	err := Run(t.Context(), root, map[string]string{"LOAD_SECONDS": "2", "LOAD_WORKERS": "4", "LOAD_CUSTOMERS": "20"}, &out)
	if err != nil {
		t.Fatalf("%v (are the functions built? `make test` does that first)\n%s", err, out.String())
	}
	for _, line := range []string{"cross-launch ", "redeem ", "healthCheck ", "updateApproved ", "activation ", "launches ", "verify ", "Every answer was right"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("the report has no line %q:\n%s", line, out.String())
		}
	}
}

func TestRequestsAreBounded(t *testing.T) {
	var out strings.Builder
	err := Run(t.Context(), root, map[string]string{"LOAD_SECONDS": "60", "LOAD_REQUESTS": "60", "LOAD_WORKERS": "2", "LOAD_CUSTOMERS": "4"}, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := readOptions(map[string]string{"LOAD_SECONDS": "601", "LOAD_REQUESTS": "0", "LOAD_CUSTOMERS": "many", "LOAD_WORKERS": "-1"})
	for _, name := range []string{"LOAD_SECONDS", "LOAD_REQUESTS", "LOAD_CUSTOMERS", "LOAD_WORKERS"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not reported: %v", name, err)
		}
	}
}
