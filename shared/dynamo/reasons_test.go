package dynamo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/launch"
)

// Conflicts of transactions cannot be timed, so these tests play DynamoDB's answers.

const (
	none      = "None"
	failed    = "ConditionalCheckFailed"
	busy      = "TransactionConflict"
	throttled = "ThrottlingError"
)

func TestConflictsWithTransactions(t *testing.T) {
	t.Parallel()
	s, ops := countingStore(t)
	for _, operation := range []string{"PutItem", "DeleteItem"} {
		ops.answer(operation, conflictAnswer)
	}
	_, err := s.Save(t.Context(), active(org))
	wantError(t, err, installation.ErrConflict)
	wantError(t, s.DeleteCandidate(t.Context(), candidate(org, "c")), installation.ErrConflict)
	if ops.total() != 2 {
		t.Errorf("requests: %v", ops)
	}
}

// A claim that conflicts with a transaction has not met another worker: the
// transaction may fail, and then nobody would work on the row.
func TestClaimDuringATransaction(t *testing.T) {
	t.Parallel()
	for conflicts := range 4 {
		s, ops := countingStore(t)
		if _, err := s.Save(t.Context(), active(org)); err != nil {
			t.Fatal(err)
		}
		for range conflicts {
			ops.answer("UpdateItem", conflictAnswer)
		}
		_, err := s.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org)}, installation.NewLease("me", now), now)
		if (err != nil) != (conflicts == 3) || errors.Is(err, installation.ErrConflict) {
			t.Errorf("%d conflicts: %v", conflicts, err)
		}
	}
}

// errOther stands for an error that is none of the sentinels.
var errOther = errors.New("another error")

// Conflicts with other transactions are repeated, up to three times in all; any other
// reason is the result.
func TestCancelledTransactions(t *testing.T) {
	commits := func(t *testing.T, s *dynamo.Store) error {
		_, err := s.Commit(t.Context(), active(org), mark(org, "m"), []installation.Candidate{candidate(org, "c")}, now)
		return err
	}
	launches := func(t *testing.T, s *dynamo.Store) error {
		return s.Create(t.Context(), newLaunch(org), region, mark(org, "m"))
	}
	takes := func(t *testing.T, s *dynamo.Store) error { _, _, err := s.Take(t.Context(), "l", now); return err }
	type answers [][]string // reasons, per transaction and item
	thrice := func(codes ...string) answers { return answers{codes, codes, codes} }
	for name, test := range map[string]struct {
		do       func(*testing.T, *dynamo.Store) error
		answers  answers
		requests int
		want     error
	}{
		// mark, installation, candidate
		"commit, busy":                {commits, thrice(none, busy, none), 3, installation.ErrConflict},
		"commit, mark busy":           {commits, thrice(busy, none, none), 3, installation.ErrConflict},
		"commit, candidate busy":      {commits, thrice(none, none, busy), 3, installation.ErrConflict},
		"commit, busy and throttled":  {commits, thrice(none, busy, throttled), 3, installation.ErrConflict},
		"commit, stale":               {commits, answers{{none, failed, none}}, 1, installation.ErrConflict},
		"commit, stale and busy":      {commits, answers{{none, failed, busy}}, 1, installation.ErrConflict},
		"commit, stale and throttled": {commits, answers{{none, failed, throttled}}, 1, installation.ErrConflict},
		"commit, marked and busy":     {commits, answers{{failed, busy, none}}, 1, installation.ErrReplayed},
		"commit, marked and stale":    {commits, answers{{failed, failed, failed}}, 1, installation.ErrReplayed},
		"commit, too large":           {commits, answers{{none, "ItemCollectionSizeLimitExceeded", none}}, 1, errOther},
		// installation, mark, launch
		"create, busy once":             {launches, answers{{busy, none, none}}, 2, nil},
		"create, busy twice":            {launches, answers{{busy, none, none}, {none, busy, none}}, 3, nil},
		"create, always busy":           {launches, thrice(busy, none, none), 3, installation.ErrConflict},
		"create, replayed":              {launches, answers{{none, failed, none}}, 1, installation.ErrReplayed},
		"create, replayed, launch busy": {launches, answers{{none, failed, busy}}, 1, installation.ErrReplayed},
		"create, replayed and busy":     {launches, answers{{busy, failed, none}}, 2, nil},
		"create, unknown":               {launches, answers{{failed, none, none}}, 1, installation.ErrNotFound},
		"create, unknown, mark busy":    {launches, answers{{failed, busy, none}}, 1, installation.ErrNotFound},
		"create, busy, then replayed":   {launches, answers{{busy, none, none}, {none, failed, none}}, 2, installation.ErrReplayed},
		"create, for another reason":    {launches, answers{{none, none, "ValidationError"}}, 1, errOther},
		// launch
		"take, busy once":   {takes, answers{{busy}}, 2, nil},
		"take, taken":       {takes, answers{{busy}, {failed}}, 2, launch.ErrUnknown},
		"take, always busy": {takes, thrice(busy), 3, installation.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ops := countingStore(t)
			save(t, s, active(org))
			create(t, s, launch.Launch{ID: "l", Key: installationtest.Key(org), IssuedAt: now})
			ops.reset()
			for _, codes := range test.answers {
				ops.answer("TransactWriteItems", cancelled(codes...))
			}
			if err := test.do(t, s); test.want == errOther {
				wantSentinel(t, err, nil)
			} else {
				wantError(t, err, test.want)
			}
			if ops.count("TransactWriteItems") != test.requests {
				t.Errorf("requests: %v", ops)
			}
		})
	}
}

