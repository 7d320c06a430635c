// Package secret owns the types that carry secrets through the program and never
// print them. It has no keys and does no I/O: package sealing encrypts, package
// document reads the secret document.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what every secret prints as.
const Redacted = "[redacted]"

// String is a secret in clear text: a client secret, a refresh or an access token, an
// API key, a keyset. It prints as [Redacted] by every format verb, in JSON and in
// slog; only Reveal returns its value. Compare with Equal: == compares identity.
type String struct {
	// A pointer, since fmt prints unexported fields without calling Format: it then
	// prints an address.
	value *string
}

// New wraps value. The result for an empty value is zero.
func New(value string) String {
	if value == "" {
		return String{}
	}
	return String{&value}
}

// Reveal returns the value. Call it only to use the secret or to send it to the party
// that it is for.
func (s String) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no secret.
func (s String) IsZero() bool { return s.value == nil }

// Equal compares in a time that does not depend on the content of the values.
func (s String) Equal(other String) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(other.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// In reports whether the secret is one of keys. It compares with all of them, so that its
// duration does not depend on which one matches. A zero secret is never in.
func (s String) In(keys []String) bool {
	found := false
	for _, key := range keys {
		found = key.Equal(s) || found
	}
	return found && !s.IsZero()
}

// String returns [Redacted].
func (String) String() string { return Redacted }

// Format writes [Redacted], whatever the verb.
func (String) Format(state fmt.State, _ rune) { io.WriteString(state, Redacted) }

// LogValue returns [Redacted].
func (String) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText returns [Redacted], so that a struct with a secret is safe to encode as
// JSON.
func (String) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// UnmarshalText reads the secret from text, such as a JSON string.
func (s *String) UnmarshalText(text []byte) error {
	*s = New(string(text))
	return nil
}

// Sealed is a secret encrypted for one row of the table. Its bytes are safe to store,
// but print as [Redacted], since they are not meant for people.
type Sealed []byte

// String returns [Redacted].
func (Sealed) String() string { return Redacted }

// Format writes [Redacted], whatever the verb.
func (Sealed) Format(state fmt.State, _ rune) { io.WriteString(state, Redacted) }

// LogValue returns [Redacted].
func (Sealed) LogValue() slog.Value { return slog.StringValue(Redacted) }
