package lifecycle

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// TestAnswerOf: the answer that says most of a cause, however deep it is.
func TestAnswerOf(t *testing.T) {
	refused := &webex.APIError{Op: "GET", Status: 401}
	client := &webex.APIError{Op: "POST token", Status: 401, Code: "invalid_client"}
	for name, test := range map[string]struct {
		cause error
		want  []any
	}{
		"none":                  {errors.New("x"), nil},
		"no cause":              {nil, nil},
		"no answer":             {&webex.APIError{Op: "GET"}, nil},
		"a status":              {fmt.Errorf("x: %w", refused), []any{"webex_status", 401}},
		"a code":                {client, []any{"webex_status", 401, "webex_code", "invalid_client"}},
		"a code after a status": {errors.Join(errors.New("x"), refused, fmt.Errorf("y: %w", client)), []any{"webex_status", 401, "webex_code", "invalid_client"}},
		"suspected":             {errors.Join(refused, suspectedError{installation.Key{}, client}), []any{"webex_status", 401, "webex_code", "invalid_client"}},
	} {
		if diff := cmp.Diff(test.want, ResponseFields(test.cause)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
