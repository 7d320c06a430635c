package schedule

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"signpost/shared/webex"
)

// recordedCall is a call to one host that ended, and how much longer its breaker is then open.
type recordedCall struct {
	at   time.Duration
	org  string
	err  error
	left time.Duration
}

func TestBreaker(t *testing.T) {
	putOff := func(rest time.Duration) error {
		return &webex.APIError{Op: "call", Status: 429, RetryAfter: rest}
	}
	broken, refused := &webex.APIError{Op: "call", Status: 503}, &webex.APIError{Op: "call", Status: 404}
	const minute = time.Minute
	unanswered := func(count int) (calls []recordedCall) {
		for n := range count {
			calls = append(calls, recordedCall{org: fmt.Sprint(n), err: broken})
		}
		return calls
	}
	unresponsive := append(unanswered(openAfterUnanswered-1), recordedCall{org: "last", err: broken, left: unresponsiveOpen})
	tests := map[string][]recordedCall{
		"three put off":                {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", putOff(minute), minute}, {minute, "d", nil, 0}},
		"one organization put off":     {{0, "a", putOff(minute), 0}, {0, "a", putOff(minute), 0}, {0, "a", putOff(minute), 0}, {0, "a", putOff(minute), 0}},
		"an answer between":            {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", refused, 0}, {0, "a", putOff(minute), 0}},
		"no answer between":            {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", broken, 0}, {0, "d", putOff(minute), 0}},
		"put off for long":             {{0, "a", putOff(1), 0}, {0, "b", putOff(1), 0}, {0, "c", putOff(24 * time.Hour), maxOpen}},
		"a late answer opens nothing":  {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", putOff(minute), minute}, {1, "d", nil, minute - 1}},
		"a late one prolongs nothing":  {{0, "a", putOff(minute), 0}, {0, "b", putOff(minute), 0}, {0, "c", putOff(minute), minute}, {1, "d", putOff(2 * minute), minute - 1}},
		"after its time it asks again": {{0, "a", putOff(1), 0}, {0, "b", putOff(1), 0}, {0, "c", putOff(1), 1}, {minute, "a", putOff(minute), 0}, {minute, "b", putOff(minute), 0}},
		"ten unanswered":               unresponsive,
		"one organization unanswered":  append(unanswered(1), recordedCall{org: "0", err: broken}, recordedCall{org: "0", err: broken}),
		"still unresponsive":           append(unresponsive[:len(unresponsive):len(unresponsive)], recordedCall{unresponsiveOpen, "last", broken, unresponsiveOpen}),
		"answers again":                append(unresponsive[:len(unresponsive):len(unresponsive)], recordedCall{unresponsiveOpen, "last", nil, 0}),
	}
	for name, calls := range tests {
		t.Run(name, func(t *testing.T) {
			b, began := newBreaker(), time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
			for n, call := range calls {
				now := began.Add(call.at)
				b.record("host", call.org, call.err, now)
				if left, halfOpen := b.allow("host", now); left != call.left || halfOpen {
					t.Errorf("after call %d: %v left, want %v; halfOpen %t", n, left, call.left, halfOpen)
				}
			}
			if left, _ := b.allow("other", began); left != 0 {
				t.Errorf("another host is not called for %v", left)
			}
		})
	}
}

// An unresponsive host is tried by one row per interval, until one is answered.
func TestBreakerHalfOpen(t *testing.T) {
	b, now := newBreaker(), time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for n := range openAfterUnanswered {
		b.record("host", fmt.Sprint(n), webex.ErrUnavailable, now)
	}
	now = now.Add(unresponsiveOpen)
	for range 3 {
		if left, halfOpen := b.allow("host", now); left != 0 || !halfOpen {
			t.Fatalf("the first: %v left, halfOpen %t", left, halfOpen)
		}
		if left, halfOpen := b.allow("host", now); left != halfOpenEvery || halfOpen {
			t.Fatalf("the second: %v left, halfOpen %t", left, halfOpen)
		}
		now = now.Add(halfOpenEvery) // of a row that never called
	}
	b.record("host", "a", errors.New("refused"), now)
	for range 2 {
		if left, halfOpen := b.allow("host", now); left != 0 || halfOpen {
			t.Fatalf("after an answer: %v left, halfOpen %t", left, halfOpen)
		}
	}
}
