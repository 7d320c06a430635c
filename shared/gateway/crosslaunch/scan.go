package crosslaunch

import (
	"encoding/binary"
	"encoding/json"
	"strings"

	"signpost/shared/launch"
)

// ScanJSON implements [gateway.Scanner]: it reads a body of the form that Webex
// posts, which may hold thousands of devices, many times faster than
// encoding/json does. It knows only what that form needs, and where it accepts a
// body it reads just what encoding/json would.
func (b *body) ScanJSON(document string) bool {
	s := scanner{rest: document}
	read := s.body()
	if s.space(); s.lost || s.rest != "" {
		return false
	}
	*b = read
	return true
}

// scanner reads JSON from the front of rest. It is lost once it met anything
// that it does not know; what it returns is then worth nothing.
type scanner struct {
	rest string
	lost bool
}

// space skips white space.
func (s *scanner) space() {
	for s.rest != "" && (s.rest[0] == ' ' || s.rest[0] == '\n' || s.rest[0] == '\t' || s.rest[0] == '\r') {
		s.rest = s.rest[1:]
	}
}

// has takes the character if it is the next, after white space.
func (s *scanner) has(c byte) bool {
	if s.space(); s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// want takes the character, which must be the next.
func (s *scanner) want(c byte) { s.lost = !s.has(c) || s.lost }

// more reports whether another element follows, and takes what comes before it,
// or the end.
func (s *scanner) more(end byte) bool {
	if s.lost || s.has(',') {
		return !s.lost
	}
	s.want(end)
	return false
}

// once notes that a field was met, and is lost if it was met before: encoding/json
// has rules for that.
func (s *scanner) once(met *bool) { s.lost, *met = s.lost || *met, true }

func (s *scanner) body() (read body) {
	var token, task, devices bool
	s.want('{')
	for more := !s.has('}'); more; more = s.more('}') {
		name := s.text()
		s.want(':')
		switch name {
		case "jwt":
			s.once(&token)
			text := s.text()
			read.JWT = &text
		case "task":
			s.once(&task)
			read.Task = s.text()
		case "devices":
			s.once(&devices)
			read.Devices = s.devices()
		default:
			s.lost = true
		}
	}
	return read
}

func (s *scanner) devices() []launch.Device {
	s.want('[')
	// Room for as many as there can be, if that is not too many anyway.
	list := make([]launch.Device, 0, min(strings.Count(s.rest, "{"), launch.MaxDevices+1))
	for more := !s.has(']'); more; more = s.more(']') {
		list = append(list, s.device())
	}
	return list
}

func (s *scanner) device() (read launch.Device) {
	var id, name bool
	s.want('{')
	for more := !s.has('}'); more; more = s.more('}') {
		field := s.text()
		s.want(':')
		switch field {
		case "deviceId":
			s.once(&id)
			read.DeviceID = s.text()
		case "displayName":
			s.once(&name)
			read.DisplayName = s.text()
		default:
			s.lost = true
		}
	}
	return read
}

// text reads a string, which shares the document's memory if nothing in it is
// escaped.
func (s *scanner) text() string {
	s.want('"')
	end := strings.IndexByte(s.rest, '"')
	if end < 0 {
		s.lost = true
		return ""
	}
	text := s.rest[:end]
	if strings.IndexByte(text, '\\') >= 0 {
		return s.escaped()
	}
	s.rest = s.rest[end+1:]
	s.lost = s.lost || controls(text)
	return text
}

// controls reports whether text holds control characters, which a JSON string
// does not. It looks at 8 bytes at a time: taking 0x20 away sets the highest bit of
// a byte that is less and had it not ("Bit Twiddling Hacks", hasless; what is
// borrowed from the bytes above comes from such a one).
func controls(text string) bool {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		word := binary.LittleEndian.Uint64([]byte(text[:8]))
		if (word-each*' ')&^word&highest != 0 {
			return true
		}
	}
	for i := range len(text) {
		if text[i] < ' ' {
			return true
		}
	}
	return false
}

// escaped reads the string that rest begins with, without its opening quote.
func (s *scanner) escaped() (text string) {
	for end := 0; end < len(s.rest); end++ {
		switch s.rest[end] {
		case '\\':
			end++ // whatever it is, it does not end the string
		case '"':
			literal := `"` + s.rest[:end+1]
			s.rest = s.rest[end+1:]
			s.lost = s.lost || json.Unmarshal([]byte(literal), &text) != nil
			return text
		}
	}
	s.lost = true
	return ""
}
