package dynamo

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"signpost/shared/launch"
)

// Device lists: their stored form, and the chunks that they are cut into. The
// package comment says what the form was measured to cost.

const (
	// chunkSize keeps a row, head and all, below DynamoDB's 400 KiB.
	chunkSize = 350 << 10
	// maxDevices keeps the transaction below DynamoDB's 4 MB, whether these
	// count in thousands or in 1024s, with the rows' other attributes.
	maxDevices = 3_950_000
)

// errDevices: the stored bytes are not a device list.
var errDevices = errors.New("not a device list")

// packed is a device list as it is stored.
type packed struct {
	// compressed is whether the list exceeds one transaction uncompressed.
	compressed bool
	// chunks has at least one element, the head's; an empty list is an empty
	// chunk.
	chunks [][]byte
}

// pack encodes devices, in their order: the JSON array of their ids and names
// in turn. The texts must be UTF-8. It returns [launch.ErrTooManyDevices] if
// they do not fit one transaction.
func pack(devices []launch.Device) (packed, error) {
	if len(devices) == 0 {
		return packed{chunks: [][]byte{nil}}, nil
	}
	texts := make([]string, 0, 2*len(devices))
	for _, d := range devices {
		texts = append(texts, d.DeviceID, d.DisplayName)
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(texts); err != nil {
		return packed{}, fmt.Errorf("encode %d devices: %w", len(devices), err)
	}
	encoded.Truncate(encoded.Len() - 1) // the encoder's newline: so that a list without its last byte is invalid
	compressed := encoded.Len() > maxDevices
	if compressed {
		if err := deflate(&encoded); err != nil {
			return packed{}, fmt.Errorf("compress %d devices: %w", len(devices), err)
		}
	}
	return packed{compressed: compressed, chunks: slices.Collect(slices.Chunk(encoded.Bytes(), chunkSize))}, nil
}

// unpack undoes pack. The list is never nil.
func (p packed) unpack() ([]launch.Device, error) {
	encoded := bytes.Join(p.chunks, nil)
	if len(encoded) == 0 {
		return []launch.Device{}, nil
	}
	if p.compressed {
		var err error
		if encoded, err = io.ReadAll(flate.NewReader(bytes.NewReader(encoded))); err != nil {
			return nil, fmt.Errorf("decompress devices: %w", err)
		}
	}
	var texts []string
	if err := json.Unmarshal(encoded, &texts); err != nil {
		return nil, fmt.Errorf("%w: %w", errDevices, err)
	}
	if len(texts)%2 != 0 {
		return nil, fmt.Errorf("%w: an id without a name", errDevices)
	}
	devices := make([]launch.Device, 0, len(texts)/2)
	for pair := range slices.Chunk(texts, 2) {
		devices = append(devices, launch.Device{DeviceID: pair[0], DisplayName: pair[1]})
	}
	return devices, nil
}

// deflate compresses the buffer's content in place.
func deflate(encoded *bytes.Buffer) error {
	var out limited
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return err
	}
	_, err = w.Write(encoded.Bytes())
	err = errors.Join(err, w.Close())
	*encoded = out.Buffer
	return err
}

// limited is a buffer of at most maxDevices bytes: a list that is refused uses
// no more memory than one that is stored.
type limited struct{ bytes.Buffer }

// Write returns [launch.ErrTooManyDevices] if b does not fit.
func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxDevices {
		return 0, launch.ErrTooManyDevices
	}
	return l.Buffer.Write(b)
}
