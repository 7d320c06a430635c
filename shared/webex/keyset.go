package webex

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// keySet is one region's set: the last good one, and when it was asked for.
type keySet struct {
	region, url string

	mu        sync.Mutex
	keys      map[string][]key
	fetched   time.Time // when the fetch that gave keys began; zero: never
	attempted time.Time // when the last fetch that ended began
	failure   error     // of that one
	running   *fetch    // nil: none
}

// fetch is one request for a set, shared by all who wait for it.
type fetch struct {
	began time.Time
	done  chan struct{} // closed when the set has the result
}

// held returns the keys with this id, why there are none if the last fetch
// failed, and whether that answer stands without another fetch.
func (s *keySet) held(kid string, now time.Time) (keys []key, failure error, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys, failure = s.answer(kid)
	return keys, failure, !s.mustFetch(kid, now)
}

// answer is what the set says of a key id as it stands; s.mu is held. The last
// good set stays good when a fetch fails.
func (s *keySet) answer(kid string) ([]key, error) {
	if keys := s.keys[kid]; len(keys) > 0 {
		return keys, nil
	}
	return nil, s.failure
}

// mustFetch is where the rules for asking Webex are; s.mu is held.
func (s *keySet) mustFetch(kid string, now time.Time) bool {
	switch {
	case s.failure != nil && now.Sub(s.attempted) < retryAfter:
		return false
	case s.failure != nil && len(s.keys[kid]) > 0:
		// The key is there; an endpoint that hangs must not cost every request.
		return now.Sub(s.attempted) >= refetchAfter
	case s.fetched.IsZero(), now.Sub(s.fetched) >= maxKeySetAge:
		return true
	case len(s.keys[kid]) > 0:
		return false
	default:
		return now.Sub(s.attempted) >= refetchAfter
	}
}

// wait returns the keys with this id once the fetch is done, which is nil if none
// is needed. It waits no longer than ctx allows, and not for long if keys, those
// of the last good set, has some; the fetch goes on.
func (s *keySet) wait(ctx context.Context, kid string, keys []key, fetch *fetch) ([]key, error) {
	if fetch == nil {
		return s.settled(kid)
	}
	if len(keys) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, heldWait)
		defer cancel()
	}
	select {
	case <-fetch.done:
		return s.settled(kid)
	case <-ctx.Done():
	}
	if len(keys) > 0 {
		return keys, nil
	}
	return nil, s.unavailable(ctx.Err())
}

func (s *keySet) settled(kid string) ([]key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answer(kid)
}

// ask returns the keys with this id as far as they are held, and the fetch to
// wait for, nil if none is needed. One that should long be over is left behind:
// its process was frozen, and its connection is gone.
func (s *keySet) ask(k *KeySets, kid string) ([]key, *fetch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := k.now()
	if !s.mustFetch(kid, now) {
		return nil, nil
	}
	if s.running == nil || now.Sub(s.running.began) > keySetTimeout {
		s.running = &fetch{began: now, done: make(chan struct{})}
		go s.run(k, s.running)
	}
	return s.keys[kid], s.running
}

// run fetches the set. What a fetch brings that was left behind is dropped.
func (s *keySet) run(k *KeySets, this *fetch) {
	keys, err := k.fetch(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(this.done)
	if s.running != this {
		return
	}
	s.running, s.attempted, s.failure = nil, this.began, err
	if err == nil {
		s.keys, s.fetched = keys, this.began
	}
}

// unavailable is the error of a set that could not be had. That is never the
// token's fault: it has no status, so that a 404 on a key set counts as
// [ErrUnavailable] too.
func (s *keySet) unavailable(cause error) error {
	return &APIError{Op: "GET key set of " + s.region, Cause: cause}
}

// fetch asks for a set once, whoever waits for it.
func (k *KeySets) fetch(set *keySet) (map[string][]key, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, set.url, nil)
	if err != nil {
		return nil, set.unavailable(withoutURL(err))
	}
	response, err := k.client.Do(request)
	if err != nil {
		return nil, set.unavailable(withoutURL(err))
	}
	defer response.Body.Close()
	document, err := readBounded(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New("no key set")
	}
	var keys map[string][]key
	if err == nil {
		keys, err = parseKeySet(document, set.region)
	}
	if err != nil {
		return nil, set.unavailable(fmt.Errorf("status %d: %w", response.StatusCode, err))
	}
	return keys, nil
}
