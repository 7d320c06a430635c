package attack_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// watch remembers what an attack must not change.
type watch struct {
	stack  *stack.Stack
	canary *canary
	last   map[string]string
	// aside are attributes of rows that may change.
	aside []string
}

// newWatch takes the first picture.
func newWatch(t *testing.T, s *stack.Stack, c *canary) *watch {
	t.Helper()
	w := &watch{stack: s, canary: c}
	w.last = w.picture(t)
	return w
}

// leaveAside excludes attributes of rows from the comparison.
func (w *watch) leaveAside(t *testing.T, attributes ...string) {
	t.Helper()
	w.aside = attributes
	w.last = w.picture(t)
}

// unchanged fails the test if anything has changed since the last picture. The
// names say what was sent since. Later checks compare with the new picture.
func (w *watch) unchanged(t *testing.T, names ...string) {
	t.Helper()
	current := w.picture(t)
	all := maps.Clone(w.last)
	maps.Copy(all, current)
	for name := range all {
		if before, after := w.last[name], current[name]; before != after {
			same := 0
			for same < min(len(before), len(after)) && before[same] == after[same] {
				same++
			}
			t.Errorf("%s was changed by one of %q: from %.400q to %.400q, after equal beginnings", name, names, before[same:], after[same:])
		}
	}
	w.last = current
}

// picture is every row of the table, what Webex holds, the requests to Webex
// (except for key sets, which any token may cause to be fetched), and the calls to
// the canary.
func (w *watch) picture(t *testing.T) map[string]string {
	t.Helper()
	picture := w.rows(t)
	cloud := w.stack.Webex()
	for _, org := range cloud.Organizations() {
		view, _ := cloud.Installation(org.ID())
		picture["installation of "+org.Name()] = fmt.Sprintf("%+v", view)
		for _, feature := range []string{webextest.DigitalSignage, webextest.PersistentWebApp} {
			stored, _ := cloud.Configuration(org.ID(), feature)
			picture[feature+" of "+org.Name()] = fmt.Sprint(cloud.Pushes(org.ID(), feature), customer.Encode(stored))
		}
	}
	var calls strings.Builder
	for _, r := range cloud.Requests() {
		if r.Kind != webextest.KindJWKS {
			fmt.Fprintln(&calls, r.Method, r.URL)
		}
	}
	picture["requests at Webex"] = calls.String()
	picture["calls to the canary"] = w.canary.calls()
	return picture
}

// rows are the table's rows but for the attributes left aside.
func (w *watch) rows(t *testing.T) map[string]string {
	t.Helper()
	rows, err := customer.Rows(w.stack, w.aside...)
	if err != nil {
		t.Fatal(err)
	}
	// A valid key's requests are counted, whatever they are.
	maps.DeleteFunc(rows, func(key, _ string) bool { return strings.HasPrefix(key, "requests#") })
	return rows
}
