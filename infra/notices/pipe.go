package notices

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"signpost/shared/installation"
	"signpost/shared/version"
)

// Record is a record of the table's stream, as a pipe gets it: JSON objects, with
// attributes in DynamoDB's form ({"S": "text"}).
type Record map[string]any

// Event is an event as the bus gets it.
type Event struct {
	DetailType string
	Detail     string // JSON on one line
}

// Pipe converts a record to an event, as the pipe on AWS does; ok is false for a
// record that becomes none. A test compares the detail with that of [Expression].
func Pipe(record Record) (event Event, ok bool, err error) {
	var pattern map[string]any
	if err := json.Unmarshal([]byte(Filter), &pattern); err != nil {
		return Event{}, false, fmt.Errorf("filter: %w", err)
	}
	matched, err := matches(pattern, map[string]any(record))
	if err != nil || !matched {
		return Event{}, false, err
	}
	detail, err := shape(record)
	if err != nil {
		return Event{}, false, err
	}
	text, err := json.Marshal(detail)
	return Event{DetailType: detail.Type, Detail: string(text)}, true, err
}

// shape is [Expression] in Go.
func shape(record Record) (Detail, error) {
	text := func(attribute string) string { return at(record, "dynamodb", "NewImage", attribute, "S") }
	number, err := strconv.ParseInt(at(record, "dynamodb", "NewImage", "version", "N"), 10, 64)
	if err != nil {
		return Detail{}, fmt.Errorf("version: %w", err)
	}
	return Detail{
		Type: text("notice"), OrgKey: installation.ParseKey(strings.TrimPrefix(at(record, "dynamodb", "Keys", "pk", "S"), "org#")).OrgKey,
		OrgID: text("subject"), OrgName: text("orgName"), AppID: text("appId"), Region: text("region"),
		State: text("state"), Generation: text("generation"), Version: number,
		SignpostVersion: version.Version,
	}, nil
}

// matches reports whether value matches an event pattern: each field must have one
// of the pattern's values, or exist. Other conditions are an error, since they are
// not implemented here.
func matches(pattern map[string]any, value any) (bool, error) {
	object, _ := value.(map[string]any)
	for name, want := range pattern {
		var fits bool
		var err error
		switch want := want.(type) {
		case map[string]any:
			fits, err = matches(want, object[name])
		case []any:
			fits, err = oneOf(want, object, name)
		default:
			err = fmt.Errorf("filter: %s is neither an object nor a list", name)
		}
		if err != nil || !fits {
			return false, err
		}
	}
	return true, nil
}

func oneOf(wants []any, object map[string]any, name string) (bool, error) {
	value, exists := object[name]
	for _, want := range wants {
		condition, isCondition := want.(map[string]any)
		switch {
		case !isCondition && exists && value == want:
			return true, nil
		case isCondition && len(condition) == 1 && condition["exists"] == true:
			if exists {
				return true, nil
			}
		case isCondition:
			return false, fmt.Errorf("filter: %s has a condition that is not supported here: %v", name, want)
		}
	}
	return false, nil
}

// at returns the text at nested members, "" if there is none.
func at(record Record, path ...string) string {
	var value any = map[string]any(record)
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, _ := value.(string)
	return text
}
