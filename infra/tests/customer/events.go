package customer

import (
	"errors"
	"strings"

	"signpost/infra/local/stack"
	"signpost/infra/notices"
	"signpost/infra/notices/noticestest"
)

// CheckEvents holds each event that a deployment has logged to the schema of its detail
// type, and returns how many there were of each. Schemas is the directory of the schemas.
func CheckEvents(s *stack.Stack, schemas string) (count map[string]int, err error) {
	count = map[string]int{}
	for line := range strings.Lines(s.Logs()) {
		logged, is := strings.CutPrefix(line, "notices | ")
		if !is {
			continue
		}
		kind, detail, _ := strings.Cut(strings.TrimSpace(logged), " ")
		if !strings.HasPrefix(detail, "{") {
			err = errors.Join(err, errors.New(line))
			continue
		}
		count[kind]++
		err = errors.Join(err, noticestest.Validate(schemas, notices.Event{DetailType: kind, Detail: detail}))
	}
	return count, err
}
