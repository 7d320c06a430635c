package lifecycle_test

import (
	"errors"
	"testing"

	"signpost/shared/installation"
	"signpost/shared/schedule"
	"signpost/shared/webex"
)

// The checks that many tests make.

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || (want == nil && err != nil) {
		t.Errorf("error = %v, want %v", err, want)
	}
}

// wantActivation activates with a code.
func (w *world) wantActivation(code string, want error) {
	w.t.Helper()
	_, err := w.activate(code)
	wantErr(w.t, err, want)
}

func (w *world) wantState(want installation.State) {
	w.t.Helper()
	if row, _ := w.stored(); row.State != want {
		w.t.Errorf("state = %s, want %s", row.State, want)
	}
}

func (w *world) wantRegion(want string) {
	w.t.Helper()
	if row, _ := w.stored(); row.Region != want {
		w.t.Errorf("region = %s, want %s", row.Region, want)
	}
}

func (w *world) wantCandidates(want int) {
	w.t.Helper()
	if _, candidates := w.stored(); len(candidates) != want {
		w.t.Errorf("%d candidates, want %d: %+v", len(candidates), want, candidates)
	}
}

// wantCount is about the requests to Webex.
func (w *world) wantCount(kind, method string, want int) {
	w.t.Helper()
	if got := w.count(kind, method); got != want {
		w.t.Errorf("%s %s: %d requests, want %d", method, kind, got, want)
	}
}

func (w *world) wantPushes(feature webex.Feature, want int) {
	w.t.Helper()
	if got := w.pushes(feature); got != want {
		w.t.Errorf("%s: %d pushes, want %d", feature, got, want)
	}
}

func (w *world) wantReport(got, want schedule.Report) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("report = %+v, want %+v", got, want)
	}
}
