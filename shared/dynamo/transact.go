package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

const (
	// conflictAttempts bounds the attempts at a transaction that conflicts with
	// others, and at one for a launch, whose response is due within 2 s, while the
	// table is throttled. commitAttempts is more, since a commit may hold the only
	// copy of a refresh token: its context ends the attempts first, after 4 s in
	// package lifecycle.
	conflictAttempts, commitAttempts = 3, 20
	// conflictPause to twice that is the pause after a conflict with another
	// transaction, which takes some 10 ms.
	conflictPause = 10 * time.Millisecond
)

// errBusy: a transaction failed only because it conflicted with others that ran at
// the same time.
var errBusy = fmt.Errorf("conflict with other transactions: %w", installation.ErrConflict)

// transact sends a transaction. It repeats it after a conflict with another one, for
// conflictAttempts in all, and while the table is throttled, for attempts in all:
// DynamoDB cancels a throttled transaction, and the SDK, which repeats other throttled
// requests, repeats no cancelled one. toSentinel turns the error of an attempt into a
// sentinel.
func (s *Store) transact(ctx context.Context, writes []types.TransactWriteItem, toSentinel func(error) error, attempts int) error {
	for attempt := 1; ; attempt++ {
		// A new input each time: the SDK puts an idempotency token into it.
		_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		err = toSentinel(err)
		var wait time.Duration
		switch {
		case errors.Is(err, errBusy) && attempt < conflictAttempts:
			wait = conflictPause
		case throttled(err) && attempt < attempts:
			wait = s.backoff(attempt, err)
		default:
			return err
		}
		if ended := pause(ctx, wait); ended != nil {
			return errors.Join(err, ended)
		}
	}
}

// busy turns the error of a transaction into [errBusy] if it conflicted with others.
// Any other error is returned unchanged.
func busy(err error) error {
	if slices.ContainsFunc(reasons(err), func(r types.CancellationReason) bool { return hasCode(r, transactionConflict) }) {
		return errBusy
	}
	return err
}

// throttled reports whether a transaction was cancelled because the table, or one of
// its keys, is throttled.
func throttled(err error) bool {
	return slices.ContainsFunc(reasons(err), func(r types.CancellationReason) bool {
		return hasCode(r, throttlingError, throughputExceeded)
	})
}

// backoff is how long the SDK would wait before it repeats any other throttled
// request.
func (s *Store) backoff(attempt int, err error) time.Duration {
	if retryer := s.client.Options().Retryer; retryer != nil {
		if wait, failed := retryer.RetryDelay(attempt, err); failed == nil {
			return wait
		}
	}
	return maxBackoff
}

// pause waits for at least d and at most twice that, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d > 0 {
		d += rand.N(d)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
