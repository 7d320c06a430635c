package installation_test

import (
	"fmt"
	"testing"

	"signpost/shared/installation"
)

// TestSuspicion tests which refusals are believed.
func TestSuspicion(t *testing.T) {
	refused := func(count int, cleared int) installation.Refusals {
		r := installation.Refusals{ClientID: "C", ClearedAt: at(cleared)}
		for n := range count {
			r, _ = r.Add(fmt.Sprint("org ", n))
		}
		return r
	}
	for count, want := range []bool{false, false, false, true, true} {
		if got := refused(count, 0).Suspected(); got != want {
			t.Errorf("%d in a row: suspected %v, want %v", count, got, want)
		}
	}
	row := active()
	if refused(0, 100).Confirms(row, at(200)) {
		t.Error("a first refusal is confirmed by nothing")
	}
	row = row.Suspect(at(50))
	for name, test := range map[string]struct {
		refusals installation.Refusals
		want     bool
	}{
		"a success since":                           {refused(0, 51), true},
		"a success before":                          {refused(0, 49), false},
		"a success since, and several in a row":     {refused(3, 51), false},
		"a success since, and one more was refused": {refused(1, 51), true},
	} {
		if got := test.refusals.Confirms(row, at(100)); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if late := at(50).Add(installation.TokenInvalidLife); !refused(3, 49).Confirms(row, late) {
		t.Error("a refusal that outlasts every refresh token is not believed")
	}
	full := refused(50, 0)
	if _, changed := full.Add("one more"); changed || len(full.Organizations) != 20 {
		t.Errorf("%d are kept", len(full.Organizations))
	}
	if again, changed := full.Add("org 1"); changed || len(again.Organizations) != 20 {
		t.Error("the same organization counts twice")
	}
}