// A throttled table cancels transactions, which the SDK does not repeat: the store
// repeats a commit until its caller's context ends, a launch up to three times.
func TestThrottledTransactionsAreRepeated(t *testing.T) {
	for _, reason := range []string{throttled, "ProvisionedThroughputExceeded"} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, ops := hurriedStore(t)
			throttle := func(times int) {
				ops.reset()
				for range times {
					ops.answer("TransactWriteItems", cancelled(none, reason))
				}
			}
			throttle(7)
			if _, err := s.Commit(t.Context(), active(org), mark(org, "m"), nil, now); err != nil {
				t.Errorf("after %v: %v", ops, err)
			}
			throttle(2)
			wantError(t, s.Create(t.Context(), newLaunch(org), region, mark(org, "l")), nil)
			throttle(3)
			wantSentinel(t, s.Create(t.Context(), newLaunch(org), region, mark(org, "n")), nil)
			if ops.total() != 3 {
				t.Errorf("requests: %v", ops)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ops.onRequest = cancel
			throttle(100)
			if _, err := s.Commit(ctx, active(org), mark(org, "o"), nil, now); !errors.Is(err, context.Canceled) || ops.total() != 1 {
				t.Errorf("%v, requests: %v", err, ops)
			}
		})
	}
}

// wantSentinel fails t unless err is an error, and want if that is one, and no
// sentinel if it is nil.
func wantSentinel(t *testing.T, err, want error) {
	t.Helper()
	switch {
	case err == nil:
		t.Error("no error")
	case want != nil:
		wantError(t, err, want)
	case errors.Is(err, installation.ErrConflict) || errors.Is(err, installation.ErrReplayed) || errors.Is(err, installation.ErrNotFound):
		t.Errorf("error = %v, want none of the sentinels", err)
	case !strings.Contains(err.Error(), org):
		t.Errorf("error does not name the organization: %v", err)
	}
}

func TestCreateEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s, ops := countingStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	ops.answer("TransactWriteItems", cancelled(busy, none, none))
	ops.onRequest = cancel
	wantError(t, s.Create(ctx, newLaunch(org), region, mark(org, "m")), context.Canceled)
}

func TestTakeReadsTheRestOfABatch(t *testing.T) {
	t.Parallel()
	s, ops := countingStore(t)
	save(t, s, active(org))
	l := newLaunch(org, twoChunks()...)
	create(t, s, l)
	ops.split = true
	got, of, err := s.Take(t.Context(), l.ID, now)
	if err != nil || of.OrgName == "" || len(got.Devices) != len(l.Devices) {
		t.Errorf("took %d devices of %q: %v", len(got.Devices), of.OrgName, err)
	}
	if n := ops.count("BatchGetItem"); n < 2 {
		t.Errorf("%d batches: the test shows nothing", n)
	}
}

func TestTakeKeepsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	s, ops := countingStore(t)
	save(t, s, active(org))
	l := newLaunch(org, twoChunks()...)
	create(t, s, l)
	ops.answer("BatchGetItem", `{"Responses":{}}`)
	_, _, err := s.Take(t.Context(), l.ID, now)
	wantSentinel(t, err, nil)
	if _, _, err := s.Take(t.Context(), l.ID, now.Add(time.Minute)); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}
