// Package secret owns the types that carry secrets through the program
// without ever printing them. It holds no keys and does no I/O: sealing is in
// package sealing, reading the settings' secret document in package document.
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

// String is a secret in clear: a client secret, a refresh or an access token,
// an API key. It prints as [Redacted] by every format verb, in JSON and in
// slog; Reveal is the one way to its value. Compare with Equal: == compares
// identity.
type String struct {
	// A pointer, since fmt prints the unexported fields of a struct around it
	// without asking: what shows then is an address.
	value *string
}

// New wraps value. An empty value is no secret: IsZero reports it.
func New(value string) String {
	if value == "" {
		return String{}
	}
	return String{&value}
}

// Reveal returns the value. Call it only where the secret leaves the program
// for the party that it is meant for.
func (s String) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no secret.
func (s String) IsZero() bool { return s.value == nil }

// Equal compares in a time that depends on neither value, lengths included.
func (s String) Equal(other String) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(other.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// String returns [Redacted].
func (String) String() string { return Redacted }

// Format writes [Redacted], whatever the verb.
func (String) Format(state fmt.State, _ rune) { io.WriteString(state, Redacted) }

// LogValue returns [Redacted].
func (String) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText returns [Redacted], so that a struct with a secret in it can be
// logged or answered as JSON without harm.
func (String) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// UnmarshalText takes the secret from a setting or a JSON string.
func (s *String) UnmarshalText(text []byte) error {
	*s = New(string(text))
	return nil
}

// Sealed is a secret encrypted for one row of the table. Its bytes are safe
// to store, and still print as [Redacted]: they are nobody's reading.
type Sealed []byte

// String returns [Redacted].
func (Sealed) String() string { return Redacted }

// Format writes [Redacted], whatever the verb.
func (Sealed) Format(state fmt.State, _ rune) { io.WriteString(state, Redacted) }

// LogValue returns [Redacted].
func (Sealed) LogValue() slog.Value { return slog.StringValue(Redacted) }
