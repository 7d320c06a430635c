package notices

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Record is a record of the table's stream, as a pipe sees it: JSON objects,
// attributes in DynamoDB's own form ({"S": "text"}).
type Record map[string]any

// Event is what a bus would get.
type Event struct {
	DetailType string
	Detail     string // JSON on one line
}

// Pipe does what the pipe on AWS does with a record: nothing, or an event.
func Pipe(record Record) (Event, bool, error) {
	var pattern map[string]any
	if err := json.Unmarshal([]byte(Filter), &pattern); err != nil {
		return Event{}, false, fmt.Errorf("filter: %w", err)
	}
	matched, err := matches(pattern, map[string]any(record))
	if err != nil || !matched {
		return Event{}, false, err
	}
	detail, err := render(Template, record)
	if err != nil {
		return Event{}, false, err
	}
	return Event{DetailType: at(record, DetailType), Detail: detail}, true, nil
}

// matches tells whether value fits an event pattern: every field of the
// pattern is there with one of its values, or is to exist. Other conditions
// are an error, so that nothing is told here that would not be on AWS.
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
			return false, fmt.Errorf("filter: %s has a condition that is not understood here: %v", name, want)
		}
	}
	return false, nil
}

var placeholder = regexp.MustCompile(`<(\$[A-Za-z0-9_.-]+)>`)

// render fills in a template. What a record does not have is empty.
func render(template string, record Record) (string, error) {
	filled := placeholder.ReplaceAllStringFunc(template, func(match string) string {
		quoted, _ := json.Marshal(at(record, match[1:len(match)-1])) // a string always encodes
		return string(quoted[1 : len(quoted)-1])
	})
	var detail map[string]string
	if err := json.Unmarshal([]byte(filled), &detail); err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	compact, err := json.Marshal(detail)
	return string(compact), err
}

// at is the text at a path such as $.dynamodb.Keys.sk.S, "" if there is none.
func at(record Record, path string) string {
	var value any = map[string]any(record)
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "$."), ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, _ := value.(string)
	return text
}
