package dynamo_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/channel"
	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/integration"
	"signpost/shared/invitation"
	"signpost/shared/secret"
)

func clock() time.Time { return now }

// copyTo copies everything, and fails t unless it counts what is wanted.
func copyTo(t *testing.T, c dynamo.Copy, want dynamo.Copied) {
	t.Helper()
	c.Now = clock
	got, err := c.Run(t.Context())
	if err != nil || got != want {
		t.Errorf("%s: copied %+v, %v; want %+v", c.Purpose, got, err, want)
	}
}

// customer is an installation that was activated a day ago.
func customer(orgKey string) installation.Installation {
	i := active(orgKey)
	i.ActivatedAt, i.LastActionAt = now.Add(-24*time.Hour), now.Add(-24*time.Hour)
	i.Tokens.Refresh = secret.Sealed("token of " + orgKey)
	return i
}

// activateAgain and remove are what a customer does at a store.
func activateAgain(t *testing.T, s *dynamo.Store, orgKey, generation string) {
	t.Helper()
	row, _ := find(t, s, orgKey, now)
	next, err := installation.Candidate{Key: installationtest.Key(orgKey), ID: generation, Change: installation.Change{IssuedAt: now}, ForgetAt: now.Add(time.Hour)}.Promote(row)
	noError(t, err)
	next.Tokens.Refresh = secret.Sealed("token of " + generation)
	commit(t, s, next, mark(orgKey, generation))
}

func remove(t *testing.T, s *dynamo.Store, orgKey string) {
	t.Helper()
	row, _ := find(t, s, orgKey, now)
	next, err := row.Remove(now, now.Add(time.Hour))
	noError(t, err)
	commit(t, s, next, mark(orgKey, "deprovision"))
}

// The documented move: copy, point the domain at the new API, copy once more. The
// second copy keeps what customers did at the new API in between, however often the old
// schedule has written its rows.
func TestMoveKeepsWhatIsNewer(t *testing.T) {
	t.Parallel()
	old, fresh := newStore(t), newStore(t)
	for _, orgKey := range []string{"stays", "activates here", "removes here", "activates there", "removes there", "rotates here"} {
		save(t, old, customer(orgKey))
	}
	c := putCandidate(t, old, candidate("stays", "c"))
	commit(t, old, customer("marked"), mark("marked", "m"))
	move := dynamo.Copy{Source: old, Target: fresh, Purpose: dynamo.Move}
	first := dynamo.Copied{Installations: dynamo.Counts{Added: 7}, Candidates: dynamo.Counts{Added: 1}, UsedTokens: dynamo.Counts{Added: 1}}
	move.DryRun = true
	copyTo(t, move, first)
	if row, _ := find(t, fresh, "stays", now); row.Version != 0 {
		t.Error("a dry run wrote")
	}
	move.DryRun = false
	copyTo(t, move, first)
	copyTo(t, move, dynamo.Copied{Installations: dynamo.Counts{Left: 7}, Candidates: dynamo.Counts{Left: 1}, UsedTokens: dynamo.Counts{Left: 1}})

	activateAgain(t, fresh, "activates here", "g2")
	remove(t, fresh, "removes here")
	activateAgain(t, old, "activates there", "g3")
	remove(t, old, "removes there")
	rotated, _ := find(t, fresh, "rotates here", now)
	rotated.Tokens.Refresh, rotated.Tokens.RenewedAt = secret.Sealed("rotated"), now
	save(t, fresh, rotated)
	_, candidates := find(t, fresh, "stays", now)
	if len(candidates) != 1 || string(candidates[0].ID) != c.ID {
		t.Fatalf("candidates %v", candidates)
	}
	if _, err := fresh.Commit(t.Context(), customer("proven"), mark("stays", "c"), candidates, now); err != nil {
		t.Fatal(err) // the candidate is proven here: it is gone, and its token used
	}
	for _, orgKey := range []string{"activates here", "removes here", "rotates here"} {
		for range 5 { // the old schedule
			row, _ := find(t, old, orgKey, now)
			save(t, old, row)
		}
	}
	copyTo(t, move, dynamo.Copied{
		Installations: dynamo.Counts{Changed: 3, Left: 4}, Candidates: dynamo.Counts{Left: 1}, UsedTokens: dynamo.Counts{Added: 2, Left: 1},
	})
	for orgKey, want := range map[string]struct {
		state   installation.State
		refresh string
	}{
		"stays": {installation.Active, "token of stays"}, "activates here": {installation.Active, "token of g2"},
		"removes here": {installation.Removed, ""}, "activates there": {installation.Active, "token of g3"},
		"removes there": {installation.Removed, ""}, "rotates here": {installation.Active, "rotated"},
	} {
		row, candidates := find(t, fresh, orgKey, now)
		if row.State != want.state || string(row.Tokens.Refresh) != want.refresh || len(candidates) != 0 {
			t.Errorf("%s: %s, %s, %d candidates", orgKey, row.State, []byte(row.Tokens.Refresh), len(candidates))
		}
	}
	if !isUsed(t, fresh, "activates there", "g3", now) || !isUsed(t, fresh, "removes there", "deprovision", now) {
		t.Error("a token that was applied there can be applied again here")
	}
}

