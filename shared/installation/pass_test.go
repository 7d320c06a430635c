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
