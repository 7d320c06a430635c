package webex

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// members are those of a JSON object from Webex, whatever its content type. They
// are decoded one by one, so that an unexpected one does not lose the others.
type members map[string]json.RawMessage

// readMembers reads one complete JSON object and fails for anything else: members
// cut off from a partial body would look as if Webex had omitted them.
func readMembers(body []byte) (members, error) {
	var read members
	if err := json.Unmarshal(trimBOM(body), &read); err != nil {
		return nil, errors.New("not a JSON object")
	}
	if read == nil {
		return nil, errors.New("null for a JSON object")
	}
	return read, nil
}

// trimBOM drops a byte order mark.
func trimBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\ufeff")) }

// raw returns the member with exactly this name, or else one whose name differs
// in case only; nil if it is missing or null.
func (m members) raw(name string) json.RawMessage {
	value, ok := m[name]
	for other := range m {
		if !ok && strings.EqualFold(other, name) {
			value = m[other]
		}
	}
	if string(value) == "null" {
		return nil
	}
	return value
}

// member decodes the member with this name, the zero value if it is missing or of
// another type.
func member[T any](m members, name string) T {
	var value T
	if json.Unmarshal(m.raw(name), &value) != nil {
		return *new(T)
	}
	return value
}

// object returns the members of a member, none if it is not an object.
func (m members) object(name string) members {
	inner, _ := readMembers(m.raw(name))
	return inner
}

// word is a string on one line, of up to maxID bytes. Anything else is "": it is for claims
// whose loss does no harm.
type word string

// UnmarshalJSON implements [json.Unmarshaler].
func (w *word) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil || len(text) > maxID || !printable(text) {
		text = ""
	}
	*w = word(text)
	return nil
}

// wholeNumber is a whole number in any JSON notation, quoted or not: 2, 2.0, 2e0,
// "2". Null and "" are 0.
type wholeNumber int64

// UnmarshalJSON implements [json.Unmarshaler].
func (n *wholeNumber) UnmarshalJSON(raw []byte) error {
	text := strings.TrimSpace(strings.Trim(string(raw), `"`))
	if text == "null" || text == "" {
		*n = 0
		return nil
	}
	const exact = 1 << 53 // up to here a float64 holds every whole number
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value != math.Trunc(value) || math.Abs(value) > exact {
		return errors.New("not a whole number")
	}
	*n = wholeNumber(value)
	return nil
}

// lifetime is a number of seconds in any JSON notation, quoted or not. Anything
// but a positive number is 0.
type lifetime time.Duration

// UnmarshalJSON implements [json.Unmarshaler].
func (l *lifetime) UnmarshalJSON(raw []byte) error {
	const century = 100 * 365 * 24 * 3600
	seconds, err := strconv.ParseFloat(strings.TrimSpace(strings.Trim(string(raw), `"`)), 64)
	if err != nil || !(seconds >= 1) {
		seconds = 0
	}
	*l = lifetime(time.Duration(min(seconds, century)) * time.Second)
	return nil
}
