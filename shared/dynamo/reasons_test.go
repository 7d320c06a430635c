package dynamo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"signpost/shared/installation"
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
		_, err := s.Claim(t.Context(), installation.Ref{OrgKey: org}, installation.NewLease("me", now), now)
		if (err != nil) != (conflicts == 3) || errors.Is(err, installation.ErrConflict) {
			t.Errorf("%d conflicts: %v", conflicts, err)
		}
	}
}

func TestWhyACommitWasCancelled(t *testing.T) {
	tests := map[string]struct {
		codes []string // mark, installation, candidate
		want  error
		tries int
	}{
		"busy":                {[]string{none, busy, none}, installation.ErrConflict, 3},
		"mark busy":           {[]string{busy, none, none}, installation.ErrConflict, 3},
		"candidate busy":      {[]string{none, none, busy}, installation.ErrConflict, 3},
		"busy and throttled":  {[]string{none, busy, throttled}, installation.ErrConflict, 3},
		"stale":               {[]string{none, failed, none}, installation.ErrConflict, 1},
		"stale and busy":      {[]string{none, failed, busy}, installation.ErrConflict, 1},
		"stale and throttled": {[]string{none, failed, throttled}, installation.ErrConflict, 1},
		"marked and busy":     {[]string{failed, busy, none}, installation.ErrReplayed, 1},
		"marked and stale":    {[]string{failed, failed, failed}, installation.ErrReplayed, 1},
		"too large":           {[]string{none, "ItemCollectionSizeLimitExceeded", none}, nil, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ops := countingStore(t)
			for range test.tries {
				ops.answer("TransactWriteItems", cancelled(test.codes...))
			}
			_, err := s.Commit(t.Context(), active(org), mark(org, "m"), []installation.Candidate{candidate(org, "c")}, now)
			wantSentinel(t, err, test.want)
			if ops.total() != test.tries {
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

func TestOnlyConflictsRepeatACreate(t *testing.T) {
	inTheWay := cancelled(busy, none, none)
	tests := map[string]struct {
		answers  []string
		requests int
		want     error
	}{
		"once":                     {[]string{inTheWay}, 2, nil},
		"twice":                    {[]string{inTheWay, cancelled(none, busy, none)}, 3, nil},
		"each time":                {[]string{inTheWay, inTheWay, inTheWay}, 3, installation.ErrConflict},
		"replayed":                 {[]string{cancelled(none, failed, none)}, 1, installation.ErrReplayed},
		"replayed, launch busy":    {[]string{cancelled(none, failed, busy)}, 1, installation.ErrReplayed},
		"replayed, and in the way": {[]string{cancelled(busy, failed, none)}, 2, nil},
		"unknown":                  {[]string{cancelled(failed, none, none)}, 1, installation.ErrNotFound},
		"unknown, and mark in way": {[]string{cancelled(failed, busy, none)}, 1, installation.ErrNotFound},
		"conflict, then replayed":  {[]string{inTheWay, cancelled(none, failed, none)}, 2, installation.ErrReplayed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ops := countingStore(t)
			save(t, s, active(org))
			for _, answer := range test.answers {
				ops.answer("TransactWriteItems", answer)
			}
			ops.reset()
			wantError(t, s.Create(t.Context(), newLaunch(org), region, mark(org, "m")), test.want)
			if ops.total() != test.requests {
				t.Errorf("requests: %v", ops)
			}
		})
	}
}

func TestOtherErrorsAreNoSentinel(t *testing.T) {
	t.Parallel()
	s, ops := countingStore(t)
	ops.answer("TransactWriteItems", cancelled(none, none, "ValidationError"))
	wantSentinel(t, s.Create(t.Context(), newLaunch(org), region, mark(org, "m")), nil)
	if ops.total() != 1 {
		t.Errorf("requests: %v", ops)
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
	got, orgName, err := s.Take(t.Context(), l.ID, now)
	if err != nil || orgName == "" || len(got.Devices) != len(l.Devices) {
		t.Errorf("took %d devices of %q: %v", len(got.Devices), orgName, err)
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

func TestTakeConflicts(t *testing.T) {
	tests := map[string]struct {
		answers  []string
		requests int // transactions
		want     error
	}{
		"busy once":   {[]string{cancelled(busy)}, 2, nil},
		"taken":       {[]string{cancelled(busy), cancelled(failed)}, 2, launch.ErrUnknown},
		"always busy": {[]string{cancelled(busy), cancelled(busy), cancelled(busy)}, 3, installation.ErrConflict},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ops := countingStore(t)
			save(t, s, active(org))
			wantError(t, s.Create(t.Context(), launch.Launch{ID: "l", OrgKey: org, IssuedAt: now}, "us-west-2_r", mark(org, "m")), nil)
			ops.reset()
			for _, answer := range test.answers {
				ops.answer("TransactWriteItems", answer)
			}
			_, _, err := s.Take(t.Context(), "l", now)
			wantError(t, err, test.want)
			if ops.count("TransactWriteItems") != test.requests {
				t.Errorf("requests: %v", ops)
			}
		})
	}
}
