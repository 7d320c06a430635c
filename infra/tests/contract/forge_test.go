package contract_test

import (
	"encoding/base64"
	"strings"
	"time"

	"signpost/infra/tests/customer"
)

// stamp is a time as in `expiryTime`.
func stamp(secondsFromNow int) string {
	return time.Now().Add(time.Duration(secondsFromNow) * time.Second).UTC().Format(time.RFC3339Nano)
}

// forged is a token with a wrong signature of the right length.
func forged(token string) string {
	start := upToSignature(token)
	return start + strings.Repeat("A", len(token)-len(start))
}

// upToSignature is a token with an empty signature.
func upToSignature(token string) string { return token[:strings.LastIndexByte(token, '.')+1] }

func segment(value any) string {
	return base64.RawURLEncoding.EncodeToString([]byte(customer.Encode(value)))
}

// unsigned is a token with the algorithm `none`.
func unsigned(token string) string {
	return segment(object{"alg": "none", "typ": "JWT"}) + "." + strings.Split(token, ".")[1] + "."
}

// withHeader is a well-signed health check with changes to its header.
func withHeader(c *client, changes object) string {
	c.Helper()
	return c.Cloud.Sign(c.Org.Region(), changes, customer.ClaimsOf(c.T, c.Token("healthCheck", nil)))
}

// post posts a body of any content type.
func post(c *client, path, contentType, body string) answer {
	c.Helper()
	return c.Send(request{Method: "POST", Path: path, ContentType: contentType, Body: body})
}
