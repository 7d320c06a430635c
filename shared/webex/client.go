package webex

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"signpost/shared/secret"
)

const (
	// callTimeout bounds any one call, whatever its context allows.
	callTimeout = 8 * time.Second
	// maxResponseSize bounds the body of a response, in bytes.
	maxResponseSize = 1 << 20
	// maxIdleConnsPerHost lets each worker of a scheduled run keep two connections
	// where Webex does not speak HTTP/2: it makes two calls at a time.
	maxIdleConnsPerHost = 128
	// maxRetryAfter caps a Retry-After.
	maxRetryAfter = 24 * time.Hour
)

// Client calls Webex on behalf of installations. Each call takes at most 8 seconds.
// Client never retries: its callers know which calls may be repeated, and when. It is
// safe for concurrent use.
type Client struct {
	http *http.Client
}

// NewClient returns a client on transport (nil: [NewTransport]). Its calls
// follow no redirect, since each carries a credential meant for one host.
func NewClient(transport http.RoundTripper) *Client {
	return &Client{http: newHTTPClient(transport, callTimeout)}
}

// NewTransport returns a transport with a time limit on each step.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    3 * time.Second,
		ResponseHeaderTimeout:  callTimeout,
		MaxIdleConns:           2 * maxIdleConnsPerHost,
		MaxIdleConnsPerHost:    maxIdleConnsPerHost,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
}

func newHTTPClient(transport http.RoundTripper, timeout time.Duration) *http.Client {
	if transport == nil {
		transport = NewTransport()
	}
	return &http.Client{
		Transport:     transport,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// call is one request with a bearer token.
type call struct {
	op, method, url string
	token           secret.String
	body            []byte
}

// do sends a call and returns the body of the response. Its errors are [*APIError].
func (c *Client) do(ctx context.Context, call call) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, call.method, call.url, bytes.NewReader(call.body))
	if err != nil {
		return nil, &APIError{Op: call.op, Cause: withoutURL(err)}
	}
	request.Header.Set("Authorization", "Bearer "+call.token.Reveal())
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	body, failure := c.send(call.op, request)
	if failure != nil {
		return nil, failure
	}
	return body, nil
}

// send is the one place that sends a request and tells success from failure. It
// returns the body of either.
func (c *Client) send(op string, request *http.Request) ([]byte, *APIError) {
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, &APIError{Op: op, Cause: withoutURL(err)}
	}
	defer response.Body.Close()
	body, err := readBounded(response.Body)
	if err != nil {
		body = nil // a partial body is not used
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return body, &APIError{Op: op, Status: response.StatusCode, RetryAfter: parseRetryAfter(response.Header)}
	}
	if err != nil {
		return nil, &APIError{Op: op, Status: response.StatusCode, Cause: err}
	}
	return body, nil
}

func readBounded(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, maxResponseSize+1))
	if err == nil && len(content) > maxResponseSize {
		err = fmt.Errorf("response is over %d bytes", maxResponseSize)
	}
	return content, err
}

// withoutURL strips the address from a transport error: the op already says what
// was called, and addresses contain organization ids.
func withoutURL(err error) error {
	type wrapped interface{ Unwrap() error }
	if outer, ok := err.(wrapped); ok && outer.Unwrap() != nil {
		return outer.Unwrap()
	}
	return err
}

// parseRetryAfter reads seconds [page], possibly with a fraction, or an HTTP date,
// which it compares with the Date header of the same response. Other values are
// ignored.
func parseRetryAfter(header http.Header) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil {
		until, untilErr := http.ParseTime(value)
		sent, sentErr := http.ParseTime(header.Get("Date"))
		if untilErr != nil || sentErr != nil {
			return 0
		}
		seconds = until.Sub(sent).Seconds()
	}
	if !(seconds > 0) { // NaN included
		return 0
	}
	return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
}

// GetConfig reads the stored configuration at endpoint. Its error is [ErrNotFound]
// when Webex stores none. No source documents the response in that case: 404, 410,
// 204 and a body without a configuration all count [ours]. Any other error is an
// [*APIError].
func (c *Client) GetConfig(ctx context.Context, feature Feature, endpoint string, token secret.String) (FeatureConfig, error) {
	op := "GET configuration of " + string(feature)
	body, err := c.do(ctx, call{op: op, method: http.MethodGet, url: endpoint, token: token})
	if failure, ok := errors.AsType[*APIError](err); ok && failure.Status == http.StatusGone {
		err = fmt.Errorf("%s: status %d: %w", op, failure.Status, ErrNotFound)
	}
	if err != nil {
		return FeatureConfig{}, err
	}
	config, err := decodeConfig(feature, body)
	if errors.Is(err, ErrNotFound) {
		return FeatureConfig{}, fmt.Errorf("%s: %w", op, err)
	}
	if err != nil {
		return FeatureConfig{}, &APIError{Op: op, Status: http.StatusOK, Cause: err}
	}
	return config, nil
}

