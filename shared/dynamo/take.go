package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

const (
	// batchAttempts bounds the requests for a launch's rows until DynamoDB has
	// returned all of them, with a pause of one to two batchPause in between.
	batchAttempts = 5
	batchPause    = 20 * time.Millisecond
)

// Take returns the launch with this id and its installation's customer, and
// deletes the launch, atomically: of any number of callers one gets it, the one
// that deleted its head. It returns [launch.ErrUnknown] if the launch does not
// exist, can no longer be redeemed at now, or its installation no longer exists.
// After any other error it can be taken again until it expires. Further chunks are
// left to expire.
func (s *Store) Take(ctx context.Context, id string, now time.Time) (launch.Launch, launch.Customer, error) {
	l, of, err := s.take(ctx, id, now)
	switch {
	case err != nil && l.OrgKey != "":
		return launch.Launch{}, launch.Customer{}, fmt.Errorf("take launch of %s: %w", l.Key.Text(), err)
	case err != nil:
		return launch.Launch{}, launch.Customer{}, fmt.Errorf("take launch: %w", err)
	default:
		return l, of, nil
	}
}

// take is Take; with an error it also returns what is known of the launch.
func (s *Store) take(ctx context.Context, id string, now time.Time) (launch.Launch, launch.Customer, error) {
	head, err := s.head(ctx, id, now)
	if err != nil {
		return launch.Launch{}, launch.Customer{}, err
	}
	known := launch.Launch{Key: head.installationKey()}
	found, further, err := s.rest(ctx, id, head)
	if err != nil {
		return known, launch.Customer{}, err
	}
	if !found.Exists() {
		return known, launch.Customer{}, launch.ErrUnknown
	}
	l, err := head.launch(id, further)
	if err != nil {
		return known, launch.Customer{}, err
	}
	return l, launch.CustomerOf(found), s.deleteHead(ctx, id)
}

// head reads the head of a launch that can be redeemed at now.
func (s *Store) head(ctx context.Context, id string, now time.Time) (launchRow, error) {
	head, err := find[launchRow](ctx, s, launchKey(id))
	if err != nil {
		return launchRow{}, err
	}
	if head == nil || !now.Before(launch.Launch{Task: webex.Task(head.Task), IssuedAt: instant(head.IssuedAt)}.ExpiresAt()) {
		return launchRow{}, launch.ErrUnknown
	}
	return *head, nil
}

// rest reads what belongs to a head: the installation, as far as a launch
// needs it, and the further chunks, in order.
func (s *Store) rest(ctx context.Context, id string, head launchRow) (installation.Installation, [][]byte, error) {
	keys := []map[string]types.AttributeValue{key{orgPK(head.installationKey()), installationSK}.item()}
	for n := range head.Chunks {
		keys = append(keys, chunkKey(id, n+1).item())
	}
	// Neither sealed tokens nor anything else that a launch does not need is read.
	items, err := s.batchGet(ctx, types.KeysAndAttributes{
		Keys: keys, ConsistentRead: aws.Bool(true),
		ProjectionExpression: aws.String("pk, sk, #state, orgName, #reference, #region, #scopes, #features, devices"),
		ExpressionAttributeNames: map[string]string{
			"#state": "state", "#reference": "reference", "#region": "region", "#scopes": "scopes", "#features": "features",
		},
	}, batchAttempts, func(int) time.Duration { return batchPause })
	if err != nil {
		return installation.Installation{}, nil, err
	}
	var found installationRow
	data := map[key][]byte{}
	for _, item := range items {
		var chunk chunkRow
		if err := decode(item, &chunk); err != nil {
			return installation.Installation{}, nil, err
		}
		if chunk.SK != installationSK {
			data[chunk.key] = chunk.Devices
		} else if err := decode(item, &found); err != nil {
			return installation.Installation{}, nil, err
		}
	}
	further := make([][]byte, head.Chunks)
	for n := range further {
		var ok bool
		if further[n], ok = data[chunkKey(id, n+1)]; !ok {
			return installation.Installation{}, nil, fmt.Errorf("chunk %d of %d is missing", n+1, head.Chunks)
		}
	}
	return found.installation(), further, nil
}

// batchGet reads rows, up to maxBatch of them, in any order. DynamoDB may return some
// and leave the rest to further requests: attempts bounds the requests, and wait is the
// pause before each but the first.
func (s *Store) batchGet(ctx context.Context, wanted types.KeysAndAttributes, attempts int, wait func(attempt int) time.Duration) (items []map[string]types.AttributeValue, err error) {
	for attempt := 0; len(wanted.Keys) > 0; attempt++ {
		if attempt == attempts {
			return nil, errors.New("DynamoDB did not read the whole batch: the table is throttled")
		}
		if attempt > 0 {
			if err := pause(ctx, wait(attempt)); err != nil {
				return nil, err
			}
		}
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{*s.table: wanted}})
		if err != nil {
			return nil, err
		}
		items = append(items, out.Responses[*s.table]...)
		wanted.Keys = out.UnprocessedKeys[*s.table].Keys
	}
	return items, nil
}

// deleteHead deletes a launch's head. It returns [launch.ErrUnknown] if another caller
// was faster. It is a
// transaction of one write, since those are idempotent: a plain delete, repeated
// because its reply was lost, would find nothing, and no caller would get the launch.
func (s *Store) deleteHead(ctx context.Context, id string) error {
	return s.transact(ctx, []types.TransactWriteItem{{Delete: &types.Delete{
		TableName: s.table, Key: launchKey(id).item(), ConditionExpression: aws.String("attribute_exists(pk)"),
	}}}, takeError, conflictAttempts)
}

// takeError turns the error of taking a launch into its sentinel.
func takeError(err error) error {
	if slices.ContainsFunc(reasons(err), func(r types.CancellationReason) bool { return hasCode(r, conditionFailed) }) {
		return launch.ErrUnknown
	}
	return busy(err)
}
