package support

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"signpost/infra/panels"
)

// Line is something that was logged, or an event.
type Line struct {
	At time.Time
	// AppID is that of the integration, "" if the line names none.
	AppID string
	// Source is the function, or "event".
	Source, Message string
	Tone            string // of the message
	Rest            string // the other members, as name=value
}

// hidden are members that every line has, or that the page shows elsewhere.
var hidden = []string{"time", "level", "msg", "org", "app", "orgKey", "appId", "type"}

// ParseLine reads a log line of a function, or the detail of an event: a JSON object. ok is
// false for other lines. At is the line's own time, or else at.
func ParseLine(source, text string, at time.Time) (line Line, ok bool) {
	var members map[string]any
	if json.Unmarshal([]byte(text), &members) != nil {
		return Line{}, false
	}
	line = Line{At: at, Source: source, Message: fmt.Sprint(firstOf(members, "msg", "type")), Tone: panels.ToneIdle}
	if own, err := time.Parse(time.RFC3339Nano, fmt.Sprint(members["time"])); err == nil {
		line.At = own
	}
	line.AppID, _ = firstOf(members, "app", "appId").(string)
	switch members["level"] {
	case "ERROR":
		line.Tone = panels.ToneBad
	case "WARN":
		line.Tone = panels.ToneWait
	}
	for _, name := range hidden {
		delete(members, name)
	}
	var rest []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		rest = append(rest, name+"="+plain(members[name]))
	}
	line.Rest = strings.Join(rest, " ")
	return line, true
}

func firstOf(members map[string]any, names ...string) any {
	for _, name := range names {
		if members[name] != nil {
			return members[name]
		}
	}
	return ""
}

// plain is a value on one line.
func plain(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

func newestFirst(lines []Line) []Line {
	sorted := slices.Clone(lines)
	slices.SortStableFunc(sorted, func(a, b Line) int { return b.At.Compare(a.At) })
	return sorted
}
