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

// Rows are what holds tokens: no marks, launches or chunks.
func TestRows(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	save(t, s, active("o1"))
	save(t, s, active("o2"))
	putCandidate(t, s, candidate("o1", "c1"))
	putCandidate(t, s, candidate("new", "c2"))
	create(t, s, newLaunch("o1", twoChunks()...))
	installations, candidates := 0, 0
	for work, err := range s.Rows(t.Context()) {
		switch {
		case err != nil:
			t.Fatal(err)
		case work.Candidate != nil:
			candidates++
		default:
			installations++
		}
	}
	if installations != 2 || candidates != 2 {
		t.Errorf("%d installations, %d candidates", installations, candidates)
	}
	for _, err := range s.Rows(canceled(t)) {
		if err == nil {
			t.Error("no error")
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
