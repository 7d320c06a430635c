package dynamo_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/installation"
)

// TestRefusals: a row for each client, written only over the version that was
// read.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	none, err := s.Refusals(t.Context(), "C1")
	if diff := cmp.Diff(installation.Refusals{ClientID: "C1"}, none); err != nil || diff != "" {
		t.Errorf("before the first: %v\n%s", err, diff)
	}
	added, _ := none.Add("one")
	want, err := s.SaveRefusals(t.Context(), added.Clear(now))
	if err == nil {
		want, _ = want.Add("two")
		want, err = s.SaveRefusals(t.Context(), want)
	}
	noError(t, err)
	found, err := s.Refusals(t.Context(), "C1")
	if diff := cmp.Diff(want, found); err != nil || diff != "" || found.Version != 2 || !found.ClearedAt.Equal(now) {
		t.Errorf("found %+v, %v\n%s", found, err, diff)
	}
	if _, err := s.SaveRefusals(t.Context(), added); !errors.Is(err, installation.ErrConflict) {
		t.Errorf("over a later version: %v", err)
	}
	if other, err := s.Refusals(t.Context(), "C2"); err != nil || other.Version != 0 {
		t.Errorf("another client's: %+v, %v", other, err)
	}
}
