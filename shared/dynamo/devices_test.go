package dynamo

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"signpost/shared/launch"
)

func TestPack(t *testing.T) {
	texts := []string{"", "d", "device", "devices", "dev", "Büro", strings.Repeat("long", 128), "\x00", "😀", "<&>\u2028\"\\"}
	var all []launch.Device
	for _, id := range texts {
		for _, name := range texts {
			all = append(all, launch.Device{DeviceID: id, DisplayName: name})
		}
	}
	for _, devices := range [][]launch.Device{{}, all[:1], all, slices.Repeat(all, 90)} {
		p, err := pack(devices)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.unpack()
		if err != nil || got == nil || !slices.Equal(got, devices) {
			t.Errorf("%d devices: %v, %d came back", len(devices), err, len(got))
		}
		last := len(p.chunks) - 1
		// Without its last byte, and some 50 shorter ones.
		size := len(p.chunks[last])
		for end := size - 1; end >= 0; end -= 1 + size/50 {
			part := packed{chunks: append(slices.Clone(p.chunks[:last]), p.chunks[last][:end])}
			if got, err := part.unpack(); err == nil && len(got) >= len(devices) {
				t.Fatalf("a list that ends after %d bytes of its last chunk was accepted", end)
			}
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	for name, p := range map[string]packed{
		"not JSON":                  {chunks: [][]byte{[]byte("x")}},
		"not a list":                {chunks: [][]byte{[]byte(`{"deviceId":"d"}`)}},
		"not strings":               {chunks: [][]byte{[]byte(`["d",1]`)}},
		"an id without a name":      {chunks: [][]byte{[]byte(`["d","n","e"]`)}},
		"a chunk is missing":        {chunks: [][]byte{[]byte(`["d",`)}},
		"a chunk too many":          {chunks: [][]byte{[]byte(`["d","n"]`), []byte(`["d","n"]`)}},
		"not compressed":            {chunks: [][]byte{[]byte(`["d","n"]`)}, compressed: true},
		"compressed list cut short": {chunks: [][]byte{{0x4a}}, compressed: true},
	} {
		if devices, err := p.unpack(); err == nil {
			t.Errorf("%s: %v", name, devices)
		}
	}
}

// FuzzUnpack: stored bytes are a list that survives another round, or an error.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte(`["d","n"]`), false)
	f.Add([]byte("x"), true)
	f.Fuzz(func(t *testing.T, encoded []byte, compressed bool) {
		devices, err := packed{compressed: compressed, chunks: [][]byte{encoded}}.unpack()
		if err != nil || slices.ContainsFunc(devices, func(d launch.Device) bool { return !utf8.ValidString(d.DeviceID + d.DisplayName) }) {
			return
		}
		p, err := pack(devices)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := p.unpack(); err != nil || !slices.Equal(again, devices) {
			t.Errorf("%q: %v, then %v, %v", encoded, devices, again, err)
		}
	})
}

// TestPackLimits: 10,000 of the longest ids fit one transaction, though they
// are random letters; random names of that length beside them do not.
func TestPackLimits(t *testing.T) {
	for _, test := range []struct {
		name        string
		id, display int
		want        error
	}{
		{"longest ids", launch.MaxDeviceField, 0, nil},
		{"longest ids and names", launch.MaxDeviceField, launch.MaxDeviceField, launch.ErrTooManyDevices},
	} {
		p, err := pack(randomTexts(launch.MaxDevices, test.id, test.display))
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if size := sizeOf(p); size > maxDevices || len(p.chunks) > 90 {
			t.Errorf("%s: %d bytes in %d chunks", test.name, size, len(p.chunks))
		}
	}
}

func sizeOf(p packed) (size int) {
	for _, chunk := range p.chunks {
		size += len(chunk)
	}
	return size
}

// RandomTexts returns texts in Base64's alphabet, which hardly compress.
func RandomTexts(seed byte) func(length int) string {
	random := rand.NewChaCha8([32]byte{seed})
	return func(length int) string {
		b := make([]byte, length)
		random.Read(b)
		return base64.RawURLEncoding.EncodeToString(b)[:length]
	}
}

// randomTexts have ids and names of these lengths in Base64's alphabet.
func randomTexts(n, id, name int) []launch.Device {
	text := RandomTexts(1)
	devices := make([]launch.Device, n)
	for i := range devices {
		devices[i] = launch.Device{DeviceID: text(id), DisplayName: text(name)}
	}
	return devices
}

// webexDevices have ids as Webex makes them: an address with a UUID in it, in
// Base64.
func webexDevices(n int) []launch.Device {
	devices := make([]launch.Device, n)
	for i := range devices {
		id := fmt.Sprintf("ciscospark://urn:TEAM:us-west-2_r/DEVICE/%08x-%04x-4%03x-8%03x-%012x",
			rand.Uint32(), rand.N(1<<16), rand.N(1<<12), rand.N(1<<12), rand.N(int64(1)<<48))
		devices[i] = launch.Device{DeviceID: base64.RawStdEncoding.EncodeToString([]byte(id)), DisplayName: fmt.Sprintf("Floor %d, room %d", i/100, i)}
	}
	return devices
}

// BenchmarkPack encodes device lists and decodes them again; the figures in the
// package comment are from here.
func BenchmarkPack(b *testing.B) {
	for _, list := range []struct {
		name    string
		devices []launch.Device
	}{
		{"few", webexDevices(3)},
		{"typical", webexDevices(launch.MaxDevices)},
		{"worst", randomTexts(launch.MaxDevices, launch.MaxDeviceField, 0)},
	} {
		var p packed
		b.Run(list.name+"/pack", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if p, err = pack(list.devices); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(sizeOf(p)), "stored-bytes")
		})
		b.Run(list.name+"/unpack", func(b *testing.B) {
			for b.Loop() {
				if _, err := p.unpack(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
