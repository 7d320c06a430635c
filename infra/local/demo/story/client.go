package story

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	requestTime = 20 * time.Second
	maxAnswer   = 16 << 20 // bytes
)

// client sends JSON to one address.
type client struct {
	base string
	http *http.Client
}

func newClient(base string) client {
	return client{base, &http.Client{
		Timeout:       requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request with in as its JSON body; nil means no body.
func (c client) send(ctx context.Context, method, path string, in any, header http.Header) (answer, error) {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return answer{}, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, &body)
	if err != nil {
		return answer{}, err
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return answer{response.StatusCode, response.Header, text}, err
}

// asker is an API that answers JSON.
type asker interface {
	ask(ctx context.Context, method, path string, in, out any) error
}

func get[T any](ctx context.Context, api asker, method, path string, in any) (got T, err error) {
	err = api.ask(ctx, method, path, in, &got)
	return got, err
}

// into decodes the JSON of the answer.
func (a answer) into(out any) error {
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("unexpected response %d %.200q: %w", a.status, a.body, err)
	}
	return nil
}

// String returns the status and, for a problem, its code.
func (a answer) String() string { return outcome(a.status, a.body) }

func outcome(status int, body []byte) string {
	var problem struct{ Code string }
	_ = json.Unmarshal(body, &problem) // other responses have no code
	if problem.Code == "" {
		return strconv.Itoa(status)
	}
	return strconv.Itoa(status) + " " + problem.Code
}

// canonical encodes a value as JSON with sorted keys, for comparison.
func canonical(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text.Bytes()))
}
