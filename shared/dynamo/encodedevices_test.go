package dynamo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"signpost/shared/launch"
)

func TestEncodeDevicesIsMarshal(t *testing.T) {
	texts := []string{"", "d", "Büro", `"quoted"`, `back\slash`, "<a href='&'>", "line\nbreak", "\u2028\u2029", "\x7f", "\x00", "😀", "not UTF-8 \xff", strings.Repeat("long", 128)}
	var all []launch.Device
	for _, id := range texts {
		for _, name := range texts {
			all = append(all, launch.Device{DeviceID: id, DisplayName: name})
		}
	}
	for _, devices := range [][]launch.Device{{}, all[:1], all, slices.Repeat(all, 20)} {
		want, err := json.Marshal(devices)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(encodeDevices(devices)); got != string(want) {
			t.Errorf("got  %.300s\nwant %.300s", got, want)
		}
		var pieces bytes.Buffer
		if err := writeDevices(&pieces, devices); err != nil || pieces.String() != string(want) {
			t.Errorf("in pieces, %v: %.300s", err, pieces.String())
		}
	}
}

// someDevices are as Webex has them, ids of 80 random characters.
func someDevices(n int) []launch.Device {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	devices := make([]launch.Device, n)
	for i := range devices {
		id := make([]byte, 80)
		for j := range id {
			id[j] = alphabet[rand.IntN(len(alphabet))]
		}
		devices[i] = launch.Device{DeviceID: string(id), DisplayName: fmt.Sprintf("Room %d", i)}
	}
	return devices
}

// BenchmarkPack encodes and compresses a device list.
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
