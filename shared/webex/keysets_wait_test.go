package webex_test

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"signpost/shared/webex"
	"signpost/shared/webex/verifiertest"
)

// regions are key set endpoints in a synctest bubble: each answers its document
// after its delay.
type regions struct {
	mu      sync.Mutex
	sets    map[string]*regionSet // by host
	fetches map[string]int        // by region
}

type regionSet struct {
	region, document string
	status           int
	delay            time.Duration
}

const never = 24 * time.Hour

func newRegions() *regions {
	return &regions{fetches: map[string]int{}, sets: map[string]*regionSet{
		"xapi-r.wbx2.com": {region: home}, "xapi-k.wbx2.com": {region: elsewhere}, "xapi-a.wbx2.com": {region: "us-east-2_a"},
	}}
}

// set changes the endpoint of a region.
func (r *regions) set(region string, change func(*regionSet)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, set := range r.sets {
		if set.region == region {
			change(set)
		}
	}
}

func (r *regions) delay(region string, delay time.Duration) {
	r.set(region, func(s *regionSet) { s.delay = delay })
}

func (r *regions) fetched(region string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fetches[region]
}

// publish makes a region publish only this key, under this id.
func (r *regions) publish(region, kid string, key *ecdsa.PrivateKey) {
	jwk := jwkOf(&key.PublicKey)
	jwk["kid"] = kid
	document, _ := json.Marshal(map[string]any{"keys": []any{jwk}})
	r.set(region, func(s *regionSet) { s.document = string(document) })
}

func (r *regions) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	set := *r.sets[request.URL.Host]
	r.fetches[set.region]++
	r.mu.Unlock()
	select {
	case <-time.After(set.delay):
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	return response(request, cmp.Or(set.status, 200), "application/json", set.document), nil
}

func response(request *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {contentType}},
		Body: io.NopCloser(strings.NewReader(body)), Request: request,
	}
}

// waiting is a verifier on such regions, each with its own key.
type waiting struct {
	*regions
	*webex.Verifier
	keys map[string]*ecdsa.PrivateKey // by region, the id is the region's name
	skip time.Duration                // how long the process was frozen
}

// bubble runs test in a synctest bubble.
func bubble(t *testing.T, test func(t *testing.T, w *waiting)) {
	synctest.Test(t, func(t *testing.T) {
		test(t, newWaiting(t))
		time.Sleep(time.Minute) // no fetch outlives its own limit
	})
}

func newWaiting(t *testing.T) *waiting {
	w := &waiting{regions: newRegions(), keys: map[string]*ecdsa.PrivateKey{}}
	for _, region := range webex.DefaultRegions {
		w.keys[region] = newKey(t)
		w.publish(region, region, w.keys[region])
	}
	var err error
	if w.Verifier, err = verifiertest.New("app", nil, w.regions, func() time.Time { return time.Now().Add(w.skip) }); err != nil {
		t.Fatal(err)
	}
	return w
}

// token is a health check without a region, signed by key.
func (w *waiting) token(t *testing.T, kid string, key *ecdsa.PrivateKey) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"sub": "org", "iat": time.Now().Add(w.skip).Unix(), "jti": "j", "appId": "app", "action": "healthCheck",
	})
	token.Header["kid"] = kid
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// verify returns the region whose key was found, and how long it took.
func (w *waiting) verify(t *testing.T, limit time.Duration, kid string, key *ecdsa.PrivateKey) (region string, took time.Duration, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	began := time.Now()
	token, err := w.Verify(ctx, w.token(t, kid, key), webex.HealthCheck)
	return token.KeyRegion, time.Since(began), err
}

// healthBudget is the time limit of a health check.
const healthBudget = 1400 * time.Millisecond

// A set that is slow, hangs or is broken does not delay tokens whose key is in
// another set, and a key in none of the fetched sets does not count as unknown.
func TestOneKeySetFailsNobodyElse(t *testing.T) {
	tests := map[string]struct {
		trouble func(*regionSet) // of the European set
		signer  string
		want    error
		took    time.Duration
	}{
		"hangs, another's token":        {func(s *regionSet) { s.delay = never }, home, nil, 0},
		"hangs, its own token":          {func(s *regionSet) { s.delay = never }, elsewhere, webex.ErrUnavailable, healthBudget},
		"slow, another's token":         {func(s *regionSet) { s.delay = time.Second }, home, nil, 0},
		"slow, its own token":           {func(s *regionSet) { s.delay = time.Second }, elsewhere, nil, time.Second},
		"broken, another's token":       {func(s *regionSet) { s.status = 500 }, home, nil, 0},
		"broken, its own token":         {func(s *regionSet) { s.status = 404 }, elsewhere, webex.ErrUnavailable, 0},
		"not JSON, its own token":       {func(s *regionSet) { s.document = "<html>" }, elsewhere, webex.ErrUnavailable, 0},
		"without a key, its own token":  {func(s *regionSet) { s.document = `{"keys":[]}` }, elsewhere, webex.ErrUnavailable, 0},
		"fine, unknown key":             {func(*regionSet) {}, "nobody", webex.ErrUnknownKey, 0},
		"hangs, unknown key":            {func(s *regionSet) { s.delay = never }, "nobody", webex.ErrUnavailable, healthBudget},
		"fine, another's, not its key":  {func(*regionSet) {}, "stranger as " + home, webex.ErrBadSignature, 0},
		"hangs, another's, not its key": {func(s *regionSet) { s.delay = never }, "stranger as " + home, webex.ErrUnavailable, healthBudget},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *waiting) {
				w.set(elsewhere, test.trouble)
				kid := strings.TrimPrefix(test.signer, "stranger as ")
				key := w.keys[test.signer]
				if key == nil {
					key = newKey(t)
				}
				region, took, err := w.verify(t, healthBudget, kid, key)
				if !errors.Is(err, test.want) || took != test.took || (err == nil && region != test.signer) {
					t.Errorf("%q, %v after %v; want %v after %v", region, err, took, test.want, test.took)
				}
			})
		})
	}
}

