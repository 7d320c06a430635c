package lifecycle

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"signpost/shared/webex"
)

// heardCall is a call to one host that ended, and what is then left of its quiet.
type heardCall struct {
	at   time.Duration
	org  string
	err  error
	left time.Duration
}

func TestQuiet(t *testing.T) {
	putOff := func(rest time.Duration) error {
		return &webex.APIError{Op: "call", Status: 429, RetryAfter: rest}
	}
	broken, refused := &webex.APIError{Op: "call", Status: 503}, &webex.APIError{Op: "call", Status: 404}
	const minute = time.Minute
	unanswered := func(calls int) (heard []heardCall) {
		for n := range calls {
			heard = append(heard, heardCall{org: fmt.Sprint(n), err: broken})
		}
		return heard
	}
	deaf := append(unanswered(quietAfterUnanswered-1), heardCall{org: "last", err: broken, left: deafQuiet})
	tests := map[string][]heardCall{
		"three put off":                {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", putOff(minute), minute}, {minute, "d", nil, 0}},
		"one organization put off":     {{0, "a", putOff(minute), 0}, {0, "a", putOff(minute), 0}, {0, "a", putOff(minute), 0}, {0, "a", putOff(minute), 0}},
		"an answer between":            {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", refused, 0}, {0, "a", putOff(minute), 0}},
		"no answer between":            {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", broken, 0}, {0, "d", putOff(minute), 0}},
		"put off for long":             {{0, "a", putOff(1), 0}, {0, "b", putOff(1), 0}, {0, "c", putOff(24 * time.Hour), maxQuiet}},
		"a late answer opens nothing":  {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", putOff(minute), minute}, {1, "d", nil, minute - 1}},
		"a late one prolongs nothing":  {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", putOff(minute), minute}, {1, "d", putOff(2 * minute), minute - 1}},
		"after its time it asks again": {{0, "a", putOff(1), 0}, {0, "b", putOff(1), 0}, {0, "c", putOff(1), 1}, {minute, "a", putOff(minute), 0}, {minute, "b", putOff(minute), 0}},
		"ten unanswered":               deaf,
		"one organization unanswered":  append(unanswered(1), heardCall{org: "0", err: broken}, heardCall{org: "0", err: broken}),
		"still deaf":                   append(deaf[:len(deaf):len(deaf)], heardCall{deafQuiet, "last", broken, deafQuiet}),
		"answers again":                append(deaf[:len(deaf):len(deaf)], heardCall{deafQuiet, "last", nil, 0}),
	}
	for name, calls := range tests {
		t.Run(name, func(t *testing.T) {
			q, began := newQuiet(), time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
			for n, call := range calls {
				now := began.Add(call.at)
				q.heard("host", call.org, call.err, now)
				if left, probe := q.admit("host", now); left != call.left || probe {
					t.Errorf("after call %d: %v left, want %v; probe %t", n, left, call.left, probe)
				}
			}
			if left, _ := q.admit("other", began); left != 0 {
				t.Errorf("another host is left alone for %v", left)
			}
		})
	}
}

// A deaf host is called by one row in a while, until one is answered.
func TestQuietProbes(t *testing.T) {
	q, now := newQuiet(), time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for n := range quietAfterUnanswered {
		q.heard("host", fmt.Sprint(n), webex.ErrUnavailable, now)
	}
	now = now.Add(deafQuiet)
	for range 3 {
		if left, probe := q.admit("host", now); left != 0 || !probe {
			t.Fatalf("the first: %v left, probe %t", left, probe)
		}
		if left, probe := q.admit("host", now); left != probeTime || probe {
			t.Fatalf("the second: %v left, probe %t", left, probe)
		}
		now = now.Add(probeTime) // of a probe that never called
	}
	q.heard("host", "a", errors.New("refused"), now)
	for range 2 {
		if left, probe := q.admit("host", now); left != 0 || probe {
			t.Fatalf("after an answer: %v left, probe %t", left, probe)
		}
	}
}
