package crosslaunch

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// scanned are bodies, and whether the scanner reads them by itself.
var scanned = map[string]bool{
	`{"jwt":"a.b.c"}`: true,
	` { "jwt" : "a.b.c" , "task" : "assign_content" , "devices" : [ ] } `:         true,
	`{"devices":[{"deviceId":"d","displayName":"Büro"},{"deviceId":"e"},{}]}`:     true,
	`{"devices":[{"deviceId":"d","displayName":"\"\\\u00fc\ud83d\ude00\ud83d"}]}`: true,
	"{\n\t\"task\":\"\"}": true,
	`{}`:                  true,

	`{"jwt":null}`:                                  false,
	`{"JWT":"a"}`:                                   false,
	`{"jwt":"a","jwt":"b"}`:                         false,
	`{"devices":null}`:                              false,
	`{"devices":[null]}`:                            false,
	`{"devices":[{"deviceId":"d","x":1}]}`:          false,
	`{"devices":[{"deviceId":"d","deviceId":"e"}]}`: false,
	`{"devices":[{"deviceId":null}]}`:               false,
	`{"more":1}`:                                    false,
	`{"jwt":"a"} x`:                                 false,
	`{"jwt":"a",}`:                                  false,
	`{"devices":[{},]}`:                             false,
	`{"jwt":"a`:                                     false,
	`{"jwt":"a\`:                                    false,
	`{"jwt":"\x"}`:                                  false,
	"{\"jwt\":\"a\nb\"}":                            false,
	`{"jwt"`:                                        false,
	`{"devices":[`:                                  false,
	`[]`:                                            false,
	``:                                              false,
	`{"devices":[` + strings.Repeat(`{`, 100) + `]}`:   false,
	`{"devices":[{"deviceId":"d"} {"deviceId":"e"}]}`:  false,
	`{"devices":[{"deviceId":"d" "displayName":"e"}]}`: false,
}

func TestScanJSON(t *testing.T) {
	for document, want := range scanned {
		if got := sameAsJSON(t, document); got != want {
			t.Errorf("%s: read %t, want %t", document, got, want)
		}
	}
}

// Every control character, at every place of texts of several lengths.
func TestControls(t *testing.T) {
	for length := range 20 {
		text := []byte(strings.Repeat("ü~ ", 8)[:length])
		if controls(string(text)) {
			t.Errorf("%q has none", text)
		}
		for at := range length {
			for c := range 256 {
				one := slices.Clone(text)
				one[at] = byte(c)
				if got := controls(string(one)); got != (c < ' ') {
					t.Fatalf("%q: %t", one, got)
				}
			}
		}
	}
}

// FuzzScanJSON: what the scanner reads, encoding/json reads, and reads the same.
func FuzzScanJSON(f *testing.F) {
	for document := range scanned {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		if utf8.ValidString(document) { // the gateway refuses all other bodies
			sameAsJSON(t, document)
		}
	})
}

func sameAsJSON(t *testing.T, document string) bool {
	t.Helper()
	untouched := "untouched"
	read := body{Task: untouched}
	if !read.ScanJSON(document) {
		if diff := cmp.Diff(body{Task: untouched}, read); diff != "" {
			t.Errorf("%s was not read, and changed (-want +got): %s", document, diff)
		}
		return false
	}
	var want body
	if err := json.Unmarshal([]byte(document), &want); err != nil {
		t.Fatalf("%s was read, but encoding/json says %v", document, err)
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("%s (-encoding/json +scanned): %s", document, diff)
	}
	return true
}
