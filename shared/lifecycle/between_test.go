package lifecycle_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// between is the store of a worker that another one interrupts: after runs once, after
// this worker's first Find and before any Used.
type between struct {
	lifecycle.Store
	after func()
	once  sync.Once
	came  chan struct{}
}

// interrupted returns a service for which after runs once it has read the row.
func (w *world) interrupted(after func()) *lifecycle.Service {
	w.t.Helper()
	return w.over(&between{Store: w.store, after: after, came: make(chan struct{})})
}

func (s *between) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	row, candidates, err := s.Store.Find(ctx, key, now)
	s.once.Do(func() { s.after(); close(s.came) })
	return row, candidates, err
}

func (s *between) Used(ctx context.Context, key installation.Key, id string, now time.Time) (bool, error) {
	<-s.came
	return s.Store.Used(ctx, key, id, now)
}

// The row and the mark of a token are read in parallel: a code that another worker
// completes in between is no replay.
func TestCodeCompletedBetweenTheReads(t *testing.T) {
	w := newWorld(t)
	token := w.verified(w.code())
	worker := w.interrupted(func() {
		_, err := w.service().Activate(t.Context(), token, base)
		wantErr(t, err, nil)
	})
	got, err := worker.Activate(t.Context(), token, base)
	wantErr(t, err, nil)
	if got.Features[webex.DigitalSignage] != installation.InSync {
		t.Errorf("answer = %+v", got)
	}
	w.wantPushes(webex.DigitalSignage, 1)
}

// A worker whose lease ran out while Webex was slow is overtaken by one that
// completes the same code: its own commit then finds the mark.
func TestCodeCompletedWhileItIsProven(t *testing.T) {
	w := newWorld(t)
	token := w.verified(w.code())
	w.once(webextest.KindToken, "POST", func() {
		w.pass(installation.LeaseLife + time.Second)
		_, err := w.service().Activate(t.Context(), token, base)
		wantErr(t, err, nil)
	})
	_, err := w.service().Activate(t.Context(), token, base)
	wantErr(t, err, nil)
	w.wantCandidates(0)
	w.inSync()
}

// A removal that another worker applies meanwhile is repeated, not refused.
func TestRemovalRepeatedBetweenReadAndWrite(t *testing.T) {
	w := activatedWorld(t)
	removal := w.verified(w.minted(w.cloud.MintDeprovision(w.org.ID())))
	worker := w.interrupted(func() { wantErr(t, w.service().Act(t.Context(), removal), nil) })
	wantErr(t, worker.Act(t.Context(), removal), nil)
	if row, _ := w.stored(); row.Exists() {
		t.Errorf("state %s", row.State)
	}
}

// A row that another worker only wrote between read and lease can still be leased.
func TestRowWrittenBeforeItIsLeased(t *testing.T) {
	w := activatedWorld(t)
	worker := w.interrupted(func() {
		row, _ := w.stored()
		w.save(row)
	})
	report, err := schedule.New(worker, w.store).VerifyNow(t.Context(), []string{w.org.ID()})
	wantErr(t, err, nil)
	if report != (schedule.Report{Verified: 1}) {
		t.Errorf("report = %+v", report)
	}
}

