package traffic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// worker sends one request at a time.
type worker struct {
	run    *run
	random *rand.Rand
	took   Latencies // nil: not measured
}

// answer is what came back.
type answer struct {
	status int
	body   []byte
}

// post sends a request and notes how long it took, by its kind. A request that
// is not answered is a fault.
func (w *worker) post(ctx context.Context, kind, path, bearer string, body any) (answer, bool) {
	encoded, err := json.Marshal(body)
	if err != nil {
		w.run.faults.add("%s: %v", kind, err)
		return answer{}, false
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.run.stack.URL()+path, bytes.NewReader(encoded))
	if err != nil {
		w.run.faults.add("%s: %v", kind, err)
		return answer{}, false
	}
	request.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	w.run.sent.Add(1)
	began := time.Now()
	response, err := w.run.client.Do(request)
	if err != nil {
		w.run.faults.add("%s: not answered: %v", kind, err)
		return answer{}, false
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		w.run.faults.add("%s: answer cut short: %v", kind, err)
		return answer{}, false
	}
	if w.took != nil {
		w.took[kind] = append(w.took[kind], time.Since(began))
	}
	return answer{response.StatusCode, got}, true
}

// decode reads a 200 into value. Any other answer is a fault.
func (w *worker) decode(kind string, got answer, value any) bool {
	if got.status != http.StatusOK {
		w.run.faults.add("%s: answered %d %s", kind, got.status, got.body)
		return false
	}
	if err := json.Unmarshal(got.body, value); err != nil {
		w.run.faults.add("%s: %v: %s", kind, err, got.body)
		return false
	}
	return true
}

// shownFaults is how many faults are kept in words.
const shownFaults = 20

// faults are what went wrong.
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

// all are the faults, those that the functions logged among them.
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
