package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
	"signpost/shared/launch"
)

// Create stores l and marks used, on the condition that the organization's
// installation exists and lives in region: all of it or nothing, in one
// transaction and so in one request. The mark is compared with l.IssuedAt.
//
// It returns [installation.ErrNotFound], [installation.ErrWrongRegion],
// [installation.ErrReplayed], in this order of precedence, or
// [launch.ErrTooManyDevices]. If the request conflicts with another transaction, or
// the table is throttled, it is repeated, for three attempts in all; after that
// [installation.ErrConflict], or the table's error, is returned.
func (s *Store) Create(ctx context.Context, l launch.Launch, region string, used installation.Used) error {
	writes, err := s.launchWrites(l, region, used)
	if err == nil {
		err = s.transact(ctx, writes, createError, conflictAttempts)
	}
	if err != nil {
		return fmt.Errorf("create launch for %s: %w", l.Key.Text(), err)
	}
	return nil
}

// SaveLaunch stores l, which has no devices, unconditionally.
func (s *Store) SaveLaunch(ctx context.Context, l launch.Launch) error {
	head, _, err := newLaunchRows(l)
	if err != nil {
		return err
	}
	item, err := encode(head)
	if err == nil {
		_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: s.table, Item: item})
	}
	if err != nil {
		return fmt.Errorf("save launch of %s: %w", l.Key.Text(), err)
	}
	return nil
}

// launchWrites are the items of the transaction, the installation first and
// the mark second.
func (s *Store) launchWrites(l launch.Launch, region string, used installation.Used) ([]types.TransactWriteItem, error) {
	head, chunks, err := newLaunchRows(l)
	if err != nil {
		return nil, err
	}
	mark, err := s.mark(used, l.IssuedAt)
	if err != nil {
		return nil, err
	}
	writes := []types.TransactWriteItem{s.livesIn(l.Key, region), mark}
	item, err := encode(head)
	if err != nil {
		return nil, err
	}
	writes = append(writes, s.put(item, condition{}))
	for _, chunk := range chunks {
		item, err := encode(chunk)
		if err != nil {
			return nil, err
		}
		writes = append(writes, s.put(item, condition{}))
	}
	return writes, nil
}

// livesIn is the condition that an installation exists and is of
// this region. If it fails, the row is returned, to tell which of the two it was.
func (s *Store) livesIn(in installation.Key, region string) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: s.table, Key: key{orgPK(in), installationSK}.item(),
		ConditionExpression:      aws.String("#state IN (:active, :invalid) AND #region = :region"),
		ExpressionAttributeNames: map[string]string{"#state": "state", "#region": "region"},
		ExpressionAttributeValues: values{
			":active": text(string(installation.Active)), ":invalid": text(string(installation.TokenInvalid)),
			":region": text(region),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// createError turns the error of a launch's transaction, if it was cancelled, into
// the sentinel that says why.
func createError(err error) error {
	cancelled := reasons(err)
	if len(cancelled) < 2 {
		return err
	}
	atInstallation, atMark := cancelled[0], cancelled[1]
	switch {
	case hasCode(atInstallation, conditionFailed):
		var row installationRow
		if err := decode(atInstallation.Item, &row); err != nil {
			return err
		}
		if !row.installation().Exists() {
			return installation.ErrNotFound
		}
		return installation.ErrWrongRegion
	// A conflict at the installation hides a failure that takes precedence.
	case hasCode(atMark, conditionFailed) && !hasCode(atInstallation, transactionConflict):
		return installation.ErrReplayed
	default:
		return busy(err)
	}
}