func TestRestoreUndoesABadWrite(t *testing.T) {
	t.Parallel()
	backup, live := newStore(t), newStore(t)
	for _, orgKey := range []string{"bad", "bad#2", "good", "lost", "removed since"} {
		i := save(t, backup, customer(orgKey))
		i.Version = 0
		if orgKey != "lost" {
			save(t, live, i)
		}
	}
	remove(t, live, "removed since")
	invalid, _ := find(t, live, "bad", now)
	invalid = save(t, live, invalid.Invalidate("w", now))
	restore := dynamo.Copy{Source: backup, Target: live, Purpose: dynamo.Restore, OrgKey: "bad"}
	copyTo(t, restore, dynamo.Copied{Installations: dynamo.Counts{Changed: 1}})
	if _, err := live.Save(t.Context(), invalid); !errors.Is(err, installation.ErrConflict) {
		t.Errorf("a worker that had read the bad row writes it: %v", err)
	}
	restore.OrgKey = ""
	copyTo(t, restore, dynamo.Copied{Installations: dynamo.Counts{Added: 1, Left: 4}})
	copyTo(t, restore, dynamo.Copied{Installations: dynamo.Counts{Left: 5}})
	for orgKey, want := range map[string]installation.State{
		"bad": installation.Active, "bad#2": installation.Active, "good": installation.Active, "lost": installation.Active, "removed since": installation.Removed,
	} {
		if row, _ := find(t, live, orgKey, now); row.State != want {
			t.Errorf("%s: %s", orgKey, row.State)
		}
	}
	if due := allDue(t, live, now, 10); len(due) != 4 {
		t.Errorf("due: %v", due)
	}
}

// A row that a worker writes between comparison and write is compared again.
func TestCopyBesideWorkers(t *testing.T) {
	t.Parallel()
	old, fresh := newStore(t), newStore(t)
	seen := customer(org)
	seen = save(t, old, save(t, old, seen))
	mine := customer(org)
	mine.Version = 0
	save(t, fresh, mine)
	race(t, 8, func(n int) error {
		if n%2 == 0 {
			_, err := dynamo.Copy{Source: old, Target: fresh, Purpose: dynamo.Move, Now: clock}.Run(t.Context())
			return err
		}
		for range 20 {
			row, _, err := fresh.Find(t.Context(), installationtest.Key(org), now)
			if err != nil {
				return err
			}
			row.Revision += 1000
			if _, err := fresh.Save(t.Context(), row); err != nil && !errors.Is(err, installation.ErrConflict) {
				return err
			}
		}
		return nil
	}, installation.ErrConflict)
	row, _ := find(t, fresh, org, now)
	if row.Version < seen.Version || row.Revision < 1000 {
		t.Errorf("version %d, revision %d", row.Version, row.Revision)
	}
}

// Expired rows are not copied, nor are launches.
func TestCopyLeavesExpiredRows(t *testing.T) {
	t.Parallel()
	old, fresh := newStore(t), newStore(t)
	commit(t, old, tombstone("gone", now.Add(-time.Hour)), installation.Used{Key: installationtest.Key("gone"), ID: "m", Until: now.Add(-time.Hour)})
	over := candidate("over", "c")
	over.ForgetAt = now
	putCandidate(t, old, over)
	save(t, old, active(org))
	create(t, old, newLaunch(org, twoChunks()...))
	copyTo(t, dynamo.Copy{Source: old, Target: fresh, Purpose: dynamo.Move}, dynamo.Copied{
		Installations: dynamo.Counts{Added: 1, Left: 1}, Candidates: dynamo.Counts{Left: 1},
		UsedTokens: dynamo.Counts{Added: 1, Left: 1}, // of the launch's token
	})
}

func TestCopyCarriesAndRefuses(t *testing.T) {
	t.Parallel()
	old, behind := newRows(t)
	fresh, copied := newRows(t)
	save(t, old, customer(org))
	behind.add("installation", "later", &types.AttributeValueMemberS{Value: "a later version's"})
	copyTo(t, dynamo.Copy{Source: old, Target: fresh, Purpose: dynamo.Move}, dynamo.Copied{Installations: dynamo.Counts{Added: 1}})
	if got := copied.text("installation", "later"); got != "a later version's" {
		t.Errorf("carried %q", got)
	}
	for name, change := range map[string]func(){
		"later schema": func() { behind.add("installation", "schema", &types.AttributeValueMemberN{Value: "2"}) },
		"unknown kind": func() {
			behind.add("installation", "schema", &types.AttributeValueMemberN{Value: "1"})
			behind.add("installation", "sk", &types.AttributeValueMemberS{Value: "something new"})
		},
	} {
		change()
		_, err := dynamo.Copy{Source: old, Target: fresh, Purpose: dynamo.Move, Now: clock}.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), org) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (dynamo.Copy{Source: old, Target: fresh, Now: clock}).Run(t.Context()); err == nil {
		t.Error("copied without a purpose")
	}
}

