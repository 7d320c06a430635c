package lifecycle

import "signpost/shared/webex"

// ResponseFields returns the log fields for Webex's response in cause, nil if there is
// none: its status, and OAuth's error code if it has one. Of several responses it takes
// the first with a code: where a call was refused and then the renewal that it caused,
// only the renewal says why.
func ResponseFields(cause error) []any {
	var first *webex.APIError
	for _, failure := range apiErrors(cause, nil) {
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

// apiErrors appends all of Webex's responses in err to list, from left to right.
func apiErrors(err error, list []*webex.APIError) []*webex.APIError {
	if failure, ok := err.(*webex.APIError); ok && failure.Status != 0 {
		list = append(list, failure)
	}
	switch err := err.(type) {
	case interface{ As(any) bool }: // hides its cause from all but the log
		var hidden *webex.APIError
		if err.As(&hidden) {
			list = apiErrors(hidden, list)
		}
	case interface{ Unwrap() []error }:
		for _, one := range err.Unwrap() {
			list = apiErrors(one, list)
		}
	case interface{ Unwrap() error }:
		list = apiErrors(err.Unwrap(), list)
	}
	return list
}
