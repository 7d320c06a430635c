package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"signpost/shared/installation"
)

func TestInstallationsListsJustThese(t *testing.T) {
	s := newStore(t)
	for n := range 5 {
		save(t, s, active(fmt.Sprint("o", n)))
	}
	if _, err := s.PutCandidate(t.Context(), candidate("o1", "c")); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for row, err := range s.Installations(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if row.State != installation.Active || seen[row.OrgKey] {
			t.Errorf("row = %+v", row)
		}
		seen[row.OrgKey] = true
	}
	if len(seen) != 5 {
		t.Errorf("listed %v", seen)
	}
	for range s.Installations(t.Context()) {
		break // ends early without harm
	}
	for _, err := range s.Installations(canceled(t)) {
		if err == nil || errors.Is(err, installation.ErrNotFound) {
			t.Errorf("error = %v", err)
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
