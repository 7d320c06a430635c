package webex

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// refetchAfter is the shortest time between fetches for a missing key, so that a
	// flood of made-up key ids causes one fetch per set.
	refetchAfter = 30 * time.Second
	// retryAfter is the shortest time between a failed fetch and the next.
	retryAfter = 2 * time.Second
	// maxKeySetAge is the age at which a set is fetched again although it has the
	// key, so that a long-lived process stops trusting a key that Webex withdrew.
	maxKeySetAge = 6 * time.Hour
	// keySetTimeout bounds one fetch.
	keySetTimeout = 1500 * time.Millisecond
	// refetchWait is how long a caller waits for the refetch of a set whose last good
	// version has the key, before it uses that.
	refetchWait = 500 * time.Millisecond
)

// KeySets caches the JWK sets of the trusted regions, each fetched when a token
// first needs it. There is no background refresh, which a frozen Lambda process
// would not run. A fetch is shared, and continues after the caller that started it
// has gone. KeySets is safe for concurrent use.
type KeySets struct {
	sets   []*keySet
	client *http.Client
	now    func() time.Time
}

// NewKeySets returns the key sets at urls, by region (see [KeySetURLs]).
// Fetches follow no redirect.
func NewKeySets(urls map[string]string, transport http.RoundTripper, now func() time.Time) *KeySets {
	keys := &KeySets{client: newHTTPClient(transport, keySetTimeout), now: now}
	for region, url := range urls {
		keys.sets = append(keys.sets, &keySet{region: region, url: url})
	}
	return keys
}

// key is a public key that may sign tokens by one method only.
type key struct {
	region string
	public any
	method jwt.SigningMethod
}

// trusts reports whether the keys of the region are trusted.
func (k *KeySets) trusts(region string) bool {
	return slices.ContainsFunc(k.sets, func(set *keySet) bool { return set.region == region })
}

// search looks for the key that signed a token in one set after the other.
type search struct {
	fits func(key) error
	// refusal is why no key fits so far: a bad signature, if any, else the latest.
	refusal error
	// failures are the errors of sets that could not be fetched.
	failures []error
}

// try returns the region of the first of keys that fits.
func (s *search) try(keys []key, failure error) (region string, found bool) {
	if failure != nil {
		s.failures = append(s.failures, failure)
	}
	for _, key := range keys {
		err := s.fits(key)
		if err == nil {
			return key.region, true
		}
		if !errors.Is(s.refusal, ErrBadSignature) {
			s.refusal = err
		}
	}
	return "", false
}

// signer returns the region of the first key with this id that fits, out of the
// sets of regions (nil: all trusted ones). It tries cached sets first, then those
// that must be fetched, concurrently and in the order in which they arrive: a set
// that hangs does not delay tokens whose key is in another.
//
// If no key fits, the error is [ErrUnavailable] if some set could not be fetched
// within ctx: the key may be in that one, even if another set has the same id,
// which two regions may use independently. Otherwise it is why the keys were
// refused, or [ErrUnknownKey].
func (k *KeySets) signer(ctx context.Context, kid string, regions []string, fits func(key) error) (string, error) {
	search := &search{fits: fits, refusal: fmt.Errorf("%w: key id not in the trusted sets", ErrUnknownKey)}
	var missing []*keySet
	for _, set := range k.sets {
		if regions != nil && !slices.Contains(regions, set.region) {
			continue
		}
		keys, failure, fresh := set.cached(kid, k.now())
		if !fresh {
			missing = append(missing, set)
			continue
		}
		if region, found := search.try(keys, failure); found {
			return region, nil
		}
	}
	if region, found := k.fetchAndTry(ctx, kid, missing, search); found {
		return region, nil
	}
	if len(search.failures) > 0 {
		return "", errors.Join(search.failures...)
	}
	return "", search.refusal
}

// fetchAndTry fetches sets concurrently and tries the keys of each as it arrives.
func (k *KeySets) fetchAndTry(ctx context.Context, kid string, sets []*keySet, search *search) (region string, found bool) {
	if len(sets) == 0 {
		return "", false
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop() // ends the waiting, not the fetches
	type result struct {
		keys    []key
		failure error
	}
	results := make(chan result, len(sets))
	for _, set := range sets {
		// Not in the goroutine, which may run after the caller has returned, when its
		// clock must no longer be read.
		cached, fetch := set.startFetch(k, kid)
		go func() {
			keys, failure := set.wait(ctx, kid, cached, fetch)
			results <- result{keys, failure}
		}()
	}
	for range sets {
		result := <-results
		if region, found := search.try(result.keys, result.failure); found {
			return region, true
		}
	}
	return "", false
}
