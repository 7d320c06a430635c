package dynamo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/flate"

	"signpost/shared/launch"
)

const (
	// plainDevices is up to which size a device list is stored as it is: the
	// handful that an admin usually selects.
	plainDevices = 4 << 10
	// chunkSize keeps a row, head and all, below DynamoDB's 400 KiB.
	chunkSize = 350 << 10
	// maxDevices keeps the transaction below DynamoDB's 4 MB, whether these
	// count in thousands or in 1024s, rows' names and all.
	maxDevices = 3_900_000
)

// packed is a device list as it is stored.
type packed struct {
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
	if sizeOf(devices) < plainDevices {
		return packed{chunks: [][]byte{encodeDevices(devices)}}, nil
	}
	compressed, err := deflate(devices)
	if err != nil {
		return packed{}, fmt.Errorf("compress %d devices: %w", len(devices), err)
	}
	return packed{compressed: true, chunks: slices.Collect(slices.Chunk(compressed, chunkSize))}, nil
}

// unpack undoes pack. The list is never nil.
func (p packed) unpack() ([]launch.Device, error) {
	devices := []launch.Device{}
	encoded := bytes.Join(p.chunks, nil)
	if len(encoded) == 0 {
		return devices, nil
	}
	if p.compressed {
		var err error
		if encoded, err = io.ReadAll(flate.NewReader(bytes.NewReader(encoded))); err != nil {
			return nil, fmt.Errorf("decompress devices: %w", err)
		}
	}
	if err := json.Unmarshal(encoded, &devices); err != nil {
		return nil, fmt.Errorf("decode devices: %w", err)
	}
	return devices, nil
}

// quickSize is up to which size, in bytes, a list is compressed by entropy coding
// alone, which takes a fraction of the time and always fits; what is larger, of
// which devices' ids never are, is searched for repetitions too.
const quickSize = 3 << 20

// quick and thorough are compressors, which are reused: each owns up to more than
// half a megabyte.
var quick, thorough = compressors(flate.HuffmanOnly), compressors(flate.BestSpeed)

func compressors(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		w, err := flate.NewWriter(io.Discard, level)
		if err != nil {
			panic(err) // only of an unknown level
		}
		return w
	}}
}

// deflate encodes devices and compresses them a piece at a time: the whole of
// them, uncompressed, would be one more megabyte of memory.
func deflate(devices []launch.Device) ([]byte, error) {
	pool, size := quick, sizeOf(devices)
	if size > quickSize {
		pool = thorough
	}
	w := pool.Get().(*flate.Writer)
	defer pool.Put(w)
	var out limited
	out.Grow(min(size, maxDevices))
	w.Reset(&out)
	err := writeDevices(w, devices)
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
