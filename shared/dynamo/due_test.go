package dynamo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
)

// allDue reads what is due in every shard, limit at a time.
func allDue(t *testing.T, s *dynamo.Store, now time.Time, limit int) []installation.Ref {
	t.Helper()
	var all []installation.Ref
	for shard := range installation.Shards {
		for cursor := ""; ; {
			due, next, err := s.Due(t.Context(), shard, now, cursor, limit)
			noError(t, err)
			if len(due) > limit {
				t.Fatalf("%d rows, limit %d", len(due), limit)
			}
			all = append(all, due...)
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return all
}

func TestQueued(t *testing.T) {
	removed := tombstone(org, now.Add(time.Hour))
	removed.Schedule.DueAt = now
	invalid := active(org)
	invalid.State = installation.TokenInvalid
	idle := active(org)
	idle.Schedule.DueAt = time.Time{}
	refused := candidate(org, "c")
	refused.Refused = true
	resting := candidate(org, "c")
	resting.Schedule.DueAt = time.Time{}
	forgotten := candidate(org, "c")
	forgotten.Schedule.DueAt = forgotten.ForgetAt

	tests := map[string]struct {
		row any
		due bool
	}{
		"active":              {active(org), true},
		"token_invalid":       {invalid, true},
		"not to be verified":  {idle, false},
		"tombstone":           {removed, false},
		"candidate":           {candidate(org, "c"), true},
		"candidate at rest":   {resting, false},
		"refused candidate":   {refused, false},
		"due when it is gone": {forgotten, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			ref := installation.Ref{Key: installationtest.Key(org), DueAt: now}
			switch row := test.row.(type) {
			case installation.Installation:
				save(t, s, row)
			case installation.Candidate:
				ref.Candidate = row.ID
				putCandidate(t, s, row)
			}
			ever := now.Add(1000 * 24 * time.Hour)
			var want []installation.Ref
			if test.due {
				want = []installation.Ref{{Key: installationtest.Key(org), Candidate: ref.Candidate, DueAt: now}}
			}
			if diff := cmp.Diff(want, allDue(t, s, ever, 10)); diff != "" {
				t.Errorf("queued (-want +got):\n%s", diff)
			}
			at := now
			if _, err := s.Claim(t.Context(), ref, installation.NewLease("w", at), at); (err == nil) != test.due {
				t.Errorf("claim: %v", err)
			}
		})
	}
}

func TestDueListsEarliestFirst(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	// One organization, so one shard; every third is due at the same time.
	for n := range 9 {
		c := candidate(org, numbered("c", n))
		c.Schedule.DueAt = now.Add(-time.Duration(n/3) * time.Minute)
		putCandidate(t, s, c)
	}
	late := candidate(org, "late")
	late.Schedule.DueAt = now.Add(time.Millisecond)
	putCandidate(t, s, late)

	for _, limit := range []int{1, 2, 3, 9, 100} {
		due := allDue(t, s, now, limit)
		var ids []string
		for _, ref := range due {
			ids = append(ids, ref.Candidate)
		}
		for n := range 3 {
			slices.Sort(ids[min(3*n, len(ids)):min(3*n+3, len(ids))]) // equal times, any order
		}
		if got := strings.Join(ids, " "); got != "c-0006 c-0007 c-0008 c-0003 c-0004 c-0005 c-0000 c-0001 c-0002" {
			t.Errorf("limit %d: %s", limit, got)
		}
	}
	count, err := s.CountDue(t.Context(), installation.ShardOf(org), now)
	if err != nil || count != 9 {
		t.Errorf("count %d: %v", count, err)
	}
	if count, err := s.CountDue(t.Context(), (installation.ShardOf(org)+1)%installation.Shards, now); err != nil || count != 0 {
		t.Errorf("count of another shard %d: %v", count, err)
	}
}

func TestCountDueReadsEveryPage(t *testing.T) {
	t.Parallel()
	s, ops := countingStore(t)
	for n := range 7 {
		putCandidate(t, s, candidate(org, numbered("c", n)))
	}
	ops.pageSize = 3 // for what takes 1 MB otherwise
	count, err := s.CountDue(t.Context(), installation.ShardOf(org), now)
	if err != nil || count != 7 || ops.count("Query") != 3 {
		t.Errorf("count %d: %v, requests %v", count, err, ops)
	}
}

func TestDueRefusesForeignCursors(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, cursor := range []string{"%", "bm8ganNvbg"} {
		if _, _, err := s.Due(t.Context(), 0, now, cursor, 1); err == nil {
			t.Errorf("took %q", cursor)
		}
	}
}
