package contract_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"hash"
	"strings"
	"time"

	"signpost/infra/tests/customer"
)

// stamp is a time as `expiryTime` says it, from now.
func stamp(secondsFromNow int) string {
	return time.Now().Add(time.Duration(secondsFromNow) * time.Second).UTC().Format(time.RFC3339Nano)
}

// forged breaks a token's signature and leaves its form.
func forged(token string) string {
	start := upToSignature(token)
	return start + strings.Repeat("A", len(token)-len(start))
}

// upToSignature is a token whose signature is empty.
func upToSignature(token string) string { return token[:strings.LastIndexByte(token, '.')+1] }

func segment(value any) string {
	return base64.RawURLEncoding.EncodeToString([]byte(customer.Encode(value)))
}

// unsigned is a token with the algorithm `none`.
func unsigned(token string) string {
	return segment(object{"alg": "none", "typ": "JWT"}) + "." + strings.Split(token, ".")[1] + "."
}

// hmacToken is a health check whose secret is what everybody can read: the public key
// of the region.
func hmacToken(c *client, algorithm string) string {
	c.Helper()
	public, kid := c.Cloud.PublicKey(c.Org.Region())
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		c.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hashes := map[string]func() hash.Hash{"HS256": sha256.New, "HS512": sha512.New}
	signed := segment(object{"alg": algorithm, "typ": "JWT", "kid": kid}) + "." +
		segment(customer.ClaimsOf(c.T, c.Token("healthCheck", nil)))
	mac := hmac.New(hashes[algorithm], secret)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
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
