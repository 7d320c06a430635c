package webex

import (
	"errors"
	"slices"
	"strings"
)

// Limits of devices, in characters [roomos].
const (
	// MaxDeviceURL bounds the address that a device shows, all values filled in.
	MaxDeviceURL = 2048
	// MaxAllowList bounds the web app's list of allowed hosts.
	MaxAllowList = 1024
)

// ErrUnknownValue: a `$(…)` in an address that devices show is not closed, or
// is not a value that Webex fills in for the feature.
var ErrUnknownValue = errors.New("unknown replacement value")

// valueLengths bound the values that Webex fills in, URL-encoded [page]. No
// source gives their lengths: ids are about 100 characters of base64; names are
// chosen by administrators, and an encoded letter takes up to nine characters [ours].
var valueLengths = map[string]int{
	"deviceId": 128, "deviceName": 256, "deviceModel": 128, "ownerId": 128, "ownerName": 256,
	"peripheralSerial": 64, "organizationId": 128,
}

// maxAppIDParameter bounds the parameter `_cisco_app_id` that Webex adds to an
// address [page], with a UUID or another id [ours].
const maxAppIDParameter = len("&_cisco_app_id=") + 128

// ReplacementValues lists the names that the feature allows in the `$(…)` of the
// address that devices show [page].
func (f Feature) ReplacementValues() []string { return slices.Clone(f.spec().values) }

// Fill replaces each `$(name)` in an address that devices show by value(name). It
// returns [ErrUnknownValue] if the feature has no such value.
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

// LongestDeviceURL returns the greatest length, in characters, of an address that
// devices show after Webex filled in the values and added its own parameter. It is
// to be compared with [MaxDeviceURL]. The error is that of [Feature.Fill].
func (f Feature) LongestDeviceURL(raw string) (int, error) {
	values := 0
	rest, err := f.Fill(raw, func(name string) string {
		values += valueLengths[name]
		return ""
	})
	return len(rest) + values + maxAppIDParameter, err
}

// shortest replaces each value in an address that devices show by a letter, so
// that the rest can be parsed as a URL. It returns "" if a value is unknown.
func (f Feature) shortest(raw string) string {
	filled, err := f.Fill(raw, func(string) string { return "x" })
	if err != nil {
		return ""
	}
	return filled
}
