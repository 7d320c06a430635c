package integration_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/installation"
	"signpost/shared/integration"
)

// store holds registrations by app id, and counts its reads.
type store struct {
	registered map[string][]integration.Integration
	err        error
	conflict   error // of a write

	mu    sync.Mutex
	reads int
}

func (s *store) Integrations(_ context.Context, appID string, _ time.Time) ([]integration.Integration, error) {
	s.mu.Lock()
	s.reads++
	s.mu.Unlock()
	time.Sleep(time.Millisecond) // in a synctest bubble: all callers arrive meanwhile
	return s.registered[appID], s.err
}

func (s *store) SaveIntegration(_ context.Context, i integration.Integration, _ time.Time) (integration.Integration, error) {
	s.registered[i.AppID] = []integration.Integration{i}
	return i, s.conflict
}

func (s *store) wantReads(t *testing.T, want int) {
	t.Helper()
	if s.reads != want {
		t.Errorf("%d reads, want %d", s.reads, want)
	}
}

func newRegistry(t *testing.T, s *store) *integration.Registry {
	t.Helper()
	registry, err := integration.NewRegistry("default", s, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

func accepts(t *testing.T, r *integration.Registry, appID, orgKey string) bool {
	t.Helper()
	accepted, err := r.Accepts(t.Context(), appID, orgKey)
	if err != nil {
		t.Error(err)
	}
	return accepted
}

func TestFind(t *testing.T) {
	s := &store{registered: map[string][]integration.Integration{
		"default": {{AppID: "default", OrgKey: "acme", ClientID: "acme's own upload"}},
		"any":     {{AppID: "any", ClientID: "of any"}},
		"both":    {{AppID: "both", ClientID: "of any"}, {AppID: "both", OrgKey: "acme", ClientID: "acme's"}},
		"bound":   {{AppID: "bound", OrgKey: "acme", ClientID: "acme's"}},
	}}
	for _, test := range []struct {
		appID, orgKey string
		accepted      bool
		client        string
	}{
		{"default", "acme", true, "acme's own upload"},
		{"default", "other", true, ""},
		{"any", "acme", true, "of any"},
		{"both", "acme", true, "acme's"},
		{"both", "other", true, "of any"},
		{"bound", "acme", true, "acme's"},
		{"bound", "other", false, ""},
		{"bound", "", false, ""},
		{"unknown", "acme", false, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			registry := newRegistry(t, s)
			if got := accepts(t, registry, test.appID, test.orgKey); got != test.accepted {
				t.Errorf("%s of %s: accepted %v", test.appID, test.orgKey, got)
			}
			found, ok, err := registry.Find(t.Context(), test.appID, test.orgKey)
			if err != nil || ok != (test.client != "") || found.ClientID != test.client {
				t.Errorf("%s of %s: %+v, %v, %v", test.appID, test.orgKey, found, ok, err)
			}
		})
	}
}

// TestReads: each app id is read once in half a minute, however many ask, and for however
// many organizations; the default one is accepted without a read.
func TestReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{registered: map[string][]integration.Integration{"known": {{AppID: "known"}}}}
		registry := newRegistry(t, s)
		var askers sync.WaitGroup
		for n := range 50 {
			askers.Go(func() {
				if !accepts(t, registry, "default", "") || !accepts(t, registry, "known", strconv.Itoa(n)) || accepts(t, registry, "unknown", strconv.Itoa(n)) {
					t.Error("wrong")
				}
			})
		}
		askers.Wait()
		s.wantReads(t, 2)
		time.Sleep(integration.CacheLife - 2*time.Millisecond)
		accepts(t, registry, "unknown", "")
		s.wantReads(t, 2)
		time.Sleep(2 * time.Millisecond)
		s.registered["unknown"] = []integration.Integration{{AppID: "unknown"}}
		if !accepts(t, registry, "unknown", "") {
			t.Error("not seen after it was registered")
		}
		s.wantReads(t, 3)
		registry.Forget("unknown")
		accepts(t, registry, "unknown", "")
		s.wantReads(t, 4)
	})
}

// TestManyAppIDs: strangers' app ids do not fill the memory, and a full cache works.
func TestManyAppIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		registry := newRegistry(t, s)
		for n := range 5000 {
			if accepts(t, registry, strconv.Itoa(n), "") {
				t.Fatal("a stranger is accepted")
			}
		}
		s.wantReads(t, 5000)
		accepts(t, registry, "4999", "")
		s.wantReads(t, 5000)
	})
}

func TestFailedReadIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{err: errors.New("throttled")}
		registry := newRegistry(t, s)
		for range 2 {
			if accepted, err := registry.Accepts(t.Context(), "app", ""); accepted || !errors.Is(err, s.err) {
				t.Errorf("%v, %v", accepted, err)
			}
		}
		s.wantReads(t, 2)
	})
}

// TestProve: a customer's registration is kept once its client is proven, whatever this
// process has read before.
func TestProve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{registered: map[string][]integration.Integration{
			"app":      {{AppID: "app", UnprovenUntil: time.Now().Add(time.Hour)}},
			"operator": {{AppID: "operator"}},
		}}
		registry := newRegistry(t, s)
		for _, appID := range []string{"app", "app", "operator", "default", "unknown"} {
			if err := registry.Prove(t.Context(), appID, "acme", accepted); err != nil {
				t.Errorf("%s: %v", appID, err)
			}
		}
		if kept := s.registered["app"][0]; !kept.UnprovenUntil.IsZero() {
			t.Errorf("not kept: %+v", kept)
		}
		s.registered["app"][0].UnprovenUntil = time.Now().Add(time.Hour)
		s.conflict = installation.ErrConflict
		if err := registry.Prove(t.Context(), "app", "acme", accepted); err != nil {
			t.Errorf("written by another worker meanwhile: %v", err)
		}
		s.registered["app"][0].UnprovenUntil = time.Now().Add(time.Hour)
		registry.Forget("app")
		replaced := func(integration.Integration) (bool, error) { return false, nil }
		if err := registry.Prove(t.Context(), "app", "acme", replaced); !errors.Is(err, installation.ErrConflict) || s.registered["app"][0].UnprovenUntil.IsZero() {
			t.Errorf("another client was entered meanwhile: %v", err)
		}
	})
}

// accepted is any client.
func accepted(integration.Integration) (bool, error) { return true, nil }
