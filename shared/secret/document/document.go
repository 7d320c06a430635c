// Package document owns the form of the secret document, and how long a copy
// of it is believed. Where the document comes from is the caller's: it gives
// a [Fetch]. Nothing in here ever prints or returns in an error any value of
// the document.
package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"signpost/shared/secret"
)

// ErrDocument is wrapped by every error about the document's content.
var ErrDocument = errors.New("secret document is not usable")

// Part is one of the secrets that a document may hold.
type Part string

// The parts, by their field names in the document.
const (
	ClientSecret  Part = "clientSecret"
	ContentAPIKey Part = "contentApiKey"
	TokenKeyset   Part = "tokenKeyset"
)

// maxAPIKeys is how many content API keys may be good at once: a new one, the
// one that it replaces, and some slack for a rotation that went wrong.
const maxAPIKeys = 5

// Document holds the parts that its reader asked for, and no others.
type Document struct {
	ClientSecret secret.String
	// ContentAPIKeys are all good, the first being the newest.
	ContentAPIKeys []secret.String
	TokenKeyset    Keyset
}

// Keyset is a Tink keyset in its cleartext JSON form. Like [secret.String] it
// prints as [secret.Redacted] wherever it is printed.
type Keyset struct{ json []byte }

// Reveal returns the JSON. Hand it to package sealing, and to nothing else.
func (k Keyset) Reveal() []byte { return k.json }

// IsZero reports whether there is no keyset.
func (k Keyset) IsZero() bool { return len(k.json) == 0 }

// Equal compares with another keyset in a time that depends on neither.
func (k Keyset) Equal(other Keyset) bool {
	return secret.New(string(k.json)).Equal(secret.New(string(other.json)))
}

// Format writes [secret.Redacted], whatever the verb.
func (Keyset) Format(out fmt.State, _ rune) { io.WriteString(out, secret.Redacted) }

// LogValue returns [secret.Redacted].
func (Keyset) LogValue() slog.Value { return slog.StringValue(secret.Redacted) }

// MarshalText returns [secret.Redacted].
func (Keyset) MarshalText() ([]byte, error) { return []byte(secret.Redacted), nil }

// Parse reads the parts that are needed from a document, each of which must be
// there, and leaves everything else alone. All problems are reported together,
// by field name; the error wraps [ErrDocument].
func Parse(raw []byte, needs ...Part) (Document, error) {
	var fields map[string]json.RawMessage
	// The decoder's own error may quote its input: say nothing of it.
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return Document{}, fmt.Errorf("%w: it must be a JSON object", ErrDocument)
	}
	var parsed Document
	var problems []error
	for _, need := range needs {
		if err := parsed.read(need, fields[string(need)]); err != nil {
			problems = append(problems, fmt.Errorf("%w: field %s %w", ErrDocument, need, err))
		}
	}
	if len(problems) > 0 {
		return Document{}, errors.Join(problems...)
	}
	return parsed, nil
}

func (d *Document) read(part Part, field json.RawMessage) error {
	if len(field) == 0 || string(field) == "null" {
		return errors.New("is missing")
	}
	switch part {
	case ClientSecret:
		value, err := readSecret(field)
		d.ClientSecret = value
		return err
	case ContentAPIKey:
		keys, err := readAPIKeys(field)
		d.ContentAPIKeys = keys
		return err
	case TokenKeyset:
		if field[0] != '{' {
			return errors.New("must be an object: a Tink keyset in JSON, not a string that holds one")
		}
		d.TokenKeyset = Keyset{json: field}
		return nil
	default:
		return errors.New("is none of the document's fields")
	}
}

// readAPIKeys takes one key or several. They travel in a header, so that one
// with a space in it could never be presented.
func readAPIKeys(field json.RawMessage) ([]secret.String, error) {
	fields := []json.RawMessage{field}
	if field[0] == '[' {
		if err := json.Unmarshal(field, &fields); err != nil {
			return nil, errors.New("must be a string or an array of strings")
		}
	}
	if len(fields) == 0 || len(fields) > maxAPIKeys {
		return nil, fmt.Errorf("must hold 1 to %d keys", maxAPIKeys)
	}
	keys := make([]secret.String, 0, len(fields))
	for _, field := range fields {
		key, err := readSecret(field)
		if err != nil {
			return nil, err
		}
		if strings.Contains(key.Reveal(), " ") {
			return nil, errors.New("must hold keys without spaces: they are sent in a header")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// readSecret takes printable ASCII, which is what OAuth allows in a client
// secret (RFC 6749, appendix A) and what a header can carry.
func readSecret(field json.RawMessage) (secret.String, error) {
	var value secret.String
	if field[0] != '"' || json.Unmarshal(field, &value) != nil {
		return secret.String{}, errors.New("must be a string")
	}
	switch text := value.Reveal(); {
	case strings.TrimSpace(text) == "":
		return secret.String{}, errors.New("is empty")
	case strings.TrimSpace(text) != text:
		return secret.String{}, errors.New("has white space before or after it: it came by copying, take it out")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return secret.String{}, errors.New("holds a character that is no printable ASCII, perhaps an invisible one: copy it again")
	}
	return value, nil
}
