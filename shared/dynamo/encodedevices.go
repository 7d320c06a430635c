package dynamo

import (
	"encoding/json"
	"unicode/utf8"

	"signpost/shared/launch"
)

// perDevice is what the names and marks around one device's fields take.
const perDevice = len(`{"deviceId":"","displayName":""},`)

// encodeDevices is json.Marshal for a list of devices, many times as fast: a
// list may hold thousands, while somebody waits.
func encodeDevices(devices []launch.Device) []byte {
	size := len("[]")
	for _, d := range devices {
		size += perDevice + len(d.DeviceID) + len(d.DisplayName)
	}
	out := append(make([]byte, 0, size), '[')
	for i, d := range devices {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendText(append(out, `{"deviceId":`...), d.DeviceID)
		if d.DisplayName != "" {
			out = appendText(append(out, `,"displayName":`...), d.DisplayName)
		}
		out = append(out, '}')
	}
	return append(out, ']')
}

// appendText appends text as a JSON string.
func appendText(out []byte, text string) []byte {
	if plain(text) {
		return append(append(append(out, '"'), text...), '"')
	}
	escaped, _ := json.Marshal(text) // a string always encodes
	return append(out, escaped...)
}

// plain reports whether text stands for itself between quotes: ASCII without
// what json.Marshal escapes.
func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}
