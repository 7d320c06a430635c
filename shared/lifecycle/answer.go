package lifecycle

import (
	"signpost/shared/webex"
)

// AnswerFields are the fields of a log line that say what Webex answered, if an
// answer of Webex's is in the cause: its status, and OAuth's error code where
// there is one. Of several answers it is the first with a code: of a call that
// was refused and a renewal that was refused for it, the latter says why.
func AnswerFields(cause error) []any {
	var first *webex.APIError
	for _, failure := range answers(cause, nil) {
		if failure.Code != "" {
			return []any{"webex_status", failure.Status, "webex_code", failure.Code}
		}
		if first == nil {
			first = failure
		}
	}
	if first == nil {
		return nil
	}
	return []any{"webex_status", first.Status}
}

// answers adds all answers of Webex's that are in err to list, from left to
// right.
func answers(err error, list []*webex.APIError) []*webex.APIError {
	if failure, ok := err.(*webex.APIError); ok && failure.Status != 0 {
		list = append(list, failure)
	}
	switch err := err.(type) {
	case interface{ As(any) bool }: // what hides its cause, but for the log
		var hidden *webex.APIError
		if err.As(&hidden) {
			list = answers(hidden, list)
		}
	case interface{ Unwrap() []error }:
		for _, one := range err.Unwrap() {
			list = answers(one, list)
		}
	case interface{ Unwrap() error }:
		list = answers(err.Unwrap(), list)
	}
	return list
}
