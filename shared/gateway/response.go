package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/aws/aws-lambda-go/events"
)

// Response is one HTTP response.
type Response struct {
	Status int
	// Headers, by their canonical names, are added to the security headers, or
	// replace them.
	Headers map[string]string
	Body    string
}

// securityHeaders are in every response. None may be cached: responses contain
// launches and activation codes.
var securityHeaders = map[string]string{
	"Cache-Control":             "no-store",
	"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
	"Referrer-Policy":           "no-referrer",
	"Strict-Transport-Security": "max-age=31536000",
	"X-Content-Type-Options":    "nosniff",
}

// JSON returns a response with value as its body, without escaping `&` in URLs.
func JSON(status int, value any) (Response, error) {
	body, err := encodeJSON(value)
	if err != nil {
		return Response{}, fmt.Errorf("encode a response: %w", err)
	}
	return Response{Status: status, Headers: map[string]string{"Content-Type": "application/json"}, Body: body}, nil
}

func encodeJSON(value any) (string, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(body.Bytes(), []byte("\n"))), nil
}

// event returns the response as API Gateway expects it, with the security headers.
func (r Response) event() events.APIGatewayV2HTTPResponse {
	headers := maps.Clone(securityHeaders)
	maps.Copy(headers, r.Headers)
	return events.APIGatewayV2HTTPResponse{StatusCode: r.Status, Headers: headers, Body: r.Body}
}
