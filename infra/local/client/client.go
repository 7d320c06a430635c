// Package client calls a running local stack from outside: the product's API, the
// Lambda API, and the control API of the simulated Webex.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	requestTime = 20 * time.Second
	maxAnswer   = 16 << 20 // bytes
)

// Client sends JSON to one address.
type Client struct {
	base string
	http *http.Client
}

// New returns a client of the API at an address without a slash at the end.
func New(base string) Client {
	return Client{base, &http.Client{
		Timeout:       requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Answer is the response to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send sends a request with in as its JSON body; nil means no body.
func (c Client) Send(ctx context.Context, method, path string, in any, header http.Header) (Answer, error) {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return Answer{}, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, &body)
	if err != nil {
		return Answer{}, err
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return Answer{response.StatusCode, response.Header, text}, err
}

// asker is an API that answers JSON.
type asker interface {
	Ask(ctx context.Context, method, path string, in, out any) error
}

func get[T any](ctx context.Context, api asker, method, path string, in any) (got T, err error) {
	err = api.Ask(ctx, method, path, in, &got)
	return got, err
}

// Into decodes the JSON of the answer.
func (a Answer) Into(out any) error {
	if err := json.Unmarshal(a.Body, out); err != nil {
		return fmt.Errorf("unexpected response %d %.200q: %w", a.Status, a.Body, err)
	}
	return nil
}

// String returns the status and, for a problem, its code.
func (a Answer) String() string {
	var problem struct{ Code string }
	_ = json.Unmarshal(a.Body, &problem) // other responses have no code
	if problem.Code == "" {
		return strconv.Itoa(a.Status)
	}
	return strconv.Itoa(a.Status) + " " + problem.Code
}

// LaunchCode returns the launch code in an address that Control Hub opens; empty if
// there is none.
func LaunchCode(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("launch")
}
