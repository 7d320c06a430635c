package story

import (
	"cmp"
	"context"
	"net/http"

	"signpost/infra/local/client"
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
func (s *story) press(ctx context.Context, button string, in any) client.Reply {
	return try(s, func() (client.Reply, error) { return s.control.Press(ctx, s.org.ID, button, in) })
}

// look returns what Webex stores of the customer.
func (s *story) look(ctx context.Context) client.Organization {
	return try(s, func() (client.Organization, error) { return s.control.Organization(ctx, s.org.ID) })
}

// nothing is what a device without a configuration shows.
const nothing = "nothing"

// deviceURL returns what a device loads, or nothing.
func (s *story) deviceURL(ctx context.Context, d client.Device) string {
	return try(s, func() (string, error) {
		shown, err := s.control.DeviceURL(ctx, s.org.ID, d.ID)
		return cmp.Or(shown, nothing), err
	})
}

// post sends a request to Signpost's API.
func (s *story) post(ctx context.Context, path string, in any, header http.Header) client.Answer {
	return try(s, func() (client.Answer, error) { return s.api.Send(ctx, http.MethodPost, path, in, header) })
}

// act posts a token to Signpost as Webex posts management actions.
func (s *story) act(ctx context.Context, token string) client.Answer {
	return s.post(ctx, "/actions", map[string]string{"jwt": token}, nil)
}

// decode reads the JSON of an answer.
func (s *story) decode(a client.Answer, out any) {
	if s.err == nil {
		s.err = a.Into(out)
	}
}
