package customer

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

// Object is JSON that a test writes or reads.
type Object = map[string]any

// Merged is base with changes; nil removes a member.
func Merged(base, changes Object) Object {
	result := maps.Clone(base)
	maps.Copy(result, changes)
	maps.DeleteFunc(result, func(_ string, value any) bool { return value == nil })
	return result
}

// Encode writes JSON without the escapes for web pages.
func Encode(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // a test's own values encode
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// ClaimsOf reads the claims of a token, unverified.
func ClaimsOf(t *testing.T, token string) Object {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := Object{}
	decoder := json.NewDecoder(strings.NewReader(string(payload)))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
