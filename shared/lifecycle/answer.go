package lifecycle

import (
	"errors"

	"signpost/shared/webex"
)

// answerOf are the fields of a log line that say what Webex answered, if an
// answer of Webex's is in the cause: its status, and OAuth's error code where
// there is one.
func answerOf(cause error) []any {
	failure, ok := errors.AsType[*webex.APIError](cause)
	if !ok || failure.Status == 0 {
		return nil
	}
	fields := []any{"webex_status", failure.Status}
	if failure.Code != "" {
		fields = append(fields, "webex_code", failure.Code)
	}
	return fields
}
