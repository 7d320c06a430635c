package crosslaunch

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"

	"signpost/shared/launch"
)

// devices returns n devices with ids of Webex's form: Base64 of an address that contains
// a UUID.
func devices(n int) []launch.Device {
	list := make([]launch.Device, n)
	for i := range list {
		uuid := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rand.Uint32(), rand.N(1<<16), rand.N(1<<12), rand.N(1<<12), rand.N(int64(1)<<48))
		id := "ciscospark://urn:TEAM:us-west-2_r/DEVICE/" + uuid
		list[i] = launch.Device{
			DeviceID:    base64.RawStdEncoding.EncodeToString([]byte(id)),
			DisplayName: fmt.Sprintf("Floor %d, room %d (%c)", rand.N(40), rand.N(1000), 'A'+rune(rand.N(26))),
		}
	}
	return list
}
