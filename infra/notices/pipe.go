package notices

import (
	"encoding/json"
	"fmt"
	"strconv"

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
	return Event{DetailType: at(record, "dynamodb", "NewImage", "notice", "S"), Detail: string(text)}, true, err
}

// shape is [Expression] in Go.
func shape(record Record) (map[string]any, error) {
	detail := map[string]any{}
	if at(record, "dynamodb", "Keys", "sk", "S") == "installation" {
		detail["reference"] = ""
	}
	if err := json.Unmarshal([]byte(at(record, "dynamodb", "NewImage", "event", "S")), &detail); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	number, err := strconv.ParseInt(at(record, "dynamodb", "NewImage", "version", "N"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("version: %w", err)
	}
	detail["type"], detail["version"], detail["signpostVersion"] = at(record, "dynamodb", "NewImage", "notice", "S"), number, version.Version
	if state := at(record, "dynamodb", "OldImage", "state", "S"); state != "" {
		detail["before"] = map[string]any{"state": state, "features": statusesBefore(record)}
	}
	return detail, nil
}

// statusesBefore returns the features of the row before.
func statusesBefore(record Record) map[string]any {
	statuses := map[string]any{}
	features, _ := member(record, "dynamodb", "OldImage", "features", "M").(map[string]any)
	for name, feature := range features {
		one, _ := feature.(map[string]any)
		statuses[name] = map[string]any{"status": at(one, "M", "status", "S")}
	}
	return statuses
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
func at(record map[string]any, path ...string) string {
	text, _ := member(record, path...).(string)
	return text
}

// member returns the value at nested members, nil if there is none.
func member(record map[string]any, path ...string) any {
	var value any = record
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}
