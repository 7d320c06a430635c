package webex

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
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
	// maxKeySetSize bounds a key set document, in bytes.
	maxKeySetSize = 256 << 10
	minRSABits    = 2048
)

// KeySets holds the JWK sets of the trusted regions, each fetched when a token
// first needs it and kept. There is no background refresh: a frozen Lambda
// process would run none. It is safe for concurrent use.
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

// keySet is one region's set: the last good one, and when it was asked for.
type keySet struct {
	region, url string

	mu        sync.Mutex
	keys      map[string][]key
	fetched   time.Time // when keys was fetched; zero: never
	attempted time.Time // when a fetch was last tried
	failure   error     // of the last attempt
}

// trusts reports whether the region is one whose keys are looked at.
func (k *KeySets) trusts(region string) bool {
	return slices.ContainsFunc(k.sets, func(set *keySet) bool { return set.region == region })
}

// lookup returns the keys with this id in the sets of regions (nil: all
// trusted ones), fetched side by side where needed. It returns [ErrUnknownKey]
// if no set has it, and an error that is [ErrUnavailable] if no set has it but
// not every set could be asked.
func (k *KeySets) lookup(ctx context.Context, kid string, regions []string) ([]key, error) {
	var asked []*keySet
	for _, set := range k.sets {
		if regions == nil || slices.Contains(regions, set.region) {
			asked = append(asked, set)
		}
	}
	// A set that has the key answers for all: the others need not be fetched.
	var held []key
	for _, set := range asked {
		if keys, fresh := set.cached(kid, k.now()); fresh {
			held = append(held, keys...)
		}
	}
	if len(held) > 0 {
		return held, nil
	}
	found := make([][]key, len(asked))
	failures := make([]error, len(asked))
	var wait sync.WaitGroup
	for i, set := range asked {
		wait.Go(func() { found[i], failures[i] = set.find(ctx, k, kid) })
	}
	wait.Wait()
	if keys := slices.Concat(found...); len(keys) > 0 {
		return keys, nil
	}
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: key id not in the trusted sets", ErrUnknownKey)
}

// cached returns the keys with this id, and whether that answer stands without
// a fetch.
func (s *keySet) cached(kid string, now time.Time) ([]key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[kid], !s.mustFetch(kid, now)
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

// find returns the keys with this id, fetching the set if the rules ask for
// it. The last good set is kept if the fetch fails.
func (s *keySet) find(ctx context.Context, k *KeySets, kid string) ([]key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := k.now()
	if s.mustFetch(kid, now) {
		keys, err := k.fetch(ctx, s)
		s.attempted, s.failure = now, err
		if err == nil {
			s.keys, s.fetched = keys, now
		}
	}
	if keys := s.keys[kid]; len(keys) > 0 {
		return keys, nil
	}
	return nil, s.failure
}

func (k *KeySets) fetch(ctx context.Context, set *keySet) (map[string][]key, error) {
	failed := func(status int, err error) error {
		// Not being able to ask is never the token's fault: no status, so that
		// a 404 on a key set counts as unavailable too.
		return &APIError{Op: "GET key set of " + set.region, Cause: fmt.Errorf("status %d: %w", status, err)}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, set.url, nil)
	if err != nil {
		return nil, failed(0, err)
	}
	response, err := k.client.Do(request)
	if err != nil {
		return nil, failed(0, err)
	}
	defer response.Body.Close()
	document, err := io.ReadAll(io.LimitReader(response.Body, maxKeySetSize))
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New("no key set")
	}
	if err != nil {
		return nil, failed(response.StatusCode, err)
	}
	keys, err := parseKeySet(document, set.region)
	if err != nil {
		return nil, failed(response.StatusCode, err)
	}
	return keys, nil
}

// parseKeySet reads the keys that can sign tokens: P-256 for ES256, RSA of
// 2048 bits or more for RS256. Any other entry is passed over, so that Webex
// may add kinds of keys without stopping us.
func parseKeySet(document []byte, region string) (map[string][]key, error) {
	var set struct {
		Keys []jwkset.JWKMarshal `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil || set.Keys == nil {
		return nil, errors.New("not a JWK set")
	}
	keys := map[string][]key{}
	for _, entry := range set.Keys {
		if entry.KID == "" || (entry.USE != "" && entry.USE != jwkset.UseSig) {
			continue
		}
		jwk, err := jwkset.NewJWKFromMarshal(entry, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err != nil {
			continue
		}
		method := methodOf(jwk.Key())
		if method == nil || (entry.ALG != "" && entry.ALG.String() != method.Alg()) {
			continue
		}
		keys[entry.KID] = append(keys[entry.KID], key{region: region, public: jwk.Key(), method: method})
	}
	return keys, nil
}

// methodOf returns the one method that a key of this type signs by, nil if it
// is not of an accepted type. That is what makes algorithm confusion fail: an
// algorithm is never taken from the token, only compared with the key's own.
func methodOf(public any) jwt.SigningMethod {
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			return jwt.SigningMethodES256
		}
	case *rsa.PublicKey:
		if public.N.BitLen() >= minRSABits {
			return jwt.SigningMethodRS256
		}
	}
	return nil
}