// Registered integrations: a move adds those that are missing, a restore also replaces
// those that differ. One organization's are only its own.
func TestCopyIntegrations(t *testing.T) {
	t.Parallel()
	old, fresh := newStore(t), newStore(t)
	register := func(s *dynamo.Store, appID, orgKey, clientID string, until time.Time) {
		t.Helper()
		_, err := s.SaveIntegration(t.Context(), integration.Integration{
			AppID: appID, OrgKey: orgKey, ClientID: clientID, ClientSecret: secret.Sealed("s"), CreatedAt: now, UnprovenUntil: until,
		}, now)
		noError(t, err)
	}
	register(old, "a", "", "C1", time.Time{})
	register(old, "b", "acme", "C2", now.Add(time.Hour))
	register(old, "b", "acme#2", "C3", time.Time{})
	register(old, "c", "", "C4", now)
	register(fresh, "a", "", "newer", time.Time{})
	register(old, "d", "", "C5", time.Time{})
	register(fresh, "d", "", "expired", now)

	for _, step := range []struct {
		purpose dynamo.Purpose
		orgKey  string
		counts  dynamo.Counts
		clients string
	}{
		{dynamo.Move, "acme", dynamo.Counts{Added: 1}, "newer C2"},
		{dynamo.Move, "", dynamo.Counts{Added: 1, Changed: 1, Left: 3}, "newer C2 C3 C5"},
		{dynamo.Restore, "", dynamo.Counts{Changed: 1, Left: 4}, "C1 C2 C3 C5"},
		{dynamo.Restore, "", dynamo.Counts{Left: 5}, "C1 C2 C3 C5"},
	} {
		copyTo(t, dynamo.Copy{Source: old, Target: fresh, Purpose: step.purpose, OrgKey: step.orgKey}, dynamo.Copied{Integrations: step.counts})
		list, err := fresh.Integrations(t.Context(), "", now)
		noError(t, err)
		var clients []string
		for _, one := range list {
			clients = append(clients, one.ClientID)
		}
		if got := strings.Join(clients, " "); got != step.clients {
			t.Errorf("%s %s: clients %s, want %s", step.purpose, step.orgKey, got, step.clients)
		}
	}
}

func TestCopyChannels(t *testing.T) {
	t.Parallel()
	old, fresh := newStore(t), newStore(t)
	copied := func(counts dynamo.Counts, of dynamo.Copy) {
		t.Helper()
		of.Source, of.Target, of.Purpose = old, fresh, dynamo.Move
		copyTo(t, of, dynamo.Copied{Channels: counts})
	}
	copied(dynamo.Counts{}, dynamo.Copy{})
	var current channel.Current
	for n := range 3 {
		var err error
		current, err = old.AddChannelRevision(t.Context(), applied(t, current), channels(n+1), now)
		noError(t, err)
	}
	copied(dynamo.Counts{}, dynamo.Copy{OrgKey: "acme"})
	copied(dynamo.Counts{Added: 4}, dynamo.Copy{})
	got, err := fresh.CurrentChannels(t.Context())
	if err != nil || got != current {
		t.Errorf("current is %+v, want %+v: %v", got, current, err)
	}
	list, err := fresh.ChannelRevisions(t.Context())
	if err != nil || len(list) != 3 {
		t.Errorf("%d revisions, %v", len(list), err)
	}
	got, err = fresh.AddChannelRevision(t.Context(), applied(t, got), channels(9), now)
	noError(t, err)
	_, err = old.AddChannelRevision(t.Context(), applied(t, current), channels(8), now)
	noError(t, err)
	copied(dynamo.Counts{}, dynamo.Copy{}) // the target has its own
	if one, err := fresh.ChannelRevision(t.Context(), got.Revision); err != nil || !reflect.DeepEqual(one.Document, channels(9)) {
		t.Errorf("%+v, %v", one, err)
	}
}

func TestCopyInvitations(t *testing.T) {
	t.Parallel()
	old, fresh := newStore(t), newStore(t)
	save := func(i invitation.Invitation) invitation.Invitation {
		t.Helper()
		i.CreatedAt, i.ExpiresAt = now, now.Add(time.Hour)
		saved, err := old.SaveInvitation(t.Context(), i)
		noError(t, err)
		return saved
	}
	move := func(counts dynamo.Counts) {
		t.Helper()
		copyTo(t, dynamo.Copy{Source: old, Target: fresh, Purpose: dynamo.Move}, dynamo.Copied{Invitations: counts})
	}
	one := save(invitation.Invitation{ID: "one", Reference: "4711"})
	save(invitation.Invitation{ID: "two"})
	move(dynamo.Counts{Added: 2})
	move(dynamo.Counts{Left: 2})
	one.RevokedAt = now
	save(one)
	move(dynamo.Counts{Changed: 1, Left: 1})
	got, err := fresh.Invitation(t.Context(), "one", now)
	if err != nil || !got.RevokedAt.Equal(now) || got.Reference != "4711" {
		t.Errorf("%+v, %v", got, err)
	}
}
