package start_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"signpost/shared/assembly/start"
	"signpost/shared/config"
)

func TestFunctionLogsWhyItDoesNotStart(t *testing.T) {
	wrong := &config.Error{Problems: []config.Problem{
		{Variable: "WEBEX_APP_ID", Wrong: "is not set", Fix: "set it"}, {Variable: "VERIFY_INTERVAL", Wrong: "is odd", Fix: "change it"},
	}}
	for want, cause := range map[string]error{
		`{"level":"ERROR","msg":"setting is wrong","variable":"WEBEX_APP_ID","wrong":"is not set","fix":"set it"}` + "\n" +
			`{"level":"ERROR","msg":"setting is wrong","variable":"VERIFY_INTERVAL","wrong":"is odd","fix":"change it"}` + "\n": fmt.Errorf("wire: %w", wrong),
		`{"level":"ERROR","msg":"not started","cause":"no table"}` + "\n": errors.New("no table"),
	} {
		var out strings.Builder
		start.Function([]string{"A=1"}, &out, func(_ context.Context, environ map[string]string, _ *slog.Logger) (func(), error) {
			if environ["A"] != "1" {
				t.Errorf("built from %v", environ)
			}
			return nil, cause
		})
		if got := regexp.MustCompile(`"time":"[^"]*",`).ReplaceAllString(out.String(), ""); got != want {
			t.Errorf("%v: logged\n%s, want\n%s", cause, got, want)
		}
	}
}
