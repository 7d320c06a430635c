package dynamo

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"slices"

	"signpost/shared/launch"
)

const (
	// chunkSize keeps a row, head and all, below DynamoDB's 400 KiB.
	chunkSize = 350 << 10
	// maxDevices keeps the transaction below DynamoDB's 4 MB, whether these
	// count in thousands or in 1024s, rows' names and all.
	maxDevices = 3_900_000
)

// packed is a device list as it is stored.
type packed struct {
	// compressed is whether it would not have fitted otherwise.
	compressed bool
	// chunks are never none, for the first is the head's; an empty list is an
	// empty chunk.
	chunks [][]byte
}

// pack encodes devices, in their order. It returns [launch.ErrTooManyDevices]
// if they do not fit one transaction.
func pack(devices []launch.Device) (packed, error) {
	if len(devices) == 0 {
		return packed{chunks: [][]byte{nil}}, nil
	}
	encoded := encodeDevices(devices)
	compressed := len(encoded) > maxDevices
	if compressed {
		var err error
		if encoded, err = deflate(encoded); err != nil {
			return packed{}, fmt.Errorf("compress %d devices: %w", len(devices), err)
		}
	}
	return packed{compressed: compressed, chunks: slices.Collect(slices.Chunk(encoded, chunkSize))}, nil
}

// unpack undoes pack. The list is never nil.
func (p packed) unpack() ([]launch.Device, error) {
	encoded := bytes.Join(p.chunks, nil)
	if p.compressed {
		var err error
		if encoded, err = io.ReadAll(flate.NewReader(bytes.NewReader(encoded))); err != nil {
			return nil, fmt.Errorf("decompress devices: %w", err)
		}
	}
	devices, err := decodeDevices(encoded)
	if err != nil {
		return nil, fmt.Errorf("decode devices: %w", err)
	}
	return devices, nil
}

// deflate compresses what is too long as it is: Webex's own ids and names would
// have to be three times as long.
func deflate(encoded []byte) ([]byte, error) {
	var out limited
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(encoded)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// limited is a buffer of at most maxDevices bytes, so that what is refused
// costs no more than what is stored.
type limited struct{ bytes.Buffer }

// Write returns [launch.ErrTooManyDevices] if b does not fit.
func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxDevices {
		return 0, launch.ErrTooManyDevices
	}
	return l.Buffer.Write(b)
}
