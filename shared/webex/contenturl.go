package webex

import (
	"errors"
	"slices"
	"strings"
)

// What a device takes [roomos].
const (
	// MaxContentURL is how many characters an address that devices show may
	// have, with every value in it replaced.
	MaxContentURL = 2048
	// MaxAllowList is how many characters the web app's list of allowed hosts
	// may have.
	MaxAllowList = 1024
)

// ErrUnknownValue: a `$(…)` in an address that devices show is not closed, or
// is not a value that Webex fills in for the feature.
var ErrUnknownValue = errors.New("unknown replacement value")

// replacementValue is one that Webex fills in, URL-encoded [page]. No source
// gives its length, so max is a bound of ours: ids are about 100 characters of
// base64, names are what administrators gave, where an encoded letter takes up
// to nine [ours].
type replacementValue struct {
	name string
	max  int
	// only is the one feature that has it, "" if both have.
	only Feature
}

var replacementValues = []replacementValue{
	{name: "deviceId", max: 128},
	{name: "deviceName", max: 256},
	{name: "deviceModel", max: 128},
	{name: "ownerId", max: 128},
	{name: "ownerName", max: 256},
	{name: "peripheralSerial", max: 64, only: PersistentWebApp},
	{name: "organizationId", max: 128},
}

// maxAppIDParameter is how much Webex adds to an address for itself [page]: a
// parameter `_cisco_app_id` with a UUID or another id [ours].
const maxAppIDParameter = len("&_cisco_app_id=") + 128

// ReplacementValues lists the names that may stand in `$(…)` in the URL that
// devices show for this feature [page].
func (f Feature) ReplacementValues() []string {
	var names []string
	for _, value := range replacementValues {
		if value.only == "" || value.only == f {
			names = append(names, value.name)
		}
	}
	return names
}

// Fill replaces each `$(name)` in an address that devices show by what value
// returns for it. It returns [ErrUnknownValue] where the feature has no such
// value.
func (f Feature) Fill(raw string, value func(name string) string) (string, error) {
	var filled strings.Builder
	known := f.ReplacementValues()
	for {
		before, after, found := strings.Cut(raw, "$(")
		filled.WriteString(before)
		if !found {
			return filled.String(), nil
		}
		name, rest, closed := strings.Cut(after, ")")
		if !closed || !slices.Contains(known, name) {
			return "", ErrUnknownValue
		}
		filled.WriteString(value(name))
		raw = rest
	}
}

// LongestContentURL returns how many characters an address that devices show
// has at most once Webex has filled in its values and added its own parameter:
// to be compared with [MaxContentURL]. It returns [ErrUnknownValue] as
// [Feature.Fill] does.
func (f Feature) LongestContentURL(raw string) (int, error) {
	values := 0
	rest, err := f.Fill(raw, func(name string) string {
		at := slices.IndexFunc(replacementValues, func(v replacementValue) bool { return v.name == name })
		values += replacementValues[at].max
		return ""
	})
	return len(rest) + values + maxAppIDParameter, err
}

// shortest returns an address that devices show with each value replaced by a
// letter, so that the rest can be read as a URL; "" if a value is unknown.
func (f Feature) shortest(raw string) string {
	filled, err := f.Fill(raw, func(string) string { return "x" })
	if err != nil {
		return ""
	}
	return filled
}
