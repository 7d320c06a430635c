package webex

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// keySet is the last good key set of one region, and the state of its fetches.
type keySet struct {
	region, url string

	mu        sync.Mutex
	keys      map[string][]key
	fetched   time.Time // start of the fetch that returned keys; zero: never
	attempted time.Time // start of the last fetch that ended
	failure   error     // of the last fetch that ended
	running   *fetch    // nil: none
}

// fetch is one request for a set, shared by all callers that wait for it.
type fetch struct {
	began time.Time
	done  chan struct{} // closed once the set has the result
}

// cached returns the keys with this id or the error of the last fetch, and whether
// that result is fresh, so that no fetch is needed.
func (s *keySet) cached(kid string, now time.Time) (keys []key, failure error, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys, failure = s.cachedKeys(kid)
	return keys, failure, !s.mustFetch(kid, now)
}

// cachedKeys returns the keys with this id, or else the error of the last fetch;
// s.mu is held. A failed fetch does not invalidate the last good set.
func (s *keySet) cachedKeys(kid string) ([]key, error) {
	if keys := s.keys[kid]; len(keys) > 0 {
		return keys, nil
	}
	return nil, s.failure
}

// mustFetch reports whether the set must be fetched; s.mu is held.
func (s *keySet) mustFetch(kid string, now time.Time) bool {
	switch {
	case s.failure != nil && now.Sub(s.attempted) < retryAfter:
		return false
	case s.failure != nil && len(s.keys[kid]) > 0:
		// The key is cached: an endpoint that hangs must not delay every request.
		return now.Sub(s.attempted) >= refetchAfter
	case s.fetched.IsZero(), now.Sub(s.fetched) >= maxKeySetAge:
		return true
	case len(s.keys[kid]) > 0:
		return false
	default:
		return now.Sub(s.attempted) >= refetchAfter
	}
}

// wait returns the keys with this id once fetch is done, at once if it is nil. It
// waits as long as ctx allows, or at most refetchWait if the last good set has
// the key. The fetch continues after that.
func (s *keySet) wait(ctx context.Context, kid string, keys []key, fetch *fetch) ([]key, error) {
	if fetch == nil {
		return s.result(kid)
	}
	if len(keys) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, refetchWait)
		defer cancel()
	}
	select {
	case <-fetch.done:
		return s.result(kid)
	case <-ctx.Done():
	}
	if len(keys) > 0 {
		return keys, nil
	}
	return nil, s.unavailable(ctx.Err())
}

// result is cachedKeys after a fetch, without s.mu held.
func (s *keySet) result(kid string) ([]key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetched.IsZero() && s.failure == nil {
		return nil, s.unavailable(errReplaced)
	}
	return s.cachedKeys(kid)
}

// errReplaced: the awaited fetch was replaced by another, which has not ended yet.
var errReplaced = errors.New("the fetch was replaced by another one")

// startFetch starts a fetch, unless one is running or none is needed. It returns the
// cached keys with this id and the fetch to wait for, or neither if none is needed. A fetch
// past its time limit is replaced: Lambda froze the process during it, and its connection
// is lost.
func (s *keySet) startFetch(k *KeySets, kid string) ([]key, *fetch) {
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

// run fetches the set. The result of a replaced fetch is dropped.
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

// unavailable is the error of a set that could not be fetched. It has no status, so
// that even a 404 on a key set is [ErrUnavailable] and not the token's fault.
func (s *keySet) unavailable(cause error) error {
	return &APIError{Op: "GET key set of " + s.region, Cause: cause}
}

// fetch requests a set. It depends on no caller's context.
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
