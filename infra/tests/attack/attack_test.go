package attack_test

import (
	"slices"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
)

// row is one hostile request and its expected answer.
type row struct {
	name    string
	request request
	want    want
}

// forgery is one hostile token, made for each address from its good claims.
type forgery struct {
	name string
	want want
	make func(claims object) string
}

// field is what an attack needs: a victim, which must be served before and after
// it, and what notices changes.
type field struct {
	*victim
	watch  *watch
	canary *canary
}

func newField(t *testing.T, s *stack.Stack) *field {
	t.Helper()
	c := newCanary(t, keys.document)
	v := newVictim(t, s)
	v.launch(t) // caches the key set too
	f := &field{victim: v, watch: newWatch(t, s, c), canary: c}
	t.Cleanup(func() {
		redeemed := customer.Send(t, s.URL(), customer.Redeeming(v.launch(t), customer.NewKey))
		if redeemed.Status != 200 {
			t.Errorf("after the attack the victim is not served: %d %s", redeemed.Status, redeemed.Body)
		}
	})
	return f
}

// batch is the number of hostile requests, or forgeries, between two checks for
// changes.
const batch = 12

// attack sends each row.
func (f *field) attack(t *testing.T, rows []row) {
	t.Helper()
	inBatches(f, t, rows, func(r row) string { return r.name }, func(t *testing.T, r row) {
		check(t, customer.Send(t, f.Stack.URL(), r.request), r.want)
	})
}

// everywhere sends each forgery to each address that takes tokens, with the good
// claims for that address.
func (f *field) everywhere(t *testing.T, forgeries []forgery) {
	t.Helper()
	inBatches(f, t, forgeries, func(some forgery) string { return some.name }, func(t *testing.T, some forgery) {
		for door, action := range doors {
			check(t, customer.Send(t, f.Stack.URL(), customer.Post(door, some.make(f.claims(action)))), some.want)
		}
	})
}

// inBatches runs a subtest for each case, and checks after each batch that nothing has
// changed.
func inBatches[C any](f *field, t *testing.T, cases []C, name func(C) string, run func(*testing.T, C)) {
	t.Helper()
	for some := range slices.Chunk(cases, batch) {
		var names []string
		for _, c := range some {
			names = append(names, name(c))
			t.Run(name(c), func(t *testing.T) { run(t, c) })
		}
		f.watch.unchanged(t, names...)
	}
}
