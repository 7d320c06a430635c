package installation_test

import (
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
)

// A host that was left out for more than a whole pass is behind with every one of its
// installations, also with those that the first of the passes had looked at.
func TestAHostThatIsLeftOutForAWholePass(t *testing.T) {
	began := func(hours int) time.Time { return at(0).Add(time.Duration(hours) * time.Hour) }
	pass := installation.Pass{}.Begin("s", began(0)).Advance("z", 9, true)
	pass = pass.Begin("s", began(1)).Advance("m", 5, false).Skip("host", "m", time.Time{}).Advance("z", 4, true)
	pass = pass.Begin("s", began(2)).Advance("z", 9, true) // leaves it out, too
	pass = pass.Begin("s", began(3)).Advance("c", 2, false)
	row := installation.Installation{Key: installationtest.Key("k"), State: installation.Active, Schedule: installation.Schedule{VerifiedAt: at(0)}}
	verified := began(1) // by the second pass, before the host was left out
	for _, page := range []string{"z", "c"} {
		if before := pass.Skipped["host"].Place; before < row.OrgKey && row.OrgKey <= page {
			verified = began(3)
		}
		pass = pass.CatchUp("host", page, page == "z")
		if got := pass.VerifiedAt(row, []string{"host"}, began(4)); got.After(verified) {
			t.Errorf("after %q: verified at %v, it was at %v", page, got, verified)
		}
	}
	if len(pass.Skipped) > 0 {
		t.Errorf("the host stays behind: %v", pass.Skipped)
	}
}

// TestSkipAlso: an installation calls two hosts, and the second stops answering while the
// pass catches up on the first.
func TestSkipAlso(t *testing.T) {
	first, second := installation.Pass{Before: at(1)}, at(2)
	earlier := at(0)
	for name, test := range map[string]struct {
		host, other, want installation.Skipped
	}{
		"not skipped before":     {installation.Skipped{Place: "c", Before: first.Before}, installation.Skipped{}, installation.Skipped{Place: "c", Before: first.Before}},
		"skipped later":          {installation.Skipped{Place: "c", Before: first.Before}, installation.Skipped{Place: "k", Before: earlier}, installation.Skipped{Place: "c", Before: earlier}},
		"skipped earlier":        {installation.Skipped{Place: "c", Before: earlier}, installation.Skipped{Place: "b", Before: first.Before}, installation.Skipped{Place: "b", Before: earlier}},
		"skipped in an earlier":  {installation.Skipped{Place: "c", Before: earlier}, installation.Skipped{Place: "k", Wrapped: true, Before: earlier}, installation.Skipped{Place: "k", Wrapped: true, Before: earlier}},
		"host from earlier pass": {installation.Skipped{Place: "k", Wrapped: true, Before: earlier}, installation.Skipped{Place: "c", Before: earlier}, installation.Skipped{Place: "k", Wrapped: true, Before: earlier}},
	} {
		p := first
		p.Skipped = map[string]installation.Skipped{"host": test.host}
		if !test.other.Before.IsZero() {
			p.Skipped["other"] = test.other
		}
		test.want.NotBefore = second
		got := p.SkipAlso("host", "other", second)
		if got.Skipped["other"] != test.want || got.Skipped["host"] != test.host {
			t.Errorf("%s: %+v", name, got.Skipped)
		}
	}
}
