package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"signpost/shared/installation"
)

const (
	// CacheLife is how long a registry relies on what it has read of an app id,
	// whether that is registered or not: a new registration, or a new client secret,
	// is seen within this time.
	CacheLife = 30 * time.Second
	// proveAttempts bounds the attempts at a write that conflicts with others.
	proveAttempts = 5
	// cacheSize limits the app ids that are remembered: anybody can obtain tokens of
	// app ids that are not the vendor's.
	cacheSize = 4096
)

// Registry finds the integration that a token belongs to. It is safe for concurrent
// use, and reads each app id at most once per [CacheLife].
type Registry struct {
	defaultID string
	store     Store
	now       func() time.Time

	reads singleflight.Group
	mu    sync.Mutex
	cache map[string]cached
}

type cached struct {
	at         time.Time
	registered []Integration
}

// NewRegistry returns a registry whose default integration has the app id defaultID,
// in lower case. All arguments are required.
func NewRegistry(defaultID string, store Store, now func() time.Time) (*Registry, error) {
	if defaultID == "" || store == nil || now == nil {
		return nil, errors.New("integration registry: default app id, store and clock are required")
	}
	return &Registry{defaultID: defaultID, store: store, now: now, cache: map[string]cached{}}, nil
}

// Accepts implements webex.Apps. The default integration is accepted without a read.
func (r *Registry) Accepts(ctx context.Context, appID, orgKey string) (bool, error) {
	if appID == r.defaultID {
		return true, nil
	}
	_, ok, err := r.Find(ctx, appID, orgKey)
	return ok, err
}

// IsDefault reports whether the app id is that of the settings' integration.
func (r *Registry) IsDefault(appID string) bool { return appID == r.defaultID }

// Find returns the integration that is registered for the organization, else the one
// for any, and whether there is one. The default integration has no registration unless
// an organization uploaded its manifest on its own.
func (r *Registry) Find(ctx context.Context, appID, orgKey string) (Integration, bool, error) {
	registered, err := r.registered(ctx, appID)
	if err != nil {
		return Integration{}, false, fmt.Errorf("find the integration %s: %w", appID, err)
	}
	var forAny Integration
	for _, one := range registered {
		switch one.OrgKey {
		case orgKey:
			return one, true, nil
		case "":
			forAny = one
		}
	}
	return forAny, forAny.AppID != "", nil
}

// Prove records that Webex accepted a refresh token of the organization from the
// integration's client: a registration that a customer made is kept from now on. It returns
// [installation.ErrConflict] if the registration is not of that client, as accepted reports:
// the customer has entered another one meanwhile.
func (r *Registry) Prove(ctx context.Context, appID, orgKey string, accepted func(Integration) (bool, error)) error {
	for range proveAttempts {
		found, ok, err := r.Find(ctx, appID, orgKey)
		if err != nil || !ok || found.UnprovenUntil.IsZero() {
			return err
		}
		same, err := accepted(found)
		if err == nil && !same {
			r.Forget(appID) // the next attempt uses the new one
			err = fmt.Errorf("its client was replaced: %w", installation.ErrConflict)
		}
		if err != nil {
			return fmt.Errorf("keep the integration %s: %w", appID, err)
		}
		found.UnprovenUntil = time.Time{}
		_, err = r.store.SaveIntegration(ctx, found, r.now())
		r.Forget(appID)
		if !errors.Is(err, installation.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("keep the integration %s: %w", appID, installation.ErrConflict)
}

// Forget makes the next look-up of the app id read it again.
func (r *Registry) Forget(appID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.cache, appID)
}

// registered returns the registrations of an app id. Callers that ask at the same time
// share one read.
func (r *Registry) registered(ctx context.Context, appID string) ([]Integration, error) {
	if known, ok := r.cached(appID); ok {
		return known, nil
	}
	read, err, _ := r.reads.Do(appID, func() (any, error) {
		if known, ok := r.cached(appID); ok { // read while this call waited to begin
			return known, nil
		}
		at := r.now()
		registered, err := r.store.Integrations(ctx, appID, at)
		if err != nil {
			return nil, err
		}
		r.keep(appID, cached{at, registered})
		return registered, nil
	})
	if err != nil {
		return nil, err
	}
	return read.([]Integration), nil
}

func (r *Registry) cached(appID string) ([]Integration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.cache[appID]
	return known.registered, ok && r.fresh(known)
}

func (r *Registry) fresh(known cached) bool { return r.now().Sub(known.at) < CacheLife }

// keep remembers an app id. A full cache drops those that are no longer fresh, and all
// if every one is.
func (r *Registry) keep(appID string, read cached) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.cache) >= cacheSize {
		for id, known := range r.cache {
			if !r.fresh(known) {
				delete(r.cache, id)
			}
		}
		if len(r.cache) >= cacheSize {
			clear(r.cache)
		}
	}
	r.cache[appID] = read
}
