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
	// maxTries is how often a transaction is tried while others are in its way,
	// and a launch, whose answer is due within 2 s, where the table is throttled.
	// A commit may hold a refresh token that is nowhere else: there its context
	// ends the tries, which in package lifecycle has 4 s.
	maxTries, commitTries = 3, 20
	// tryPause, and up to as much again, is between two tries where other
	// transactions are in the way: one takes some 10 ms.
	tryPause = 10 * time.Millisecond
)

// errBusy: a transaction failed of others that were in its way at this moment,
// and of nothing else.
var errBusy = fmt.Errorf("other transactions are in the way: %w", installation.ErrConflict)

// transact sends a transaction, and again while others are in its way or, tries
// times at most in all, the table is throttled: DynamoDB cancels it then, and the
// SDK, which repeats throttled requests of other kinds, repeats no cancelled one.
// why turns its error into the sentinel that says why it failed.
func (s *Store) transact(ctx context.Context, writes []types.TransactWriteItem, why func(error) error, tries int) error {
	for try := 1; ; try++ {
		// A new input each time: the SDK puts an idempotency token into it.
		_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		err = why(err)
		var wait time.Duration
		switch {
		case errors.Is(err, errBusy) && try < maxTries:
			wait = tryPause
		case throttled(err) && try < tries:
			wait = s.backoff(try, err)
		default:
			return err
		}
		if ended := pause(ctx, wait); ended != nil {
			return errors.Join(err, ended)
		}
	}
}

// passing turns the error of a transaction that failed of no condition into
// [errBusy] if others were in its way. Any other comes back as it is.
func passing(err error) error {
	if slices.ContainsFunc(reasons(err), func(r types.CancellationReason) bool { return hasCode(r, transactionConflict) }) {
		return errBusy
	}
	return err
}

// throttled reports whether a transaction was cancelled since the table, or one
// of its keys, is asked too much.
func throttled(err error) bool {
	return slices.ContainsFunc(reasons(err), func(r types.CancellationReason) bool {
		return hasCode(r, throttlingError, throughputExceeded)
	})
}

// backoff is for how long the SDK would wait before it repeats any other
// throttled request.
func (s *Store) backoff(try int, err error) time.Duration {
	if retryer := s.client.Options().Retryer; retryer != nil {
		if wait, failed := retryer.RetryDelay(try, err); failed == nil {
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
