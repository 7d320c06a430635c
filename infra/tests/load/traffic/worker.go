package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"

	"signpost/infra/tests/customer"
)

// worker sends one request at a time.
type worker struct {
	run    *run
	random *rand.Rand
	took   Latencies // nil: not measured
}

// send sends a request and notes how long it took, by its kind. A request
// without an answer is a fault.
func (w *worker) send(ctx context.Context, kind string, r customer.Request) (customer.Answer, bool) {
	w.run.sent.Add(1)
	got, err := customer.Do(ctx, w.run.client, w.run.stack.URL(), r)
	if err != nil {
		w.run.faults.add("%s: no answer: %v", kind, err)
		return got, false
	}
	if w.took != nil {
		w.took[kind] = append(w.took[kind], got.Took)
	}
	return got, true
}

// decode sends a request and reads its 200 into value. Any other answer is a
// fault.
func (w *worker) decode(ctx context.Context, kind string, r customer.Request, value any) (body string, ok bool) {
	got, ok := w.send(ctx, kind, r)
	if !ok {
		return "", false
	}
	if got.Status != http.StatusOK {
		w.run.faults.add("%s: answered %d %s", kind, got.Status, got.Body)
		return got.Body, false
	}
	if err := json.Unmarshal([]byte(got.Body), value); err != nil {
		w.run.faults.add("%s: %v: %s", kind, err, got.Body)
		return got.Body, false
	}
	return got.Body, true
}

// deliver posts a token, minted with this error, and the body's other members,
// and decodes the answer.
func (w *worker) deliver(ctx context.Context, kind, path, token string, err error, members customer.Object, value any) (body string, ok bool) {
	if err != nil {
		w.run.faults.add("%s: %v", kind, err)
		return "", false
	}
	r := customer.Post(path, token)
	if members != nil {
		r.Body = customer.Encode(customer.Merged(members, customer.Object{"jwt": token}))
	}
	return w.decode(ctx, kind, r, value)
}

// wrong notes a 200 with a wrong body.
func (w *worker) wrong(kind, body string) { w.run.faults.add("%s: wrong answer: %s", kind, body) }

// shownFaults is how many faults are kept as text; all are counted.
const shownFaults = 20

type faults struct {
	mu    sync.Mutex
	count int
	first []string
}

func (f *faults) add(format string, values ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if len(f.first) < shownFaults {
		text := fmt.Sprintf(format, values...)
		f.first = append(f.first, text[:min(len(text), 600)])
	}
}

// all returns the first faults and their count, including the errors in log.
func (f *faults) all(log *Log) ([]string, int) {
	if log != nil {
		for _, line := range log.errors() {
			f.add("logged: %s", line)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first, f.count
}
