package webex

import (
	"errors"
	"slices"
	"strings"
)

// What a device takes [roomos].
const (
	// MaxDeviceURL is how many characters an address that devices show may
	// have, with every value in it replaced.
	MaxDeviceURL = 2048
	// MaxAllowList is how many characters the web app's list of allowed hosts
	// may have.
	MaxAllowList = 1024
)

// ErrUnknownValue: a `$(…)` in an address that devices show is not closed, or
// is not a value that Webex fills in for the feature.
var ErrUnknownValue = errors.New("unknown replacement value")

// valueLengths bound the values that Webex fills in, URL-encoded [page]. No
// source gives their lengths: ids are about 100 characters of base64, names are
// what administrators gave, where an encoded letter takes up to nine [ours].
var valueLengths = map[string]int{
	"deviceId": 128, "deviceName": 256, "deviceModel": 128, "ownerId": 128, "ownerName": 256,
	"peripheralSerial": 64, "organizationId": 128,
}

// maxAppIDParameter is how much Webex adds to an address for itself [page]: a
// parameter `_cisco_app_id` with a UUID or another id [ours].
const maxAppIDParameter = len("&_cisco_app_id=") + 128

// ReplacementValues lists the names that may stand in `$(…)` in the URL that
// devices show for this feature [page].
func (f Feature) ReplacementValues() []string { return slices.Clone(f.spec().values) }

// Fill replaces each `$(name)` in an address that devices show by what value
// returns for it. It returns [ErrUnknownValue] where the feature has no such
// value.
func (f Feature) Fill(raw string, value func(name string) string) (string, error) {
	var filled strings.Builder
	known := f.spec().values
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

// LongestDeviceURL returns how many characters an address that devices show
// has at most once Webex has filled in its values and added its own parameter:
// to be compared with [MaxDeviceURL]. It returns [ErrUnknownValue] as
// [Feature.Fill] does.
func (f Feature) LongestDeviceURL(raw string) (int, error) {
	values := 0
	rest, err := f.Fill(raw, func(name string) string {
		values += valueLengths[name]
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
