package attack_test

import (
	"slices"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
)

// row is one hostile request and the answer that it must get.
type row struct {
	name    string
	request request
	want    want
}

// forgery is one hostile token, made anew for each address.
type forgery struct {
	name string
	want want
	make func(claims object) string
}

// field is where an attack takes place: a victim that is served well, before it
// and after it.
type field struct {
	*victim
	watch  *watch
	canary *canary
}

func newField(t *testing.T, s *stack.Stack) *field {
	t.Helper()
	c := newCanary(t, keys.document)
	v := newVictim(t, s)
	v.launch(t) // and its key set is cached
	f := &field{victim: v, watch: newWatch(t, s, c), canary: c}
	t.Cleanup(func() {
		redeemed := customer.Send(t, s.URL(), customer.Redeeming(v.launch(t), customer.NewKey))
		if redeemed.Status != 200 {
			t.Errorf("after the attack the victim is not served: %d %s", redeemed.Status, redeemed.Body)
		}
	})
	return f
}

// batch is how many hostile requests, or forgeries, lie between two looks at
// whether anything has changed.
const batch = 12

// attack sends each row, and looks again and again whether anything has changed.
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

// everywhere sends each forgery to each address that takes tokens, with the
// claims that are good there, and looks again and again whether anything has
// changed.
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
