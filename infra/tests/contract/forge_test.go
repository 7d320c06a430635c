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
	"testing"
	"time"
)

// otherApp is another integration's id.
const otherApp = "00000000-1111-4222-8333-444444444444"

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

func segment(t *testing.T, value any) string {
	t.Helper()
	return base64.RawURLEncoding.EncodeToString([]byte(encode(t, value)))
}

// unsigned is a token with the algorithm `none`.
func unsigned(t *testing.T, token string) string {
	t.Helper()
	return segment(t, object{"alg": "none", "typ": "JWT"}) + "." + strings.Split(token, ".")[1] + "."
}

// hmac is a health check whose secret is what everybody can read: the public key
// of the region.
func (c *customer) hmac(algorithm string) string {
	c.Helper()
	public, kid := c.cloud.PublicKey(c.org.Region())
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		c.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hashes := map[string]func() hash.Hash{"HS256": sha256.New, "HS512": sha512.New}
	signed := segment(c.T, object{"alg": algorithm, "typ": "JWT", "kid": kid}) + "." +
		segment(c.T, claimsOf(c.T, c.token("healthCheck", nil)))
	mac := hmac.New(hashes[algorithm], secret)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// withHeader is a well-signed health check with changes to its header.
func (c *customer) withHeader(changes object) string {
	c.Helper()
	return c.cloud.Sign(c.org.Region(), changes, claimsOf(c.T, c.token("healthCheck", nil)))
}
