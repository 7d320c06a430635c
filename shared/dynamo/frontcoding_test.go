package dynamo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"signpost/shared/launch"
)

func TestFrontCoding(t *testing.T) {
	texts := []string{"", "d", "device", "devices", "dev", "Büro", "Bür\xff", strings.Repeat("long", 128), "\x00", "😀", "not UTF-8 \xff"}
	var all []launch.Device
	for _, id := range texts {
		for _, name := range texts {
			all = append(all, launch.Device{DeviceID: id, DisplayName: name})
		}
	}
	for _, devices := range [][]launch.Device{{}, all[:1], all, slices.Repeat(all, 20)} {
		encoded := encodeDevices(devices)
		got, err := decodeDevices(encoded)
		if err != nil || got == nil || !slices.Equal(got, devices) {
			t.Errorf("%d devices: %v, %d came back", len(devices), err, len(got))
		}
		for end := range min(len(encoded), 2000) {
			if part, err := decodeDevices(encoded[:end]); err == nil && len(part) >= len(devices) {
				t.Fatalf("%d of %d bytes are taken for the whole list", end, len(encoded))
			}
		}
	}
	for name, encoded := range map[string][]byte{
		"more shared than there is":  {3, 1, 'a', 0, 0},
		"more bytes than follow":     {0, 9, 'a', 0, 0},
		"a length without end":       {0x80},
		"a length over 64 bits":      {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"a length that is negative":  {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"an id without display name": {0, 1, 'a'},
	} {
		if devices, err := decodeDevices(encoded); err == nil {
			t.Errorf("%s: %v", name, devices)
		}
	}
}

// FuzzDecodeDevices: whatever is stored, it is a list that is stored alike, or an
// error.
func FuzzDecodeDevices(f *testing.F) {
	f.Add(encodeDevices(someDevices(3)))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		devices, err := decodeDevices(encoded)
		if err != nil {
			return
		}
		again, err := decodeDevices(encodeDevices(devices))
		if err != nil || !slices.Equal(again, devices) {
			t.Errorf("%q: %v, then %v, %v", encoded, devices, again, err)
		}
	})
}

// What ids have in common is stored once.
func TestDevicesBecomeSmall(t *testing.T) {
	devices := someDevices(launch.MaxDevices)
	if whole, coded := sizeOf(devices), len(encodeDevices(devices)); coded > whole*2/3 {
		t.Errorf("%d of %d bytes are left", coded, whole)
	}
}

// someDevices are as Webex has them: the id is an address in Base64, with a UUID
// at its end.
func someDevices(n int) []launch.Device {
	const (
		alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		address  = "Y2lzY29zcGFyazovL3VybjpURUFNOnVzLXdlc3QtMl9yL0RFVklDRS8"
	)
	devices := make([]launch.Device, n)
	for i := range devices {
		id := []byte(address)
		for range 48 {
			id = append(id, alphabet[rand.IntN(len(alphabet))])
		}
		devices[i] = launch.Device{DeviceID: string(id), DisplayName: fmt.Sprintf("Room %d", i)}
	}
	return devices
}

// BenchmarkPack encodes a device list.
func BenchmarkPack(b *testing.B) {
	for _, n := range []int{3, launch.MaxDevices} {
		devices := someDevices(n)
		b.Run(fmt.Sprint("devices=", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pack(devices); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