// The same code is posted while another worker has it: both get the same result, and
// Webex is asked once.
func TestCodePostedWhileAnotherWorkerHasIt(t *testing.T) {
	tests := map[string]struct {
		kind, method string // the call during which it is posted
		fault        *webextest.Fault
		stranger     bool
		err          error
		retryAfter   time.Duration
		feature      installation.FeatureStatus
	}{
		"all well":           {kind: webextest.KindApp, method: "PATCH", feature: installation.InSync},
		"PATCH refused":      {kind: webextest.KindApp, method: "PATCH", fault: &webextest.Fault{Kind: webextest.KindApp, Status: 403}, err: webex.ErrRejected},
		"PATCH unavailable":  {kind: webextest.KindApp, method: "PATCH", fault: &webextest.Fault{Kind: webextest.KindApp, Status: 503}, err: webex.ErrUnavailable},
		"PATCH, retry later": {kind: webextest.KindApp, method: "PATCH", fault: &webextest.Fault{Kind: webextest.KindApp, Status: 429, RetryAfter: "20"}, err: webex.ErrUnavailable, retryAfter: 20 * time.Second},
		"PATCH answer lost":  {kind: webextest.KindApp, method: "PATCH", fault: &webextest.Fault{Kind: webextest.KindApp, LoseReply: true}, err: webex.ErrUnavailable},
		"PUT refused":        {kind: webextest.KindApp, method: "PATCH", fault: &webextest.Fault{Method: "PUT", Status: 403}, feature: installation.Pending},
		"PUT slow":           {kind: webextest.KindSignage, method: "PUT", feature: installation.InSync},
		"token, all well":    {kind: webextest.KindToken, method: "POST", feature: installation.InSync},
		"token unavailable":  {kind: webextest.KindToken, method: "POST", fault: &webextest.Fault{Kind: webextest.KindToken, Status: 503, RetryAfter: "7"}, err: webex.ErrUnavailable, retryAfter: 7 * time.Second},
		"token rejected":     {kind: webextest.KindToken, method: "POST", fault: &webextest.Fault{Kind: webextest.KindToken, Status: 403}, err: webex.ErrRejected},
		"a stranger's":       {kind: webextest.KindToken, method: "POST", stranger: true, err: webex.ErrInvalidGrant},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			mint := w.cloud.MintActivation
			if test.stranger {
				mint = w.cloud.MintStrangerActivation
			}
			token := w.verified(w.minted(mint(w.org.ID())))
			if test.fault != nil {
				w.fault(*test.fault)
			}
			read, second := make(chan struct{}), make(chan error, 1)
			var answer lifecycle.Activated
			w.once(test.kind, test.method, func() {
				worker := w.interrupted(func() { close(read) })
				go func() {
					var err error
					answer, err = worker.Activate(t.Context(), token, base)
					second <- err
				}()
				<-read // and finds that another worker has it
			})
			first, err := w.service().Activate(t.Context(), token, base)
			for _, err := range []error{err, <-second} {
				wantErr(t, err, test.err)
				if got := webex.RetryAfter(err); got != test.retryAfter {
					t.Errorf("retry after %v, want %v", got, test.retryAfter)
				}
			}
			for _, answer := range []lifecycle.Activated{first, answer} {
				if got := answer.Features[webex.DigitalSignage]; got != test.feature {
					t.Errorf("feature is %q, want %q", got, test.feature)
				}
			}
			if tokens, patches := w.count(webextest.KindToken, "POST"), w.count(webextest.KindApp, "PATCH"); tokens > 1 || patches > 1 {
				t.Errorf("%d token requests and %d PATCHes, want 1 at most", tokens, patches)
			}
		})
	}
}

// commitless is a table that refuses transactions.
type commitless struct{ lifecycle.Store }

var errTable = errors.New("the table is throttled")

func (commitless) Commit(context.Context, installation.Installation, installation.Used, []installation.Candidate, time.Time) (installation.Installation, error) {
	return installation.Installation{}, errTable
}

// A refresh token that replaced the code's is stored before the commit, which may fail,
// and the schedule continues with it.
func TestRotatedTokenSurvivesAFailedCommit(t *testing.T) {
	w := newWorld(t)
	w.cloud.SetRotateRefreshTokens(true)
	worker := w.over(commitless{w.store})
	_, err := worker.Activate(t.Context(), w.verified(w.code()), base)
	wantErr(t, err, errTable)
	_, candidates := w.stored()
	if len(candidates) != 1 {
		t.Fatalf("%d candidates, want 1", len(candidates))
	}
	kept, err := w.keys.sealer.Open(candidates[0].Refresh, installation.RefreshPlace(candidates[0].Key))
	if err != nil || kept.Reveal() != w.cloud.RefreshToken(w.org.ID()) {
		t.Errorf("the candidate does not hold the newest refresh token: %v", err)
	}
	w.pass(installation.LeaseLife + time.Second)
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1, Pushed: 2})
	w.sealedNewest()
}
