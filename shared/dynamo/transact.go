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
	// maxTries bounds the tries of a transaction that conflicts with others, and of
	// a launch, whose answer is due within 2 s, where the table is throttled. A
	// commit may hold the only copy of a refresh token: its context ends the tries,
	// after 4 s in package lifecycle.
	maxTries, commitTries = 3, 20
	// tryPause to twice that is the pause after a conflict with another transaction,
	// which takes some 10 ms.
	tryPause = 10 * time.Millisecond
)

// errBusy: a transaction failed only because it conflicted with others that ran at
// the same time.
var errBusy = fmt.Errorf("conflict with other transactions: %w", installation.ErrConflict)

// transact sends a transaction, and repeats it on conflicts with others and, up to
// tries times in all, while the table is throttled: DynamoDB cancels it then, and
// the SDK, which repeats other throttled requests, repeats no cancelled one. why
// turns its error into a sentinel.
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
