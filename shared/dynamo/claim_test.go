package dynamo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
)

// A row listed as due is claimed only while it is due, one that a pass found
// regardless. Neither is claimed while another worker holds its lease.
func TestClaim(t *testing.T) {
	held := func(until time.Time) installation.Lease { return installation.Lease{Owner: "other", Until: until} }
	tests := map[string]struct {
		dueAt time.Time
		work  installation.Lease
		want  error // of a row that is listed as due
		found error // of one that a pass found
	}{
		"due":              {now, installation.Lease{}, nil, nil},
		"due before":       {now.Add(-time.Hour), installation.Lease{}, nil, nil},
		"not due":          {now.Add(time.Millisecond), installation.Lease{}, installation.ErrConflict, nil},
		"never due":        {time.Time{}, installation.Lease{}, installation.ErrConflict, nil},
		"held":             {now, held(now.Add(time.Millisecond)), installation.ErrConflict, installation.ErrConflict},
		"lease ends":       {now, held(now), nil, nil},
		"lease ended":      {now, held(now.Add(-time.Hour)), nil, nil},
		"lease has no end": {now, held(time.Time{}), nil, nil},
	}
	for name, test := range tests {
		for listed, want := range map[string]error{"listed": test.want, "found": test.found} {
			t.Run(name+", "+listed, func(t *testing.T) {
				t.Parallel()
				s, ops := countingStore(t)
				i, c := active(org), candidate(org, "c")
				i.Schedule.DueAt, i.Work = test.dueAt, test.work
				c.Schedule.DueAt, c.Work = test.dueAt, test.work
				i, c = save(t, s, i), putCandidate(t, s, c)
				lease, ref := installation.NewLease("me", now), installation.Ref{Key: installationtest.Key(org)}
				if listed == "listed" {
					ref.DueAt = now
				}
				ops.reset()

				gotI, err := s.Claim(t.Context(), ref, lease, now)
				wantError(t, err, want)
				ref.Candidate = "c"
				gotC, err := s.Claim(t.Context(), ref, lease, now)
				wantError(t, err, want)
				if ops.total() != 2 || ops.count("UpdateItem") != 2 {
					t.Errorf("requests: %v", ops)
				}

				var wantI, wantC installation.Work
				if want == nil {
					i.Version, i.Work, i.Schedule.DueAt = 2, lease, lease.Until
					c.Version, c.Work, c.Schedule.DueAt = 2, lease, lease.Until
					wantI.Installation, wantC.Candidate = &i, &c
				}
				if diff := cmp.Diff(wantI, gotI) + cmp.Diff(wantC, gotC); diff != "" {
					t.Errorf("claimed (-want +got):\n%s", diff)
				}
				found, candidates := find(t, s, org, now)
				if diff := cmp.Diff(i, found) + cmp.Diff([]installation.Candidate{c}, candidates); diff != "" {
					t.Errorf("stored (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestClaimOfNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, ref := range []installation.Ref{{Key: installationtest.Key(org)}, {Key: installationtest.Key(org), Candidate: "c"}} {
		_, err := s.Claim(t.Context(), ref, installation.NewLease("me", now), now)
		wantError(t, err, installation.ErrConflict)
	}
	found, candidates := find(t, s, org, now)
	if found.Version != 0 || candidates != nil {
		t.Errorf("a claim created %v, %v", found, candidates)
	}
}

// A claim is a write like any other: a worker that read the row before it conflicts.
func TestClaimRaisesTheVersion(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	read := save(t, s, active(org))
	work, err := s.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org)}, installation.NewLease("me", now), now)
	noError(t, err)
	_, err = s.Save(t.Context(), read)
	wantError(t, err, installation.ErrConflict)
	done := *work.Installation
	done.Work, done.Schedule.DueAt = installation.Lease{}, now.Add(time.Hour)
	save(t, s, done)
	if due := allDue(t, s, now.Add(59*time.Minute), 10); due != nil {
		t.Errorf("still due: %v", due)
	}
}

// A claim sets the revision of the channels only if it is given one.
func TestClaimSetsTheChannelRevision(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	key := installationtest.Key("org")
	save(t, s, installation.Installation{Key: key, State: installation.Active, ChannelRevision: 3})
	for n, test := range []struct{ given, want int }{{0, 3}, {7, 7}, {0, 7}} {
		at := now.Add(time.Duration(n) * time.Hour)
		work, err := s.Claim(t.Context(), installation.Ref{Key: key, ChannelRevision: test.given}, installation.NewLease("me", at), at)
		if err != nil || work.Installation.ChannelRevision != test.want {
			t.Errorf("given %d: %+v, %v", test.given, work.Installation, err)
		}
	}
}
