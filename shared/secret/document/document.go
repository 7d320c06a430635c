// Package document owns the form of the secret document, and how long a copy of it
// is used. The caller supplies a [Fetch] that reads it. No log line or error of this
// package contains a value of the document.
package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"signpost/shared/secret"
)

// ErrDocument: the document's content cannot be used.
var ErrDocument = errors.New("secret document is not usable")

// Part is one of the secrets in a document, by its field name.
type Part string

// The parts of a document.
const (
	ClientSecret  Part = "clientSecret"
	ContentAPIKey Part = "contentApiKey"
	TokenKeyset   Part = "tokenKeyset"
	VendorAPIKeys Part = "vendorApiKeys"
)

// maxLabels bounds the labels of the vendor API's keys, and maxLabel each in bytes.
const maxLabels, maxLabel = 50, 64

// maxAPIKeys allows a new key, the one that it replaces, and some more for a rotation
// that went wrong.
const maxAPIKeys = 5

// Document holds the parts that its reader asked for, and no others.
type Document struct {
	ClientSecret secret.String
	// ContentAPIKeys are all valid. The first is the newest.
	ContentAPIKeys []secret.String
	// TokenKeyset is a Tink keyset in its cleartext JSON form, for package sealing.
	TokenKeyset secret.String
	// VendorAPIKeys are those of the vendor API, by their labels: each system of the
	// vendor's has its own. All are valid, and the first of a label is its newest.
	VendorAPIKeys map[string][]secret.String
}

// Parse reads the needed parts of a document, each of which is required except
// VendorAPIKeys, and ignores everything else. Its error wraps [ErrDocument] and lists all problems, one per line,
// by field name.
func Parse(raw []byte, needs ...Part) (Document, error) {
	var fields map[string]json.RawMessage
	// The decoder's own error may quote its input.
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
		if part == VendorAPIKeys {
			return nil
		}
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
	case VendorAPIKeys:
		keys, err := readLabelledKeys(field)
		d.VendorAPIKeys = keys
		return err
	case TokenKeyset:
		if field[0] != '{' {
			return errors.New("must be an object: a Tink keyset in JSON, not a string with one")
		}
		d.TokenKeyset = secret.New(string(field))
		return nil
	default:
		return errors.New("is not a field of the document")
	}
}

// readAPIKeys accepts one key or several.
func readAPIKeys(field json.RawMessage) ([]secret.String, error) {
	fields := []json.RawMessage{field}
	if field[0] == '[' {
		if err := json.Unmarshal(field, &fields); err != nil {
			return nil, errors.New("must be a string or an array of strings")
		}
	}
	if len(fields) == 0 || len(fields) > maxAPIKeys {
		return nil, fmt.Errorf("must have 1 to %d keys", maxAPIKeys)
	}
	keys := make([]secret.String, 0, len(fields))
	for _, field := range fields {
		key, err := readSecret(field)
		if err != nil {
			return nil, err
		}
		if strings.Contains(key.Reveal(), " ") {
			return nil, errors.New("must have keys without spaces: they are sent in a header")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// readLabelledKeys accepts one key or several for each label. No labels are allowed: then
// nobody has access.
func readLabelledKeys(field json.RawMessage) (map[string][]secret.String, error) {
	var labels map[string]json.RawMessage
	if err := json.Unmarshal(field, &labels); err != nil || labels == nil {
		return nil, errors.New("must be an object that maps labels to keys")
	}
	if len(labels) > maxLabels {
		return nil, fmt.Errorf("must have at most %d labels", maxLabels)
	}
	all := make(map[string][]secret.String, len(labels))
	for label, field := range labels {
		if !IsLabel(label) {
			return nil, fmt.Errorf("must have labels of 1 to %d letters, digits and . _ -", maxLabel)
		}
		keys, err := readAPIKeys(field)
		if err != nil {
			return nil, fmt.Errorf("label %s %w", label, err)
		}
		all[label] = keys
	}
	return all, nil
}

// IsLabel reports whether a text can be the label of a key: it is logged, and part of keys
// of the store.
func IsLabel(text string) bool {
	return text != "" && len(text) <= maxLabel && !strings.ContainsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	})
}

func readSecret(field json.RawMessage) (secret.String, error) {
	var value secret.String
	if field[0] != '"' || json.Unmarshal(field, &value) != nil {
		return secret.String{}, errors.New("must be a string")
	}
	return value, CheckSecret(value)
}

// CheckSecret returns an error unless a secret is printable ASCII, which is what OAuth
// allows in a client secret (RFC 6749, appendix A) and what a header can carry. The error
// does not quote it.
func CheckSecret(value secret.String) error {
	switch text := value.Reveal(); {
	case strings.TrimSpace(text) == "":
		return errors.New("is empty")
	case strings.TrimSpace(text) != text:
		return errors.New("has white space before or after it: remove it")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("has a character outside printable ASCII, perhaps an invisible one: copy it again")
	}
	return nil
}
