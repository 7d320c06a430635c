// Our own values in the addresses that devices open.

package installation

import (
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"signpost/shared/secret"
)

// ErrUnknownValue: a `{…}` in a device URL is not closed, or is not one of our values.
var ErrUnknownValue = errors.New("unknown value in braces")

// deviceKeyLength is the length of an [Installation.DeviceKey], in characters.
const deviceKeyLength = 26

// NewDeviceKey makes an [Installation.DeviceKey]: 128 random bits or more.
func NewDeviceKey() secret.String { return secret.New(rand.Text()) }

// deviceValue is a value that we fill in before an address is pushed. Everything in
// `$(…)` is filled in by Webex.
type deviceValue struct {
	name string
	// longest is the greatest length, in characters, percent-encoded.
	longest int
	of      func(Installation) string
}

var deviceValues = []deviceValue{
	{"region", 64, func(i Installation) string { return i.Region }},
	{"organizationKey", 64, func(i Installation) string { return i.OrgKey }},
	{"installationKey", deviceKeyLength, func(i Installation) string { return i.DeviceKey.Reveal() }},
}

// DeviceValues lists the names that are allowed in the `{…}` of a device URL.
func DeviceValues() []string {
	var names []string
	for _, value := range deviceValues {
		names = append(names, value.name)
	}
	return names
}

// reloadParameter is added to the query of a device URL once its devices were made to load
// anew: they do so only if the address changes.
const reloadParameter = "_signpost_reload="

const (
	// maxReloads is the greatest value of that parameter; after it the count begins again.
	maxReloads = 99_999
	// ReloadLength is how many characters the parameter adds to an address at most. The
	// limit of a device URL leaves no room for it.
	ReloadLength = len("&" + reloadParameter + "99999")
)

// NextReload returns the installation after its devices are made to load anew once more.
func (i Installation) NextReload() Installation {
	i.Reloads = i.Reloads%maxReloads + 1
	return i
}

// DeviceURL returns a device URL with our values of this installation, percent-encoded.
// One that [LongestDeviceURL] refuses is returned as far as it could be filled in.
func (i Installation) DeviceURL(raw string) string {
	filled, _ := fillDeviceURL(raw, func(value deviceValue) string { return url.PathEscape(value.of(i)) })
	if i.Reloads == 0 {
		return filled
	}
	return withReload(filled, i.Reloads)
}

// withReload adds the parameter to the query, and leaves everything else as it is.
func withReload(address string, n int) string {
	address, fragment, hasFragment := strings.Cut(address, "#")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	address += separator + reloadParameter + strconv.Itoa(n)
	if hasFragment {
		address += "#" + fragment
	}
	return address
}

// LongestDeviceURL returns a device URL with values of the greatest length. It returns
// [ErrUnknownValue].
func LongestDeviceURL(raw string) (string, error) {
	return fillDeviceURL(raw, func(value deviceValue) string { return strings.Repeat("x", value.longest) })
}

// MaskDeviceURL returns a device URL of the same length with letters in place of our
// values, so that the rest can be checked. It returns [ErrUnknownValue].
func MaskDeviceURL(raw string) (string, error) {
	return fillDeviceURL(raw, func(value deviceValue) string { return strings.Repeat("x", len("{}")+len(value.name)) })
}

func fillDeviceURL(raw string, with func(deviceValue) string) (string, error) {
	var filled strings.Builder
	for {
		before, after, found := strings.Cut(raw, "{")
		if !found && filled.Len() == 0 {
			return raw, nil
		}
		filled.WriteString(before)
		if !found {
			return filled.String(), nil
		}
		name, rest, closed := strings.Cut(after, "}")
		n := slices.IndexFunc(deviceValues, func(value deviceValue) bool { return value.name == name })
		if !closed || n < 0 {
			return filled.String(), ErrUnknownValue
		}
		filled.WriteString(with(deviceValues[n]))
		raw = rest
	}
}
