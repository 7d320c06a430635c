package schedule

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// throttled is a Webex that counts calls and asks for a pause.
type throttled struct {
	lifecycle.Webex
	calls int
}

func (w *throttled) GetConfig(context.Context, webex.Feature, string, secret.String) (webex.FeatureConfig, error) {
	w.calls++
	return webex.FeatureConfig{}, putOff(time.Minute)
}

// What a look was asked to put off, the worker that claims the row puts off too.
func TestAHostThatAsksForAPauseIsNotCalledAgainForTheRow(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }
	cloud := &throttled{}
	r := &run{
		Schedule: &Schedule{now: now, log: slog.New(slog.DiscardHandler)}, breaker: newBreaker(nil), limits: newLimits(Run{}, 16, now),
	}
	client := &limitedClient{Webex: cloud, run: r, org: "org"}
	get := func(address string) error {
		_, err := client.GetConfig(t.Context(), webex.DigitalSignage, address, secret.String{})
		return err
	}
	for range 3 {
		if err := get("https://a.example/1"); webex.RetryAfter(err) != time.Minute || !errors.Is(err, webex.ErrUnavailable) {
			t.Errorf("error = %v", err)
		}
	}
	if cloud.calls != 1 {
		t.Errorf("%d calls, want one", cloud.calls)
	}
	if _ = get("https://b.example/1"); cloud.calls != 2 {
		t.Error("another host is not called")
	}
}
