package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/invitation"
)

func saveInvitation(t *testing.T, s *dynamo.Store, i invitation.Invitation) invitation.Invitation {
	t.Helper()
	saved, err := s.SaveInvitation(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func readInvitation(t *testing.T, s *dynamo.Store, id string, at time.Time) invitation.Invitation {
	t.Helper()
	found, err := s.Invitation(t.Context(), id, at)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestInvitations(t *testing.T) {
	s := newStore(t)
	open := saveInvitation(t, s, invitation.Invitation{
		ID: "a", AppID: "app", Private: true, Reference: "4711", Label: "Acme", CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	})
	if diff := cmp.Diff(open, readInvitation(t, s, "a", now)); diff != "" {
		t.Errorf("read (-want +got)\n%s", diff)
	}
	if none := readInvitation(t, s, "b", now); none.Version != 0 {
		t.Errorf("read %+v", none)
	}
	if gone := readInvitation(t, s, "a", open.ForgetAt().Add(time.Second)); gone.Version != 0 {
		t.Errorf("still there: %+v", gone)
	}
	for _, version := range []int64{0, 7} {
		if _, err := s.SaveInvitation(t.Context(), invitation.Invitation{ID: "a", Version: version}); !errors.Is(err, installation.ErrConflict) {
			t.Errorf("version %d: %v", version, err)
		}
	}
	second := saveInvitation(t, s, invitation.Invitation{ID: "b", AppID: "app", CreatedAt: now, ExpiresAt: now.Add(time.Minute)})
	list, err := s.Invitations(t.Context(), now)
	if diff := cmp.Diff([]invitation.Invitation{open, second}, list); err != nil || diff != "" {
		t.Errorf("list: %v (-want +got)\n%s", err, diff)
	}
}

// TestCommitUsesTheInvitationUp: with the installation, or not at all.
func TestCommitUsesTheInvitationUp(t *testing.T) {
	open := invitation.Invitation{ID: "id", AppID: "app", CreatedAt: now, ExpiresAt: now.Add(-time.Second)}
	used, revoked := open, open
	used.UsedAt, used.UsedBy = now, installation.Key{OrgKey: "other", AppID: "app"}
	revoked.RevokedAt = now
	for name, test := range map[string]struct {
		stored []invitation.Invitation
		marked bool
		want   error
	}{
		"open, expired meanwhile": {[]invitation.Invitation{open}, false, nil},
		"used":                    {[]invitation.Invitation{used}, false, installation.ErrInvited},
		"revoked":                 {[]invitation.Invitation{revoked}, false, installation.ErrInvited},
		"gone":                    {nil, false, installation.ErrInvited},
		"open, token used":        {[]invitation.Invitation{open}, true, installation.ErrReplayed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			for _, i := range test.stored {
				saveInvitation(t, s, i)
			}
			before := readInvitation(t, s, "id", now)
			i, done := stage(t, s)
			mark := mark(org, "new")
			if mark.Invitation = "id"; test.marked {
				mark.ID = "seen"
			}
			committed, err := s.Commit(t.Context(), i, mark, done, now)
			wantError(t, err, test.want)
			after := readInvitation(t, s, "id", now)
			switch {
			case test.want == nil && (after.UsedAt != now || after.UsedBy != committed.Key || after.Version != before.Version+1):
				t.Errorf("not used up: %+v", after)
			case test.want != nil && after != before:
				t.Errorf("changed from %+v to %+v", before, after)
			}
		})
	}
}
