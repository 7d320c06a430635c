package dynamo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
)

// stage is what a commit finds: an installation at version 2, two candidates
// at version 1, the mark "seen".
func stage(t *testing.T, s *dynamo.Store) (installation.Installation, []installation.Candidate) {
	t.Helper()
	i := commit(t, s, save(t, s, active(org)), mark(org, "seen"))
	return i, []installation.Candidate{putCandidate(t, s, candidate(org, "a")), putCandidate(t, s, candidate(org, "b"))}
}

func TestCommit(t *testing.T) {
	type args struct {
		i    *installation.Installation
		used *installation.Used
		done []installation.Candidate
	}
	tests := map[string]struct {
		change func(args)
		want   error
	}{
		"all as read":           {func(args) {}, nil},
		"installation changed":  {func(a args) { a.i.Version = 1 }, installation.ErrConflict},
		"installation is there": {func(a args) { a.i.Version = 0 }, installation.ErrConflict},
		"token marked":          {func(a args) { a.used.ID = "seen" }, installation.ErrReplayed},
		"candidate changed":     {func(a args) { a.done[0].Version = 7 }, installation.ErrConflict},
		"candidate gone":        {func(a args) { a.done[1].ID = "gone" }, installation.ErrConflict},
		"marked and changed": {func(a args) {
			a.i.Version, a.used.ID, a.done[0].Version = 1, "seen", 7
		}, installation.ErrReplayed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			i, done := stage(t, s)
			before, candidates := find(t, s, org, now)
			used := mark(org, "new")
			i.OrgName = "changed"
			test.change(args{&i, &used, done})

			committed, err := s.Commit(t.Context(), i, used, done, now)
			wantError(t, err, test.want)
			after, left := find(t, s, org, now)
			if test.want == nil {
				if after.OrgName != "changed" || after.Version != 3 || len(left) != 0 || !isUsed(t, s, org, "new", now) {
					t.Errorf("committed %v, candidates left %v", after, left)
				}
				if diff := cmp.Diff(after, committed); diff != "" {
					t.Errorf("what came back is not what is stored:\n%s", diff)
				}
				return
			}
			if diff := cmp.Diff(before, after) + cmp.Diff(candidates, left); diff != "" {
				t.Errorf("a refused commit changed something:\n%s", diff)
			}
			if isUsed(t, s, org, "new", now) {
				t.Error("a refused commit left its mark")
			}
		})
	}
}

func TestCommitCreates(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := putCandidate(t, s, candidate(org, "c"))
	created, err := s.Commit(t.Context(), active(org), mark(org, "c"), []installation.Candidate{c}, now)
	if err != nil || created.Version != 1 {
		t.Fatalf("created %v: %v", created, err)
	}
	found, left := find(t, s, org, now)
	if found.Version != 1 || len(left) != 0 {
		t.Errorf("found %v and %v", found, left)
	}
}

func TestCommitReplacesAnExpiredMark(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	used := mark(org, "m")
	i := commit(t, s, save(t, s, active(org)), used)
	_, err := s.Commit(t.Context(), i, used, nil, used.Until.Add(-time.Second))
	wantError(t, err, installation.ErrReplayed)
	later := used
	later.Until = used.Until.Add(time.Hour)
	if _, err := s.Commit(t.Context(), i, later, nil, used.Until); err != nil {
		t.Fatal(err)
	}
	if !isUsed(t, s, org, "m", used.Until.Add(time.Minute)) {
		t.Error("the mark was not renewed")
	}
}

func TestMarksAreOfOneOrganization(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	commit(t, s, active("one"), mark("one", "m"))
	if isUsed(t, s, "two", "m", now) {
		t.Error("marked for another organization")
	}
	commit(t, s, active("two"), mark("two", "m"))
}

func TestCommitLimits(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	i, _ := stage(t, s)
	var done []installation.Candidate
	for n := range dynamo.MaxDone + 1 {
		done = append(done, putCandidate(t, s, candidate(org, numbered("c", n))))
	}
	if _, err := s.Commit(t.Context(), i, mark(org, "new"), done, now); err == nil {
		t.Error("took more candidates than fit")
	}
	if _, err := s.Commit(t.Context(), i, mark(org, ""), nil, now); err == nil {
		t.Error("took a commit without a token")
	}
	if _, err := s.Commit(t.Context(), i, mark(org, "new"), done[:dynamo.MaxDone], now); err != nil {
		t.Errorf("did not take as many candidates as fit: %v", err)
	}
}
