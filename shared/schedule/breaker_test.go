package schedule

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// recordedCall is a call to one host that ended.
type recordedCall struct {
	org string
	err error
}

func putOff(rest time.Duration) error {
	return &webex.APIError{Op: "call", Status: 429, RetryAfter: rest}
}

func TestBreaker(t *testing.T) {
	broken, refused := &webex.APIError{Op: "call", Status: 503}, &webex.APIError{Op: "call", Status: 404}
	const minute = time.Minute
	unanswered := func(count int) (calls []recordedCall) {
		for n := range count {
			calls = append(calls, recordedCall{fmt.Sprint(n), broken})
		}
		return calls
	}
	tests := map[string]struct {
		calls []recordedCall
		open  bool
		asked time.Duration
	}{
		"nothing":                    {nil, false, 0},
		"three put off":              {[]recordedCall{{"a", putOff(minute)}, {"b", putOff(minute)}, {"c", putOff(minute)}}, true, minute},
		"one organization put off":   {[]recordedCall{{"a", putOff(minute)}, {"a", putOff(minute)}, {"a", putOff(minute)}, {"a", putOff(minute)}}, false, 0},
		"an answer between":          {[]recordedCall{{"a", putOff(minute)}, {"b", putOff(minute)}, {"c", refused}, {"a", putOff(minute)}}, false, 0},
		"no answer between":          {[]recordedCall{{"a", putOff(minute)}, {"b", putOff(minute)}, {"c", broken}, {"d", putOff(minute)}}, false, 0},
		"put off for long":           {[]recordedCall{{"a", putOff(1)}, {"b", putOff(1)}, {"c", putOff(24 * time.Hour)}}, true, maxOpen},
		"a late answer closes not":   {[]recordedCall{{"a", putOff(minute)}, {"b", putOff(minute)}, {"c", putOff(minute)}, {"d", nil}}, true, minute},
		"a late one prolongs not":    {[]recordedCall{{"a", putOff(minute)}, {"b", putOff(minute)}, {"c", putOff(minute)}, {"d", putOff(2 * minute)}}, true, minute},
		"ten unanswered":             {unanswered(openAfterUnanswered), true, 0},
		"nine unanswered":            {unanswered(openAfterUnanswered - 1), false, 0},
		"an answer before the tenth": {append(unanswered(openAfterUnanswered-1), recordedCall{"a", nil}, recordedCall{"b", broken}), false, 0},
		"one unanswered repeatedly":  {append(unanswered(openAfterUnanswered-1), recordedCall{"8", broken}, recordedCall{"8", broken}), false, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b, now := newBreaker(nil), time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
			opened := 0
			for _, call := range test.calls {
				if b.record("host", call.org, call.err, now) {
					opened++
				}
			}
			err := b.allow("host", now)
			refused, isRefused := errors.AsType[*lifecycle.NotCalledError](err)
			if isRefused != test.open || (opened == 1) != test.open {
				t.Errorf("allow: %v, opened %d times", err, opened)
			}
			if isRefused && refused.RetryAfter != test.asked {
				t.Errorf("not called for %v, want %v", refused.RetryAfter, test.asked)
			}
			if err := b.allow("other", now); err != nil {
				t.Errorf("another host is not called: %v", err)
			}
		})
	}
}

// A run begins with the hosts that the passes skipped: they are not called, and are
// probed once the pause that they asked for is over.
func TestBreakerOfARunAfterAnother(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	b := newBreaker([]installation.Pass{
		{Skipped: map[string]installation.Skipped{"silent": {}, "throttled": {NotBefore: now.Add(-time.Second)}}},
		{Skipped: map[string]installation.Skipped{"throttled": {NotBefore: now.Add(time.Minute)}}},
	})
	for _, host := range []string{"silent", "throttled"} {
		if b.allow(host, now) == nil {
			t.Errorf("%s is called", host)
		}
	}
	if hosts := b.halfOpen(now); len(hosts) != 1 || hosts[0] != "silent" {
		t.Errorf("half-open: %v", hosts)
	}
	if hosts := b.halfOpen(now.Add(time.Minute)); len(hosts) != 2 {
		t.Errorf("half-open a minute later: %v", hosts)
	}
	b.close("silent")
	if err := b.allow("silent", now); err != nil {
		t.Error(err)
	}
}
