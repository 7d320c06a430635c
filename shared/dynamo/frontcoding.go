package dynamo

import (
	"encoding/binary"
	"errors"

	"signpost/shared/launch"
)

// A device list is stored by front coding: of each text only what it does not
// share with the beginning of the one before it. Devices' ids begin alike, being
// addresses in Base64, so that it halves a list in a fraction of the time
// that a general compressor takes for that, while somebody waits.
//
//	list:   for each device: its id, its display name
//	text:   uvarint: bytes shared with the device before, uvarint: bytes that
//	        follow, those bytes

// errDevices: what is stored is no device list.
var errDevices = errors.New("not a device list")

// encodeDevices returns the list as it is stored.
func encodeDevices(devices []launch.Device) []byte {
	out := make([]byte, 0, sizeOf(devices))
	var before launch.Device
	for _, d := range devices {
		out = appendText(out, before.DeviceID, d.DeviceID)
		out = appendText(out, before.DisplayName, d.DisplayName)
		before = d
	}
	return out
}

// sizeOf is about how many bytes the devices take if they share little.
func sizeOf(devices []launch.Device) int {
	const lengths = 6 // most often one or two bytes each, of four
	size := 0
	for _, d := range devices {
		size += lengths + len(d.DeviceID) + len(d.DisplayName)
	}
	return size
}

func appendText(out []byte, before, text string) []byte {
	shared := sharedPrefix(before, text)
	out = binary.AppendUvarint(out, uint64(shared))
	out = binary.AppendUvarint(out, uint64(len(text)-shared))
	return append(out, text[shared:]...)
}

// sharedPrefix is how many bytes both begin with.
func sharedPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// decodeDevices undoes encodeDevices. The list is never nil.
func decodeDevices(encoded []byte) ([]launch.Device, error) {
	devices := []launch.Device{}
	var d launch.Device
	for rest := encoded; len(rest) > 0; devices = append(devices, d) {
		var idOK, nameOK bool
		d.DeviceID, rest, idOK = cutText(rest, d.DeviceID)
		d.DisplayName, rest, nameOK = cutText(rest, d.DisplayName)
		if !idOK || !nameOK {
			return nil, errDevices
		}
	}
	return devices, nil
}

// cutText takes a text from the front of encoded.
func cutText(encoded []byte, before string) (text string, rest []byte, ok bool) {
	shared, encoded, sharedOK := cutLength(encoded)
	own, encoded, ownOK := cutLength(encoded)
	if !sharedOK || !ownOK || shared > uint64(len(before)) || own > uint64(len(encoded)) {
		return "", nil, false
	}
	return before[:shared] + string(encoded[:own]), encoded[own:], true
}

// cutLength takes a number from the front of encoded.
func cutLength(encoded []byte) (length uint64, rest []byte, ok bool) {
	length, size := binary.Uvarint(encoded)
	return length, encoded[max(0, size):], size > 0
}
