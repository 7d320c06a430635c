package crosslaunch_test

import (
	"slices"
	"strings"
	"testing"

	"signpost/shared/launch"
)

// TestBodies posts JSON bodies that Webex does not send. JWT stands for a good token.
func TestBodies(t *testing.T) {
	f := newFixture(t)
	device := func(id, name string) launch.Device { return launch.Device{DeviceID: id, DisplayName: name} }
	list := func(devices ...launch.Device) []launch.Device { return devices }
	tests := []struct {
		body string
		code string          // of the problem, "" for a launch
		want []launch.Device // of the launch
	}{
		{body: ` { "jwt" : "JWT" , "task" : "assign_content" , "devices" : [ ] } `},
		{body: "{\n\t\"task\":\"\",\r\n\"jwt\":\"JWT\"}"},
		{body: `{"devices":[{"deviceId":"d","displayName":"Büro"},{"deviceId":"e"}],"jwt":"JWT"}`, want: list(device("d", "Büro"), device("e", ""))},
		{body: `{"jwt":"JWT","devices":[{"deviceId":"d","displayName":"\"\\\u00fc\ud83d\ude00\ud83d"}]}`, want: list(device("d", "\"\\ü😀\ufffd"))},
		{body: `{"jwt":"JWT","devices":[{"deviceId":"d","x":[{"deviceId":1}]}],"more":{"devices":1}}`, want: list(device("d", ""))},
		{body: `{"jwt":"JWT","devices":null}`},
		// Of several members with one name, in any case, the last counts.
		{body: `{"jwt":"x","jwt":"JWT"}`},
		{body: `{"jwt":"JWT","jwt":"x"}`, code: "malformed_request"},
		{body: `{"JWT":"JWT"}`},
		{body: `{"jwt":"JWT","devices":[{"deviceId":"d","deviceId":"e"}]}`, want: list(device("e", ""))},
		{body: `{"jwt":"JWT","devices":[{"DEVICEID":"d","displayname":"n"}]}`, want: list(device("d", "n"))},
		{body: `{"jwt":"JWT","task":"manage_content","task":"assign_content"}`},
		{body: `{"jwt":"JWT","task":"assign_content","Task":"manage_content"}`, code: "wrong_action"},

		{body: `{}`, code: "malformed_request"},
		{body: `{"jwt":null}`, code: "malformed_request"},
		{body: `{"jwt":"JWT","devices":[null]}`, code: "malformed_request"},
		{body: `{"jwt":"JWT","devices":[{}]}`, code: "malformed_request"},
		{body: `{"jwt":"JWT","devices":[{"deviceId":null}]}`, code: "malformed_request"},
		{body: `{"jwt":"JWT","devices":[{"deviceId":1}]}`, code: "malformed_request"},
		{body: `{"jwt":"JWT","devices":[{},]}`, code: "malformed_request"},
		{body: `{"jwt":"JWT","devices":[`, code: "malformed_request"},
		{body: `{"jwt":"JWT","devices":[` + strings.Repeat(`{`, 100) + `]}`, code: "malformed_request"},
		{body: `{"jwt":"JWT","devices":[{"deviceId":"d"} {"deviceId":"e"}]}`, code: "malformed_request"},
		{body: `{"jwt":"JWT","devices":[{"deviceId":"d" "displayName":"e"}]}`, code: "malformed_request"},
		{body: `{"jwt":"JWT","x":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`, code: "malformed_request"},
		{body: `{"jwt":"JWT"} x`, code: "malformed_request"},
		{body: `{"jwt":"JWT",}`, code: "malformed_request"},
		{body: `{"jwt":"JWT`, code: "malformed_request"},
		{body: `{"jwt":"JWT\`, code: "malformed_request"},
		{body: `{"jwt":"JWT\x"}`, code: "malformed_request"},
		{body: "{\"jwt\":\"JWT\",\"task\":\"a\nb\"}", code: "malformed_request"},
		{body: "{\"jwt\":\"JWT\",\"devices\":[{\"deviceId\":\"\xff\"}]}", code: "malformed_request"},
		{body: `{"jwt"`, code: "malformed_request"},
		{body: `[]`, code: "malformed_request"},
		{body: ``, code: "malformed_request"},
	}
	for _, test := range tests {
		stored := len(f.store.stored)
		body := strings.ReplaceAll(strings.ReplaceAll(test.body, `"JWT":`, `"Jwt":`), "JWT", f.mint(t, "crossLaunch", nil))
		response := post(t, f.assign, "digital_signage", body)
		if test.code != "" {
			checkProblem(t, response, 400, test.code)
			if len(f.store.stored) != stored {
				t.Errorf("%.200s: a launch was stored", test.body)
			}
			continue
		}
		if response.StatusCode != 200 || len(f.store.stored) != stored+1 {
			t.Errorf("%.200s: answer %d %s", test.body, response.StatusCode, response.Body)
			continue
		}
		if got := f.store.stored[stored].Devices; !slices.Equal(got, test.want) {
			t.Errorf("%.200s: stored %v, want %v", test.body, got, test.want)
		}
	}
}
