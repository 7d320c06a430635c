package httpapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// response is the HTTP response for a function's answer.
type response struct {
	status  int
	headers map[string]string
	cookies []string
	body    []byte
}

// parseResponse decodes an answer of payload format 2.0. As in API Gateway, an
// answer without a status code is the body of a response 200.
func parseResponse(answer []byte) (response, error) {
	if !json.Valid(answer) {
		return response{}, errors.New("httpapi: the answer is not JSON")
	}
	var fields map[string]json.RawMessage
	err := json.Unmarshal(answer, &fields)
	if _, hasStatus := fields["statusCode"]; err != nil || !hasStatus {
		return response{
			status:  http.StatusOK,
			headers: map[string]string{"Content-Type": "application/json"},
			body:    answer,
		}, nil
	}
	return parseProxyResponse(answer)
}

func parseProxyResponse(answer []byte) (response, error) {
	var given struct {
		StatusCode      any
		Headers         map[string]any
		Cookies         []string
		Body            *string
		IsBase64Encoded bool
	}
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber()
	if err := decoder.Decode(&given); err != nil {
		return response{}, fmt.Errorf("httpapi: %w", err)
	}
	status, err := strconv.Atoi(fmt.Sprint(given.StatusCode))
	if err != nil || status < 100 || status > 599 {
		return response{}, fmt.Errorf("httpapi: %v is not a status code", given.StatusCode)
	}
	result := response{status: status, headers: map[string]string{}, cookies: given.Cookies}
	for name, value := range given.Headers {
		if !strings.EqualFold(name, "Content-Length") { // net/http sets the actual length
			result.headers[name] = fmt.Sprint(value)
		}
	}
	if given.Body == nil {
		return result, nil
	}
	result.body = []byte(*given.Body)
	if given.IsBase64Encoded {
		if result.body, err = base64.StdEncoding.DecodeString(*given.Body); err != nil {
			return response{}, fmt.Errorf("httpapi: the body is not base64: %w", err)
		}
	}
	return result, nil
}
