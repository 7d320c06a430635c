package dynamo_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
)

func TestSaveIsConditionalOnVersion(t *testing.T) {
	tests := map[string]struct {
		stored  int64 // how often the row was written
		version int64
		want    error
	}{
		"create":              {0, 0, nil},
		"create what exists":  {1, 0, installation.ErrConflict},
		"update":              {1, 1, nil},
		"update again":        {3, 3, nil},
		"stale":               {3, 2, installation.ErrConflict},
		"from the future":     {1, 2, installation.ErrConflict},
		"update what is gone": {0, 1, installation.ErrConflict},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			i, c := active(org), candidate(org, "c")
			for range test.stored {
				i, c = save(t, s, i), putCandidate(t, s, c)
			}
			i.Version, i.OrgName = test.version, "new"
			c.Version, c.OrgName = test.version, "new"
			saved, err := s.Save(t.Context(), i)
			wantError(t, err, test.want)
			put, err := s.PutCandidate(t.Context(), c)
			wantError(t, err, test.want)

			found, candidates := find(t, s, org, now)
			if test.want != nil {
				if found.Version != test.stored || found.OrgName == "new" || slices.ContainsFunc(candidates, func(c installation.Candidate) bool { return c.OrgName == "new" }) {
					t.Errorf("a refused write left %v, %v", found, candidates)
				}
				if !strings.Contains(err.Error(), org) {
					t.Errorf("error does not name the organization: %v", err)
				}
				return
			}
			if saved.Version != test.version+1 || put.Version != test.version+1 || found.Version != saved.Version {
				t.Errorf("versions %d, %d, %d", saved.Version, put.Version, found.Version)
			}
		})
	}
}

// A write begun for an earlier activation fails, even if a restore gave the row the
// same version again.
func TestSaveIsConditionalOnGeneration(t *testing.T) {
	for name, test := range map[string]struct {
		stored, written installation.Generation
		want            error
	}{
		"the same":   {"g1", "g1", nil},
		"an earlier": {"g2", "g1", installation.ErrConflict},
		"none":       {"g1", "", installation.ErrConflict},
		"none yet":   {"", "g1", installation.ErrConflict},
		"never any":  {"", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			i := active(org)
			i.Generation = test.stored
			i = save(t, s, i)
			i.Generation, i.OrgName = test.written, "new"
			_, err := s.Save(t.Context(), i)
			wantError(t, err, test.want)
			if found, _ := find(t, s, org, now); (found.OrgName == "new") != (err == nil) || found.Generation != test.stored {
				t.Errorf("the row is %q of %q after %v", found.OrgName, found.Generation, err)
			}
		})
	}
}

func TestDeleteCandidate(t *testing.T) {
	tests := map[string]struct {
		written, version int64
		want             error
	}{
		"as read":      {2, 2, nil},
		"changed":      {2, 1, installation.ErrConflict},
		"never stored": {1, 0, installation.ErrConflict},
		"gone already": {0, 1, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			c := candidate(org, "c")
			for range test.written {
				c = putCandidate(t, s, c)
			}
			c.Version = test.version
			wantError(t, s.DeleteCandidate(t.Context(), c), test.want)
			_, left := find(t, s, org, now)
			if gone := len(left) == 0; gone != (test.want == nil) {
				t.Errorf("left %v", left)
			}
		})
	}
}

func TestFindReadsEveryPage(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	save(t, s, active(org))
	commit(t, s, active("other"), mark("other", "m"))
	var want []string
	for n := range 4 { // a page ends at 1 MB
		c := candidate(org, numbered("c", n))
		c.Refresh = bytes.Repeat([]byte{byte(n)}, 350<<10)
		putCandidate(t, s, c)
		want = append(want, c.ID)
	}
	found, candidates := find(t, s, org, now)
	var got []string
	for _, c := range candidates {
		got = append(got, c.ID)
	}
	if found.Version != 1 || !slices.Equal(got, want) {
		t.Errorf("found version %d and %v", found.Version, got)
	}
}

// The store's expiry is in seconds, rounded up; the time that comes back is rounded
// too, so that comparing it with a clock gives the store's own answer.
func TestExpiredRowsCountAsGone(t *testing.T) {
	forgetAt := now.Add(10*time.Second + 300*time.Millisecond)
	tests := map[string]struct {
		at   time.Time
		gone bool
	}{
		"long before":          {now, false},
		"in the second before": {forgetAt, false},
		"just before":          {now.Add(11*time.Second - time.Nanosecond), false},
		"the rounded second":   {now.Add(11 * time.Second), true},
		"long after":           {now.Add(time.Hour), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			removed := tombstone(org, forgetAt)
			removed = commit(t, s, removed, installation.Used{Key: installationtest.Key(org), ID: "old", Until: forgetAt})
			c := candidate(org, "c")
			c.ForgetAt = forgetAt
			c = putCandidate(t, s, c)

			found, candidates := find(t, s, org, test.at)
			if (found.Version == 0) != test.gone || (len(candidates) == 0) != test.gone {
				t.Errorf("found %v and %v", found, candidates)
			}
			if removed.Forgotten(test.at) != test.gone {
				t.Errorf("the tombstone that came back disagrees: %v", removed.ForgetAt)
			}
			if isUsed(t, s, org, "old", test.at) == test.gone {
				t.Error("the mark disagrees")
			}
			want := map[bool]error{false: installation.ErrConflict}[test.gone]
			_, err := s.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org), Candidate: c.ID}, installation.NewLease("w", test.at), test.at)
			if test.gone != errors.Is(err, installation.ErrConflict) {
				t.Errorf("claim: %v", err)
			}
			created, err := s.Commit(t.Context(), active(org), mark(org, "new"), nil, test.at)
			wantError(t, err, want)
			if test.gone && created.Version != 1 {
				t.Errorf("created version %d", created.Version)
			}
		})
	}
}

// DynamoDB, unlike the emulator, is consistent only on request; the index cannot be.
func TestReadsAreStronglyConsistent(t *testing.T) {
	t.Parallel()
	s, ops := countingStore(t)
	save(t, s, active(org))
	l := newLaunch(org)
	create(t, s, l)
	find(t, s, org, now)
	isUsed(t, s, org, "m", now)
	if _, _, err := s.Take(t.Context(), l.ID, now); err != nil {
		t.Fatal(err)
	}
	if len(ops.weak) != 0 {
		t.Errorf("weak reads: %v", ops.weak)
	}
	allDue(t, s, now, 1)
	if len(ops.weak) != 1 || ops.weak["Query"] == 0 {
		t.Errorf("the test does not tell: %v", ops.weak)
	}
}
