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

// attack sends each row, and checks after each batch that nothing has changed.
func (f *field) attack(t *testing.T, rows []row) {
	t.Helper()
	for some := range slices.Chunk(rows, batch) {
		names := make([]string, len(some))
		for i, row := range some {
			names[i] = row.name
			t.Run(row.name, func(t *testing.T) { check(t, customer.Send(t, f.Stack.URL(), row.request), row.want) })
		}
		f.watch.unchanged(t, names...)
	}
}

// everywhere sends each forgery to each address that takes tokens, with the good
// claims for that address, and checks after each batch that nothing has changed.
func (f *field) everywhere(t *testing.T, forgeries []forgery) {
	t.Helper()
	for some := range slices.Chunk(forgeries, batch) {
		names := make([]string, len(some))
		for i, forgery := range some {
			names[i] = forgery.name
			t.Run(forgery.name, func(t *testing.T) {
				for door, action := range doors {
					check(t, customer.Send(t, f.Stack.URL(), customer.Post(door, forgery.make(f.claims(action)))), forgery.want)
				}
			})
		}
		f.watch.unchanged(t, names...)
	}
}
