package start_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"signpost/shared/assembly/start"
	"signpost/shared/config"
)

func TestFunctionLogsWhyItDoesNotStart(t *testing.T) {
	for _, test := range []struct {
		err   error
		lines []string
	}{
		{fmt.Errorf("wire: %w", &config.Error{Problems: []config.Problem{
			{Variable: "WEBEX_APP_ID", Wrong: "is not set", Fix: "set it"}, {Variable: "VERIFY_INTERVAL", Wrong: "is odd", Fix: "change it"},
		}}), []string{
			`"level":"ERROR","msg":"setting is wrong","variable":"WEBEX_APP_ID","wrong":"is not set","fix":"set it"}`,
			`"level":"ERROR","msg":"setting is wrong","variable":"VERIFY_INTERVAL","wrong":"is odd","fix":"change it"}`,
		}},
		{errors.New("no table"), []string{`"level":"ERROR","msg":"not started","cause":"no table"}`}},
	} {
		var out strings.Builder
		start.Function([]string{"A=1"}, &out, func(_ context.Context, environ map[string]string, _ *slog.Logger) (func(), error) {
			if environ["A"] != "1" {
				t.Errorf("built from %v", environ)
			}
			return nil, test.err
		})
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != len(test.lines) {
			t.Fatalf("want %d lines, got:\n%s", len(test.lines), out.String())
		}
		for i, line := range lines {
			if !strings.HasSuffix(line, test.lines[i]) {
				t.Errorf("line %d: %s, want %s", i, line, test.lines[i])
			}
		}
	}
}
