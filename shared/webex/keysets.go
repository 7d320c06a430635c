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
	// refetchAfter is how long a set is not asked again for a key that it did
	// not have, so that a flood of made-up key ids costs one fetch per set.
	refetchAfter = 30 * time.Second
	// retryAfter is how long a set that could not be fetched is left alone.
	retryAfter = 2 * time.Second
	// maxKeySetAge is when a set is fetched anew although it has the key, so
	// that a key which Webex withdrew stops being trusted in a long-lived process.
	maxKeySetAge = 6 * time.Hour
	// keySetTimeout bounds one fetch.
	keySetTimeout = 1500 * time.Millisecond
	// heldWait is how long a caller waits for the refetch of a set whose last
	// good version has the key; after that the endpoint counts as failing.
	heldWait = 500 * time.Millisecond
)

// KeySets holds the JWK sets of the trusted regions, each fetched when a token
// first needs it and kept. There is no background refresh: a frozen Lambda
// process would run none. A fetch belongs to no caller: it goes on when the one
// that needed it has gone, for the others and for the next. It is safe for
// concurrent use.
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

// trusts reports whether the region is one whose keys are looked at.
func (k *KeySets) trusts(region string) bool {
	return slices.ContainsFunc(k.sets, func(set *keySet) bool { return set.region == region })
}

// search finds the key that fits, in any order of sets.
type search struct {
	fits func(key) error
	// refusal is what the keys so far were refused for: a key that does not fit
	// says more than none with its id.
	refusal error
	// failures are of the sets that could not be had.
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

// signer returns the region of the key with this id that fits, out of the sets
// of regions (nil: all trusted ones), as soon as one is found: sets that are
// held come first, then those that must be fetched, side by side, as each
// answers. A set that hangs delays nobody whose key is in another.
//
// Without a key that fits it returns an error that is [ErrUnavailable] if some
// set could not be had, or not within ctx: the key may be in that one, also
// where another set has the same id, since nobody keeps ids of different
// regions apart. Else it is what the keys were refused for, or [ErrUnknownKey].
func (k *KeySets) signer(ctx context.Context, kid string, regions []string, fits func(key) error) (string, error) {
	search := &search{fits: fits, refusal: fmt.Errorf("%w: key id not in the trusted sets", ErrUnknownKey)}
	var missing []*keySet
	for _, set := range k.sets {
		if regions != nil && !slices.Contains(regions, set.region) {
			continue
		}
		keys, failure, fresh := set.held(kid, k.now())
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

// fetchAndTry asks for sets side by side and tries the keys of each as it comes.
func (k *KeySets) fetchAndTry(ctx context.Context, kid string, sets []*keySet, search *search) (region string, found bool) {
	if len(sets) == 0 {
		return "", false
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop() // waiting, not the fetches
	type answer struct {
		keys    []key
		failure error
	}
	answers := make(chan answer, len(sets))
	for _, set := range sets {
		// Asked for here and not by the one that waits, who may go on after the
		// caller has its answer: the clock is the caller's.
		held, fetch := set.ask(k, kid)
		go func() {
			keys, failure := set.wait(ctx, kid, held, fetch)
			answers <- answer{keys, failure}
		}()
	}
	for range sets {
		came := <-answers
		if region, found := search.try(came.keys, came.failure); found {
			return region, true
		}
	}
	return "", false
}