// PutConfig creates or replaces the configuration at endpoint. Webex pushes
// the content URL to every device of this provider each time [page]. Its error is an
// [*APIError], or says that config cannot be encoded.
func (c *Client) PutConfig(ctx context.Context, endpoint string, token secret.String, config FeatureConfig) error {
	body, err := config.encode()
	if err != nil {
		return err
	}
	_, err = c.do(ctx, call{op: "PUT configuration of " + string(config.Feature), method: http.MethodPut, url: endpoint, token: token, body: body})
	return err
}

// DeleteConfig removes the configuration at endpoint, and with it the feature
// from the devices that show it [page]. A missing configuration is no error; any
// other error is an [*APIError].
func (c *Client) DeleteConfig(ctx context.Context, feature Feature, endpoint string, token secret.String) error {
	_, err := c.do(ctx, call{op: "DELETE configuration of " + string(feature), method: http.MethodDelete, url: endpoint, token: token})
	if failure, ok := errors.AsType[*APIError](err); ok && (failure.Status == http.StatusNotFound || failure.Status == http.StatusGone) {
		return nil
	}
	return err
}

// ProvisioningState is the progress of the set-up, as the integration reports it [java].
type ProvisioningState string

// ProvisioningCompleted tells Control Hub that the integration is set up.
const ProvisioningCompleted ProvisioningState = "completed"

// AppUpdate changes Webex's record of an installation; empty fields stay unchanged.
type AppUpdate struct {
	ProvisioningState ProvisioningState `json:"provisioningState,omitempty"`
	// ActionsURL is where Webex posts management actions from now on.
	ActionsURL string `json:"actionsUrl,omitempty"`
	// Response, if not nil, receives the record that Webex returns, the zero value
	// if it returns none.
	Response *App `json:"-"`
}

// UpdateApp sends update to the installation's appUrl. Its errors are [*APIError].
func (c *Client) UpdateApp(ctx context.Context, appURL string, token secret.String, update AppUpdate) error {
	body, err := json.Marshal(update)
	if err != nil {
		return fmt.Errorf("encode an app update: %w", err)
	}
	response, err := c.do(ctx, call{op: "PATCH app", method: http.MethodPatch, url: appURL, token: token, body: body})
	if err != nil {
		return err
	}
	if update.Response != nil {
		*update.Response, _ = decodeApp(response) // the update succeeded, whatever the body is
	}
	return nil
}

// App is Webex's record of an installation, limited to the members used here. A
// member that is missing or of an unexpected type is the zero value.
type App struct {
	ID                string
	ManifestVersion   int
	Scopes            []string
	Features          []string
	ProvisioningState ProvisioningState
	ActionsURL        string
	// Stored holds the features for which Webex stores a configuration.
	Stored map[Feature]bool
	// HealthState is the managementState of healthCheckDetails: how Webex rates our
	// responses to its health checks, such as success or failed [java].
	HealthState string
}

// decodeApp reads each member separately. It fails only if body is not a JSON object.
func decodeApp(body []byte) (App, error) {
	app, err := readMembers(body)
	stored := map[Feature]bool{}
	for _, spec := range featureSpecs {
		stored[spec.name] = app.raw(spec.stored) != nil
	}
	return App{
		ID: member[string](app, "id"), ManifestVersion: int(member[wholeNumber](app, "manifestVersion")),
		Scopes: member[scopes](app, "scopes"), Features: member[scopes](app, "features"),
		ProvisioningState: member[ProvisioningState](app, "provisioningState"), ActionsURL: member[string](app, "actionsUrl"),
		Stored: stored, HealthState: healthState(app),
	}, err
}

// healthState returns the managementState, "" if it is missing or too long to be one.
func healthState(app members) string {
	const longest = 64
	result := app.object("healthCheckDetails").object("healthCheckResult")
	if state := member[string](result, "managementState"); len(state) <= longest {
		return state
	}
	return ""
}

// StoresNone reports whether the record shows that Webex stores no configuration
// for feature. It is false if there is no record.
func (a App) StoresNone(feature Feature) bool { return a.ProvisioningState != "" && !a.Stored[feature] }

// GetApp reads the installation at appURL. Its errors are [*APIError].
func (c *Client) GetApp(ctx context.Context, appURL string, token secret.String) (App, error) {
	body, err := c.do(ctx, call{op: "GET app", method: http.MethodGet, url: appURL, token: token})
	if err != nil {
		return App{}, err
	}
	app, err := decodeApp(body)
	if err != nil {
		return App{}, &APIError{Op: "GET app", Status: http.StatusOK, Cause: err}
	}
	return app, nil
}

// DeleteApp deactivates the installation at appURL [java]. Its errors are
// [*APIError].
func (c *Client) DeleteApp(ctx context.Context, appURL string, token secret.String) error {
	_, err := c.do(ctx, call{op: "DELETE app", method: http.MethodDelete, url: appURL, token: token})
	return err
}
