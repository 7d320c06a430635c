package installation_test

import (
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// facts are what a copy must not lose of a row.
type facts struct {
	state      installation.State
	generation installation.Generation
	refresh    string
	region     string
}

func factsOf(i installation.Installation) facts {
	return facts{i.State, i.Generation, string(i.Tokens.Refresh), i.Region}
}

// stored is i after its next write.
func stored(i installation.Installation) installation.Installation {
	i.Version++
	return i
}

// activated is what an activation of at(seconds) makes of row.
func activated(t *testing.T, row installation.Installation, generation string, seconds int) installation.Installation {
	t.Helper()
	next, err := installation.Candidate{
		Key: installationtest.Key("o"), Kind: installation.Activation, ID: generation,
		Change: installation.Change{
			Statement: installation.Statement{Region: "region of " + generation}, IssuedAt: at(seconds),
			Endpoints: map[webex.Feature]string{webex.DigitalSignage: "https://" + generation},
		},
	}.Promote(row)
	if err != nil {
		t.Fatal(err)
	}
	next.Tokens.Refresh = secret.Sealed("token of " + generation)
	return stored(next)
}

func changed(t *testing.T, row installation.Installation, change installation.Change) installation.Installation {
	t.Helper()
	next, err := row.Change(change)
	if err != nil {
		t.Fatal(err)
	}
	return stored(next)
}

func removed(t *testing.T, row installation.Installation, seconds int) installation.Installation {
	t.Helper()
	next, err := row.Remove(at(seconds), at(seconds))
	if err != nil {
		t.Fatal(err)
	}
	return stored(next)
}

func renewed(row installation.Installation, seconds int, refresh string) installation.Installation {
	row.Tokens.RenewedAt, row.Tokens.Refresh = at(seconds), secret.Sealed(refresh)
	return stored(row)
}

func later(row installation.Installation, writes int64) installation.Installation {
	row.Version += writes
	return row
}

func TestMerge(t *testing.T) {
	g1 := activated(t, installation.Installation{}, "g1", 0)
	g2 := activated(t, g1, "g2", 20)
	dead, gone := stored(g1.Invalidate("w", at(5))), stored(stored(g1.Invalidate("w", at(5))).Expire(at(10)))
	moved := changed(t, g1, installation.Change{IssuedAt: at(8), Statement: installation.Statement{Region: "new", URLs: installation.URLs{App: "https://new"}}})
	brought := changed(t, g1, installation.Change{IssuedAt: at(30), Refresh: secret.Sealed("brought")})
	for name, test := range map[string]struct {
		mine, other installation.Installation
		want        facts
		changed     bool
	}{
		"new":                                {installation.Installation{}, g1, factsOf(g1), true},
		"nothing new":                        {g1, installation.Installation{}, factsOf(g1), false},
		"the same":                           {g1, g1, factsOf(g1), false},
		"a later state of the same":          {g1, later(moved, 3), facts{installation.Active, "g1", "token of g1", "new"}, true},
		"an earlier state, often written":    {moved, later(g1, 9), factsOf(moved), false},
		"a later activation":                 {g1, g2, factsOf(g2), true},
		"an earlier activation":              {g2, later(g1, 9), factsOf(g2), false},
		"removed there":                      {g1, removed(t, g1, 9), facts{installation.Removed, "g1", "", "region of g1"}, true},
		"removed here":                       {removed(t, g1, 9), later(g1, 9), facts{installation.Removed, "g1", "", "region of g1"}, false},
		"removed there, activated here":      {g2, removed(t, g1, 9), factsOf(g2), false},
		"activated there, removed here":      {removed(t, g1, 9), g2, factsOf(g2), true},
		"removed there after an activation":  {g2, removed(t, g1, 25), facts{installation.Removed, "g2", "", "region of g2"}, true},
		"an activation before a removal":     {removed(t, g1, 25), g2, facts{installation.Removed, "g1", "", "region of g1"}, false},
		"expired there":                      {g1, later(gone, 9), factsOf(g1), false},
		"expired here":                       {gone, later(g1, 9), factsOf(gone), false},
		"expired here, changed there":        {gone, brought, factsOf(brought), true},
		"expired here, activated there":      {gone, g2, factsOf(g2), true},
		"expired there, activated here":      {g2, later(gone, 9), factsOf(g2), false},
		"refused there":                      {g1, later(dead, 9), factsOf(g1), true},
		"refused here":                       {dead, later(g1, 9), factsOf(dead), true},
		"a token renewed there":              {g1, renewed(g1, 3, "rotated"), facts{installation.Active, "g1", "rotated", "region of g1"}, true},
		"a token renewed here":               {renewed(g1, 3, "rotated"), later(g1, 9), facts{installation.Active, "g1", "rotated", "region of g1"}, true},
		"a renewed token refused there":      {g1, stored(renewed(g1, 3, "rotated").Invalidate("w", at(4))), facts{installation.TokenInvalid, "g1", "rotated", "region of g1"}, true},
		"a token brought there":              {renewed(g1, 50, "rotated"), brought, facts{installation.Active, "g1", "brought", "region of g1"}, true},
		"a token brought here":               {brought, later(renewed(g1, 50, "rotated"), 9), facts{installation.Active, "g1", "brought", "region of g1"}, false},
		"moved there, activated here later":  {g2, later(moved, 9), factsOf(g2), false},
		"an action of after the activation":  {g2, brought, facts{installation.Active, "g2", "brought", "region of g2"}, true},
		"the same, the other way round":      {brought, g2, facts{installation.Active, "g2", "brought", "region of g2"}, true},
		"two activations of the same second": {g1, activated(t, installation.Installation{}, "gx", 0), factsOf(g1), false},
	} {
		t.Run(name, func(t *testing.T) {
			test.other.Work, test.other.Tokens.Renewal = installation.NewLease("other", noon), installation.NewLease("other", noon)
			got, did := test.mine.Merge(test.other, noon)
			if factsOf(got) != test.want || did != test.changed {
				t.Errorf("%+v, changed %v; want %+v, %v", factsOf(got), did, test.want, test.changed)
			}
			if did && (got.Version < max(test.mine.Version, test.other.Version) || got.Revision <= test.mine.Revision || got.Notice != "") {
				t.Errorf("version %d, revision %d, notice %q", got.Version, got.Revision, got.Notice)
			}
			if got.Work.Held(noon) || got.Tokens.Renewal.Held(noon) {
				t.Error("the lease of a worker of the other table is kept")
			}
			if did && got.State == installation.Active && got.Schedule.DueAt.Before(noon) {
				t.Errorf("due at %v", got.Schedule.DueAt)
			}
			if again, did := stored(got).Merge(test.other, noon.Add(time.Hour)); did {
				t.Errorf("merged twice: %+v", factsOf(again))
			}
		})
	}
}

// Fields without a time of their own come from the row with the later action.
func TestMergeKeepsTheLaterActionsRow(t *testing.T) {
	before := activated(t, installation.Installation{}, "g1", 0)
	after := changed(t, before, installation.Change{IssuedAt: at(8), Statement: installation.Statement{OrgName: "renamed", Scopes: []string{"new"}}})
	for name, pair := range map[string][2]installation.Installation{"here": {after, later(before, 9)}, "there": {later(before, 9), after}} {
		if got, _ := pair[0].Merge(pair[1], noon); got.OrgName != "renamed" || len(got.Scopes) != 1 {
			t.Errorf("%s: %q, %v", name, got.OrgName, got.Scopes)
		}
	}
}

func TestRestore(t *testing.T) {
	g1 := activated(t, installation.Installation{}, "g1", 0)
	g1.Schedule.DueAt = at(60)
	dead, gone := stored(g1.Invalidate("w", at(5))), stored(stored(g1.Invalidate("w", at(5))).Expire(at(10)))
	bad := later(g1, 4)
	bad.URLs.App, bad.Features = "https://wrong", nil
	zeroed := stored(g1)
	zeroed.State = installation.Removed // by hand
	rotated := renewed(g1, 3, "rotated")
	changedSince := stored(changed(t, g1, installation.Change{IssuedAt: at(8), Statement: installation.Statement{Region: "new"}}).Invalidate("w", at(9)))
	for name, test := range map[string]struct {
		mine, backup installation.Installation
		want         facts
		changed      bool
		notice       installation.Notice
	}{
		"lost":                             {installation.Installation{}, g1, factsOf(g1), true, ""},
		"nothing to restore":               {g1, installation.Installation{}, factsOf(g1), false, ""},
		"the same":                         {later(g1, 9), g1, factsOf(g1), false, ""},
		"token_invalid by mistake":         {later(dead, 9), g1, factsOf(g1), true, installation.NoticeUpdated},
		"expired by mistake":               {gone, g1, factsOf(g1), true, installation.NoticeUpdated},
		"removed by hand":                  {zeroed, g1, factsOf(g1), true, installation.NoticeUpdated},
		"wrong in a field":                 {bad, g1, factsOf(g1), true, ""},
		"invalid, with a newer token":      {stored(rotated.Invalidate("w", at(5))), g1, facts{installation.Active, "g1", "rotated", "region of g1"}, true, installation.NoticeUpdated},
		"a backup that was token_invalid":  {g1, dead, factsOf(g1), true, ""},
		"deprovisioned since":              {removed(t, g1, 9), g1, facts{installation.Removed, "g1", "", "region of g1"}, false, ""},
		"activated since":                  {activated(t, g1, "g2", 20), g1, facts{installation.Active, "g2", "token of g2", "region of g2"}, false, ""},
		"changed since":                    {changedSince, g1, factsOf(changedSince), false, ""},
		"a removal that the backup knows":  {later(g1, 9), removed(t, g1, 9), facts{installation.Removed, "g1", "", "region of g1"}, true, ""},
		"an activation that only it knows": {g1, activated(t, g1, "g2", 20), facts{installation.Active, "g2", "token of g2", "region of g2"}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, did := test.mine.Restore(test.backup, noon)
			if factsOf(got) != test.want || did != test.changed || did && got.Notice != test.notice {
				t.Errorf("%+v, changed %v, notice %q; want %+v, %v, %q", factsOf(got), did, got.Notice, test.want, test.changed, test.notice)
			}
			if did && (got.Version < max(test.mine.Version, test.backup.Version) || got.Revision <= test.mine.Revision) {
				t.Errorf("version %d, revision %d", got.Version, got.Revision)
			}
			if got.State == installation.Active && !got.Tokens.InvalidSince.IsZero() {
				t.Error("active, and its token is dead")
			}
			if again, did := stored(got).Restore(test.backup, noon.Add(time.Hour)); did {
				t.Errorf("restored twice: %+v", factsOf(again))
			}
		})
	}
	if got, _ := bad.Restore(g1, noon); got.URLs != g1.URLs || len(got.Features) != len(g1.Features) {
		t.Errorf("restored: %+v", got)
	}
}

