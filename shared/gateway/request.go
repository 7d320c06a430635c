// Package gateway owns requests and responses of the functions behind API Gateway:
// HTTP API events (payload 2.0), the three forms in which a token arrives, problems,
// security headers and the request log. It is the only place that maps errors to
// responses, and has no business rules.
package gateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Request is one HTTP request. Copies share their notes for the log.
type Request struct {
	event events.APIGatewayV2HTTPRequest
	notes *[]slog.Attr
}

// NewRequest wraps an event.
func NewRequest(event events.APIGatewayV2HTTPRequest) Request {
	return Request{event: event, notes: new([]slog.Attr)}
}

// Note adds attributes to the log line of this request. Tokens and launch codes are
// secrets that do not redact themselves: never note them.
func (r Request) Note(attrs ...slog.Attr) { *r.notes = append(*r.notes, attrs...) }

// Method returns the HTTP method.
func (r Request) Method() string { return r.event.RequestContext.HTTP.Method }

// RouteKey returns the route that matched, such as "POST /launches/{code}".
func (r Request) RouteKey() string { return r.event.RouteKey }

// DomainName returns the domain name of the API that was called. API Gateway sets
// it, so that callers cannot choose it.
func (r Request) DomainName() string { return r.event.RequestContext.DomainName }

// PathValue returns the value of a variable of the route, "" if it has none of this
// name.
func (r Request) PathValue(name string) string { return r.event.PathParameters[name] }

// QueryValue returns the value of a parameter of the query, "" if it has none of this
// name.
func (r Request) QueryValue(name string) string { return r.event.QueryStringParameters[name] }

// Header returns the value of a header, "" if there is none. The case of its name
// does not matter: API Gateway sends names in lower case, other senders do not.
func (r Request) Header(name string) string {
	if value, ok := r.event.Headers[strings.ToLower(name)]; ok {
		return value
	}
	for key, value := range r.event.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// Bearer returns the credential of an `Authorization: Bearer` header, "" if
// there is none.
func (r Request) Bearer() string {
	scheme, credential, _ := strings.Cut(r.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(credential)
}

// JSON reads a body of one JSON object into a struct. It refuses members that the struct
// does not have; no body is an empty object. The error wraps [ErrMalformedRequest].
func (r Request) JSON(into any) error {
	body, err := r.body()
	if err != nil {
		return err
	}
	if body = trimmed(body); body == "" {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return Malformed(fmt.Sprintf("In the JSON, %q is of the wrong type.", wrong.Field))
	}
	if err == nil {
		_, err = decoder.Token() // io.EOF after the object
	}
	if err != io.EOF {
		return Malformed("The body is not one JSON object with the members of this request.")
	}
	return nil
}

// body returns the body, decoded if it came in base64. The error wraps
// [ErrMalformedRequest].
func (r Request) body() (string, error) {
	if !r.event.IsBase64Encoded {
		return r.event.Body, nil
	}
	body, err := base64.StdEncoding.DecodeString(r.event.Body)
	if err != nil {
		return "", Malformed("The body is marked as base64, but is not base64.")
	}
	return string(body), nil
}

// WantsHTML reports whether the Accept header lists text/html, and does not prefer
// application/json.
func (r Request) WantsHTML() bool {
	html, json := 0.0, 0.0
	for entry := range strings.SplitSeq(r.Header("Accept"), ",") {
		name, parameters, _ := strings.Cut(entry, ";")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "text/html":
			html = max(html, quality(parameters))
		case "application/json", "application/problem+json":
			json = max(json, quality(parameters))
		}
	}
	return html > 0 && html >= json
}

// quality returns the weight of an Accept entry, 1 if it has none and 0 if it is
// malformed.
func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(weight >= 0 && weight <= 1) {
			return 0
		}
		return weight
	}
	return 1
}
