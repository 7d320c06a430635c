package dynamo

import (
	"encoding/json"
	"io"

	"signpost/shared/jsontext"
	"signpost/shared/launch"
)

// sizeOf is how many bytes devices take as JSON, where nothing is escaped.
func sizeOf(devices []launch.Device) int {
	size := len("[]")
	for _, d := range devices {
		size += len(`{"deviceId":""},`) + len(d.DeviceID)
		if d.DisplayName != "" {
			size += len(`,"displayName":""`) + len(d.DisplayName)
		}
	}
	return size
}

// encodeDevices is json.Marshal for a list of devices, many times as fast: a
// list may hold thousands, while somebody waits.
func encodeDevices(devices []launch.Device) []byte {
	out := append(make([]byte, 0, sizeOf(devices)), '[')
	for i, d := range devices {
		out = appendDevice(out, i, d)
	}
	return append(out, ']')
}

// pieceSize is how much of a list is written at a time, in bytes.
const pieceSize = 32 << 10

// writeDevices writes what encodeDevices returns, in pieces.
func writeDevices(w io.Writer, devices []launch.Device) error {
	piece := append(make([]byte, 0, pieceSize+pieceSize/4), '[')
	for i, d := range devices {
		if piece = appendDevice(piece, i, d); len(piece) < pieceSize {
			continue
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
		piece = piece[:0]
	}
	_, err := w.Write(append(piece, ']'))
	return err
}

// appendDevice appends the i-th device of a list.
func appendDevice(out []byte, i int, d launch.Device) []byte {
	if i > 0 {
		out = append(out, ',')
	}
	out = appendText(append(out, `{"deviceId":`...), d.DeviceID)
	if d.DisplayName != "" {
		out = appendText(append(out, `,"displayName":`...), d.DisplayName)
	}
	return append(out, '}')
}

// appendText appends text as a JSON string.
func appendText(out []byte, text string) []byte {
	if jsontext.Plain(text) {
		return append(append(append(out, '"'), text...), '"')
	}
	escaped, _ := json.Marshal(text) // a string always encodes
	return append(out, escaped...)
}