// A caller that gives up does not end the fetch for other callers or the next.
func TestAFetchOutlivesItsCaller(t *testing.T) {
	bubble(t, func(t *testing.T, w *waiting) {
		for _, region := range webex.DefaultRegions {
			w.delay(region, time.Second)
		}
		var patient error
		var wait sync.WaitGroup
		wait.Go(func() { _, _, patient = w.verify(t, healthBudget, home, w.keys[home]) })
		if _, took, err := w.verify(t, 100*time.Millisecond, home, w.keys[home]); !errors.Is(err, webex.ErrUnavailable) || took != 100*time.Millisecond {
			t.Errorf("in a hurry: %v after %v", err, took)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.Verify(gone, w.token(t, home, w.keys[home]), webex.HealthCheck); !errors.Is(err, webex.ErrUnavailable) {
			t.Errorf("gone before it asked: %v", err)
		}
		wait.Wait()
		if patient != nil {
			t.Errorf("who waited beside: %v", patient)
		}
		if _, took, err := w.verify(t, healthBudget, home, w.keys[home]); err != nil || took != 0 || w.fetched(home) != 1 {
			t.Errorf("the next: %v after %v, %d fetches", err, took, w.fetched(home))
		}
	})
}

// Regions may use the same key id: every set that has it is tried, including those
// that must be fetched.
func TestOneKeyIDInSeveralSets(t *testing.T) {
	bubble(t, func(t *testing.T, w *waiting) {
		w.publish(elsewhere, home, w.keys[elsewhere]) // the id of the other
		if region, _, err := w.verify(t, healthBudget, home, w.keys[home]); err != nil || region != home {
			t.Errorf("%q, %v", region, err)
		}
		synctest.Wait()
		if region, _, err := w.verify(t, healthBudget, home, w.keys[elsewhere]); err != nil || region != elsewhere {
			t.Errorf("%q, %v", region, err)
		}
		if _, _, err := w.verify(t, healthBudget, home, newKey(t)); !errors.Is(err, webex.ErrBadSignature) {
			t.Errorf("of neither: %v", err)
		}
	})
}

// A set that hangs when it is fetched again delays tokens whose key is in its last
// good version only for a short time.
func TestAHeldKeyIsNotWaitedForLong(t *testing.T) {
	bubble(t, func(t *testing.T, w *waiting) {
		if _, _, err := w.verify(t, healthBudget, home, w.keys[home]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		time.Sleep(7 * time.Hour)
		w.delay(home, never)
		for _, want := range []time.Duration{500 * time.Millisecond, 500 * time.Millisecond, 0, 0} {
			if _, took, err := w.verify(t, healthBudget, home, w.keys[home]); err != nil || took != want {
				t.Errorf("%v after %v, want %v", err, took, want)
			}
			time.Sleep(400 * time.Millisecond) // the fetch has failed after the second
		}
		w.delay(home, 0)
		w.publish(home, "successor", newKey(t)) // the old key is withdrawn
		time.Sleep(time.Minute)
		if _, _, err := w.verify(t, healthBudget, home, w.keys[home]); !errors.Is(err, webex.ErrUnknownKey) {
			t.Errorf("a withdrawn key: %v", err)
		}
	})
}

// A process that was frozen during a fetch neither waits for it nor uses its result.
func TestAFetchThatWasFrozen(t *testing.T) {
	bubble(t, func(t *testing.T, w *waiting) {
		w.delay(home, never)
		if _, _, err := w.verify(t, 100*time.Millisecond, home, w.keys[home]); !errors.Is(err, webex.ErrUnavailable) {
			t.Fatal(err)
		}
		w.skip = time.Hour
		w.delay(home, 0)
		if _, took, err := w.verify(t, healthBudget, home, w.keys[home]); err != nil || took != 0 {
			t.Errorf("%v after %v", err, took)
		}
		time.Sleep(2 * time.Second) // the old one has failed
		if _, took, err := w.verify(t, healthBudget, home, w.keys[home]); err != nil || took != 0 || w.fetched(home) != 2 {
			t.Errorf("%v after %v, %d fetches", err, took, w.fetched(home))
		}
	})
}

// A caller whose fetch another one replaced learns that there is no key set, and not that
// the key is unknown.
func TestAReplacedFetchSaysNothingOfTheKey(t *testing.T) {
	bubble(t, func(t *testing.T, w *waiting) {
		w.delay(home, never)
		results := make(chan error, 2)
		verify := func() { _, _, err := w.verify(t, time.Minute, home, w.keys[home]); results <- err }
		go verify()
		synctest.Wait()
		time.Sleep(time.Second) // so that the first fetch ends before the second
		w.skip = time.Hour
		go verify()
		for range 2 {
			if err := <-results; !errors.Is(err, webex.ErrUnavailable) {
				t.Errorf("%v", err)
			}
		}
	})
}
