package webex_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (b *bench) fetches() int { return b.cloud.Count(webextest.KindJWKS, "GET") }

// ofRegion is a good token that names its region, so that no other set is fetched.
func (b *bench) ofRegion() string {
	return b.cloud.Sign(home, nil, b.claims(map[string]any{"region": home}))
}

func TestKeySetsAreFetchedOnNeedOnly(t *testing.T) {
	bubble(t, func(t *testing.T, w *waiting) {
		for range 3 {
			if _, _, err := w.verify(t, healthBudget, home, w.keys[home]); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		for _, region := range webex.DefaultRegions {
			if got := w.fetched(region); got != 1 {
				t.Errorf("tokens without region: %d fetches of %s, want one per trusted set", got, region)
			}
		}
	})

	b := newBench(t)
	if _, err := b.Verify(t.Context(), b.ofRegion(), webex.CrossLaunch); err != nil {
		t.Fatal(err)
	}
	if got := b.fetches(); got != 1 {
		t.Errorf("a token with a region: %d fetches, want 1", got)
	}
}

func TestUnknownKeysCauseOneFetchPerSetAndHalfMinute(t *testing.T) {
	b := newBench(t)
	flood := func() {
		t.Helper()
		for range 20 {
			if _, err := b.Verify(t.Context(), b.withHeader("ES256", "made-up"), webex.CrossLaunch); !errors.Is(err, webex.ErrUnknownKey) {
				t.Fatalf("error = %v", err)
			}
		}
	}
	sets := len(webex.DefaultRegions)
	flood()
	if got := b.fetches(); got != sets {
		t.Errorf("first flood: %d fetches, want %d", got, sets)
	}
	b.pass(29 * time.Second)
	flood()
	if got := b.fetches(); got != sets {
		t.Errorf("within 30 s: %d fetches, want still %d", got, sets)
	}
	b.pass(time.Second)
	flood()
	if got := b.fetches(); got != 2*sets {
		t.Errorf("after 30 s: %d fetches, want %d", got, 2*sets)
	}
}

func TestRotatedKeyIsFoundAfterHalfAMinute(t *testing.T) {
	b := newBench(t)
	if _, err := b.Verify(t.Context(), b.ofRegion(), webex.CrossLaunch); err != nil {
		t.Fatal(err)
	}
	b.cloud.RotateKeys(home)
	b.pass(31 * time.Second)
	if _, err := b.Verify(t.Context(), b.ofRegion(), webex.CrossLaunch); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
}

func TestKeySetOutage(t *testing.T) {
	b := newBench(t)
	b.cloud.Inject(webextest.Fault{Kind: webextest.KindJWKS, Status: 500})
	if _, err := b.Verify(t.Context(), b.ofRegion(), webex.CrossLaunch); !errors.Is(err, webex.ErrUnavailable) {
		t.Fatalf("nothing cached: error = %v, want ErrUnavailable", err)
	}
	b.cloud.ClearFaults()
	b.pass(3 * time.Second)
	if _, err := b.Verify(t.Context(), b.ofRegion(), webex.CrossLaunch); err != nil {
		t.Fatalf("after the outage: %v", err)
	}
	b.cloud.Inject(webextest.Fault{Kind: webextest.KindJWKS, Status: 503})
	b.pass(7 * time.Hour)
	if _, err := b.Verify(t.Context(), b.ofRegion(), webex.CrossLaunch); err != nil {
		t.Errorf("the last good set is kept: %v", err)
	}
	before := b.fetches()
	b.pass(29 * time.Second)
	if _, err := b.Verify(t.Context(), b.ofRegion(), webex.CrossLaunch); err != nil || b.fetches() != before {
		t.Errorf("a key that is held: %v after %d more fetches, want none within 30 s", err, b.fetches()-before)
	}
}

func TestKeySetURLs(t *testing.T) {
	for name, regions := range map[string][]string{"an unknown region": {"mars"}, "no region": nil, "a key set without TLS": {home}} {
		if _, err := webex.KeySetURLs(regions, map[string]string{home: "http://evil.test/jwks"}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	urls, err := webex.KeySetURLs([]string{home}, map[string]string{untrusted: "http://127.0.0.1:1/jwks"})
	if err != nil || len(urls) != 1 || urls[home] != "https://xapi-r.wbx2.com/jwks" {
		t.Errorf("urls = %v, %v: an override must not bring in a region", urls, err)
	}
}
