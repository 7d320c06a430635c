package story

import (
	"context"
	"net/http"
)

// The calls that steps make. After a failure they do nothing and return zero
// values.

// try makes a call and keeps its error.
func try[T any](s *story, call func() (T, error)) (got T) {
	if s.err == nil {
		got, s.err = call()
	}
	return got
}

// press does what an administrator's button, or Webex by itself, does.
func (s *story) press(ctx context.Context, button string, in any) reply {
	return try(s, func() (reply, error) { return s.control.press(ctx, s.org.ID, button, in) })
}

// look returns what Webex stores of the customer.
func (s *story) look(ctx context.Context) organization {
	return try(s, func() (organization, error) { return s.control.organization(ctx, s.org.ID) })
}

// deviceURL returns what a device loads, or nothing.
func (s *story) deviceURL(ctx context.Context, d device) string {
	return try(s, func() (string, error) { return s.control.deviceURL(ctx, s.org.ID, d.ID) })
}

// post sends a request to Signpost's API.
func (s *story) post(ctx context.Context, path string, in any, header http.Header) answer {
	return try(s, func() (answer, error) { return s.api.send(ctx, http.MethodPost, path, in, header) })
}

// act posts a token to Signpost as Webex posts management actions.
func (s *story) act(ctx context.Context, token string) answer {
	return s.post(ctx, "/actions", map[string]string{"jwt": token}, nil)
}

// decode reads the JSON of an answer.
func (s *story) decode(a answer, out any) {
	if s.err == nil {
		s.err = a.into(out)
	}
}