// A restore keeps leases, so that no two workers renew one token, except for a
// lease that ends later than any worker's can.
func TestRestoreKeepsLeases(t *testing.T) {
	g1 := activated(t, installation.Installation{}, "g1", 0)
	mine := stored(g1.Invalidate("w", at(5)))
	mine.Tokens.Renewal = installation.NewLease("me", at(6))
	mine.Work = installation.Lease{Owner: "nobody", Until: noon.AddDate(100, 0, 0)}
	got, _ := mine.Restore(g1, at(7))
	if got.Tokens.Renewal.Owner != "me" || got.Work.Owner != "" {
		t.Errorf("leases %+v, %+v", got.Tokens.Renewal, got.Work)
	}
}

func TestMergeCandidates(t *testing.T) {
	one := installation.Candidate{Key: installationtest.Key("o"), ID: "c", Version: 2, Change: installation.Change{Refresh: secret.Sealed("first")}, ForgetAt: at(3600)}
	rotated, refused := one, one
	rotated.Version, rotated.Refresh = 3, secret.Sealed("rotated")
	refused.Version, refused.Refused, refused.Refresh = 9, true, nil
	for name, test := range map[string]struct {
		mine, other installation.Candidate
		want        string
		changed     bool
	}{
		"new":           {installation.Candidate{}, one, "first", true},
		"the same":      {one, one, "first", false},
		"later there":   {one, rotated, "rotated", true},
		"later here":    {rotated, one, "rotated", false},
		"refused there": {one, refused, "first", false},
		"refused here":  {refused, one, "first", true},
	} {
		test.other.Work = installation.NewLease("other", noon)
		got, did := test.mine.Merge(test.other, noon)
		if string(got.Refresh) != test.want || did != test.changed || did && got.Version < max(test.mine.Version, test.other.Version) || got.Work.Held(noon) {
			t.Errorf("%s: %+v, %v", name, got, did)
		}
		got.Version++
		if _, did := got.Merge(test.other, noon); did {
			t.Errorf("%s: merged twice", name)
		}
	}
	if _, did := (installation.Candidate{}).Merge(one, at(3600)); did {
		t.Error("an expired one is copied")
	}
}
