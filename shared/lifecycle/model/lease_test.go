package model_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// inBubble plays with one installation, whose access token has lapsed, in a
// bubble of its own time, and holds what was written to the model.
func inBubble(t *testing.T, plant plant, play func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(sequence{Seed: 7}, inMemory(), plant)
		defer w.cloud.Close()
		token := w.model.mint(must(w.verifier.Verify(t.Context(), must(w.cloud.MintActivation(w.orgs[0].ID())), webex.Provision)), true)
		_ = must(w.serviceWith(w.store.channels.now()).Activate(t.Context(), token.Token, base))
		w.cloud.SetRotateRefreshTokens(true)
		time.Sleep(20 * time.Hour)
		w.cloud.ResetRequests()
		play(t, w)
		row, _, err := w.store.backend.Find(t.Context(), installationtest.Key(w.orgs[0].ID()), time.Now())
		if err != nil || row.State != installation.Active || w.model.open(row) != w.cloud.RefreshToken(w.orgs[0].ID()) {
			t.Errorf("state %s, %v: or the stored refresh token is not the newest", row.State, err)
		}
		for _, violation := range w.model.violations {
			t.Error(violation)
		}
	})
}

// needsToken is a worker that looks at the installation, for which it needs an
// access token. It reports whether it saw all.
func (w *world) needsToken(ctx context.Context, worker *worker) bool {
	ctx, cancel := context.WithTimeout(worker.context(ctx), time.Minute)
	defer cancel()
	inspection, err := w.serviceWith(w.store.channels.now()).Inspect(ctx, installationtest.Key(w.orgs[0].ID()), true)
	return err == nil && len(inspection.Failures) == 0
}

// TestDeadLeaseHolder: a worker that is killed at any of its calls, with the
// renewal lease in its hand or without, delays 64 others by at most the lease,
// and one of them asks for the token.
func TestDeadLeaseHolder(t *testing.T) {
	const others, lease = 64, 30 * time.Second
	var longest time.Duration
	killAfter := 1
	for lived := false; !lived; killAfter++ {
		inBubble(t, plant{}, func(t *testing.T, w *world) {
			if lived = w.needsToken(t.Context(), w.newWorker("dead", calm, killAfter)); lived {
				return
			}
			w.cloud.ResetRequests()
			began := time.Now()
			var wait sync.WaitGroup
			for n := range others {
				worker := w.newWorker(fmt.Sprint("living ", n), calm, 0)
				wait.Go(func() {
					if !w.needsToken(t.Context(), worker) {
						t.Errorf("killed after %d calls: %s is not served", killAfter, worker.name)
					}
				})
			}
			wait.Wait()
			took := time.Since(began)
			if longest = max(longest, took); took > lease+time.Second {
				t.Errorf("killed after %d calls: the others take %v, want the lease's %v at most, and a second to work", killAfter, took, lease)
			}
			if got := w.cloud.Count(webextest.KindToken, ""); got > 1 {
				t.Errorf("killed after %d calls: %d token requests by the others, want 1 at most", killAfter, got)
			}
		})
	}
	if longest < lease-time.Second {
		t.Errorf("nobody had to wait for longer than %v: no lease was held", longest)
	}
	t.Logf("%d workers waited %v at most for one killed at any of %d calls", others, longest.Round(time.Millisecond), killAfter-2)
}

// held has a slow worker's request for a token wait until it may go, or the
// answer until it may come.
type held struct {
	lifecycle.Webex
	answer bool
	may    <-chan struct{}
}

func (h held) Exchange(ctx context.Context, oauthURL string, client webex.Credentials, refresh secret.String) (webex.Tokens, error) {
	slow := workerOf(ctx) != nil && workerOf(ctx).name == "slow"
	if slow && !h.answer {
		<-h.may
	}
	tokens, err := h.Webex.Exchange(ctx, oauthURL, client, refresh)
	if slow && h.answer {
		<-h.may
	}
	return tokens, err
}

// TestLostRaceIsNoDeadToken: a worker is so slow that its lease runs out, and
// another one replaces the refresh token. Webex then refuses the old one to the
// slow worker, who has to look again before it believes that the token is dead.
func TestLostRaceIsNoDeadToken(t *testing.T) {
	var may chan struct{}
	slow := plant{webex: func(w lifecycle.Webex) lifecycle.Webex { return held{w, false, may} }}
	inBubble(t, slow, func(t *testing.T, w *world) {
		may = make(chan struct{})
		served := make(chan bool)
		go func() { served <- w.needsToken(t.Context(), w.newWorker("slow", calm, 0)) }()
		time.Sleep(installation.LeaseLife + time.Second)
		for _, name := range []string{"fast", "faster"} { // the second use of a new token is the end of the old one
			w.cloud.RevokeAccessTokens(w.orgs[0].ID())
			if !w.needsToken(t.Context(), w.newWorker(name, calm, 0)) {
				t.Errorf("%s is not served", name)
			}
		}
		close(may)
		if !<-served {
			t.Error("the slow worker is not served")
		}
		if len(w.model.dead) != 1 {
			t.Errorf("Webex refused %d refresh tokens, want the old one: the case proves nothing", len(w.model.dead))
		}
	})
}

// TestNewerTokenOutlivesAnExchange: while a worker waits for the token that
// follows the stored one, Webex sends another by an action. The one that was
// asked for is older, and must not take its place.
func TestNewerTokenOutlivesAnExchange(t *testing.T) {
	var may chan struct{}
	slow := plant{webex: func(w lifecycle.Webex) lifecycle.Webex { return held{w, true, may} }}
	inBubble(t, slow, func(t *testing.T, w *world) {
		may = make(chan struct{})
		served := make(chan bool)
		go func() { served <- w.needsToken(t.Context(), w.newWorker("slow", calm, 0)) }()
		time.Sleep(time.Second)
		raw := must(w.cloud.MintMove(w.orgs[0].ID(), elsewhere, webextest.MoveOptions{SignedBy: "old", NewRefreshToken: true}))
		move := w.model.mint(must(w.verifier.Verify(t.Context(), raw, webex.Update)), true)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		if err := w.serviceWith(w.store.channels.now()).Act(ctx, move.Token); err != nil {
			t.Errorf("the move: %v", err)
		}
		close(may)
		<-served // with the old address or the new one, which is not in question
	})
}
