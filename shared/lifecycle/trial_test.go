package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/secret"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// A client secret is tried by one exchange; the installation stays valid whatever the
// result.
func TestTryClient(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(w *world)
		want    error
		calls   int
	}{
		"good":            {func(w *world) { w.cloud.SetRotateRefreshTokens(true) }, nil, 1},
		"a wrong secret":  {func(w *world) { w.keys.client = secret.New("mistyped") }, webex.ErrInvalidClient, 1},
		"a refused token": {func(w *world) { w.cloud.RevokeRefreshToken(w.org.ID()) }, webex.ErrInvalidGrant, 1},
		"Webex is down":   {func(w *world) { w.fault(webextest.Fault{Kind: webextest.KindToken, Status: 503, Times: 1}) }, webex.ErrUnavailable, 1},
		"token_invalid":   {func(w *world) { row, _ := w.stored(); w.save(row.Invalidate("x", w.clock())) }, installation.ErrNotFound, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			test.prepare(w)
			before, _ := w.stored()
			w.cloud.ResetRequests()
			wantErr(t, w.service().TryClient(t.Context(), installationtest.Key(w.org.ID())), test.want)
			after, _ := w.stored()
			if n := w.count(webextest.KindToken, "POST"); n != test.calls {
				t.Errorf("%d exchanges, want %d", n, test.calls)
			}
			if after.State != before.State || after.Tokens.Renewal.Held(w.clock()) || string(after.Tokens.Access) == "" && test.want != installation.ErrNotFound {
				t.Errorf("after it: %s, lease %+v", after.State, after.Tokens.Renewal)
			}
			if test.want == nil {
				w.sealedNewest()
				if !after.Tokens.RenewedAt.Equal(w.clock()) {
					t.Errorf("renewed at %v", after.Tokens.RenewedAt)
				}
			}
		})
	}
}

// The trial waits for a worker that renews: two exchanges at once could each get a
// refresh token, of which Webex keeps one.
func TestTryClientWaitsForTheLease(t *testing.T) {
	w := activatedWorld(t)
	row, _ := w.stored()
	row.Tokens.Renewal = installation.NewLease("worker", w.clock())
	w.save(row)
	w.cloud.ResetRequests()
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	wantErr(t, w.service().TryClient(short, installationtest.Key(w.org.ID())), webex.ErrUnavailable)
	if n := w.count(webextest.KindToken, "POST"); n != 0 {
		t.Errorf("%d exchanges beside the worker's", n)
	}
	w.pass(installation.LeaseLife + time.Second)
	wantErr(t, w.service().TryClient(t.Context(), installationtest.Key(w.org.ID())), nil)
}
