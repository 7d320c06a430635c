package jsontext_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"signpost/shared/jsontext"
)

// plain is what Plain promises, by encoding/json.
func plain(text string) bool {
	quoted, err := json.Marshal(text)
	return err == nil && string(quoted) == `"`+text+`"` && !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// Every byte, at every place of texts of every length up to three words.
func TestPlain(t *testing.T) {
	for length := range 25 {
		text := strings.Repeat("a", length)
		if !jsontext.Plain(text) {
			t.Errorf("%q is not plain", text)
		}
		for at := range length {
			for c := range 256 {
				text := text[:at] + string([]byte{byte(c)}) + text[at+1:]
				if got, want := jsontext.Plain(text), plain(text); got != want {
					t.Fatalf("%q: %t, want %t", text, got, want)
				}
			}
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, text := range []string{"", "Room 7", "Büro", `"`, "\x00", "<a href='&'>", "\x7f~ !#%'()"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, want := jsontext.Plain(text), plain(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	})
}

func BenchmarkPlain(b *testing.B) {
	text := strings.Repeat("Y2lzY29zcGFyazovL3VzL0RFVklDRS8", 3)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !jsontext.Plain(text) {
			b.Fatal("not plain")
		}
	}
}
