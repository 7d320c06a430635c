package lifecycle_test

import (
	"testing"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// stack is one of two deployments: its table and its address.
type stack struct {
	store   *dynamo.Store
	baseURL string
}

// at makes w's services work for a stack.
func (w *world) at(s stack) { w.store, w.settings.PublicURL = s.store, s.baseURL }

// The documented move to another region: the old stack's schedules are disabled first,
// each customer's devices get one new configuration, and what reached either stack in
// between is kept.
func TestRelocation(t *testing.T) {
	w := activatedWorld(t)
	old := stack{w.store, ""}
	client, table := dynamotest.New(t)
	fresh := stack{dynamo.New(client, table), "https://new-region.execute-api.example"}
	before := w.pushes(webex.DigitalSignage)
	copyRows := func() {
		t.Helper()
		_, err := (dynamo.Copy{Source: old.store, Target: fresh.store, Purpose: dynamo.Move, Now: w.clock}).Run(t.Context())
		w.must(err)
	}
	verify := func(times int) {
		t.Helper()
		for range times {
			w.pass(time.Hour + 10*time.Minute)
			w.verifyDue()
		}
	}

	copyRows()
	// Webex still posts to the old address.
	wantErr(t, w.act(w.minted(w.cloud.MintUpdateApproved(w.org.ID(), nil))), nil)
	w.at(fresh)
	verify(2)
	copyRows() // what was written meanwhile
	w.at(old)
	acted, _ := w.stored()
	w.at(fresh)
	verify(24)
	w.inSync()
	w.sealedNewest()
	row, _ := w.stored()
	if !row.LastActionAt.Equal(acted.LastActionAt) || row.RegisteredActionsURL != fresh.baseURL+"/actions" || row.Schedule.LastResult != "in_sync" {
		t.Errorf("after the move: %+v", row)
	}
	if n := w.pushes(webex.DigitalSignage) - before; n > 2 {
		t.Errorf("%d pushes to every device", n)
	}

	// A customer activates at the new address; a late copy changes nothing.
	w.pass(time.Minute)
	w.activateOrg(w.org)
	again, _ := w.stored()
	copyRows()
	if row, _ := w.stored(); row.Version != again.Version || row.Generation != again.Generation {
		t.Errorf("the last copy has changed %+v into %+v", again, row)
	}
}

// The documented restore after a bad write that marked a customer token_invalid: the
// schedule continues with the row and the newest refresh token.
func TestRestoreAfterABadWrite(t *testing.T) {
	w := activatedWorld(t)
	client, table := dynamotest.New(t)
	backup := dynamo.New(client, table)
	_, err := (dynamo.Copy{Source: w.store, Target: backup, Purpose: dynamo.Move, Now: w.clock}).Run(t.Context())
	w.must(err)
	row, _ := w.stored()
	renewed, err := w.keys.sealer.Seal(secret.New(w.cloud.RefreshToken(w.org.ID())), installation.RefreshPlace(row.Key))
	w.must(err)
	row.Tokens.Refresh, row.Tokens.RenewedAt = renewed, w.clock()
	bad := w.save(row.Invalidate("w", w.clock()))
	copied, err := dynamo.Copy{Source: backup, Target: w.store, Purpose: dynamo.Restore, Now: w.clock}.Run(t.Context())
	if err != nil || copied.Installations.Changed != 1 {
		t.Fatalf("copied %+v, %v", copied, err)
	}
	w.verifyDue()
	w.inSync()
	w.sealedNewest()
	if row, _ := w.stored(); row.State != installation.Active || row.Version <= bad.Version || string(row.Tokens.Refresh) != string(renewed) {
		t.Errorf("restored: %s, version %d after %d", row.State, row.Version, bad.Version)
	}
}
