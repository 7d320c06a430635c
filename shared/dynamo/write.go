package dynamo

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

// MaxDone is how many candidates one [Store.Commit] can delete: DynamoDB takes 100 items
// in a transaction, of which the mark, the row and the invitation are three.
const MaxDone = 97

// Save writes the row i, atomically, if its version is still the one that was
// read and it belongs to the same activation, and returns it as stored. It returns
// [installation.ErrConflict] otherwise. It is not given the time, so version 0 requires
// that there is no row at all; [Store.Commit] can replace an expired one.
func (s *Store) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	row := newInstallationRow(i)
	if err := s.save(ctx, row, atVersion(i.Version).ofGeneration(i.Generation)); err != nil {
		return installation.Installation{}, fmt.Errorf("save installation of %s: %w", i.Key.Text(), err)
	}
	return row.installation(), nil
}

// PutCandidate writes the row c as [Store.Save] writes an installation. A candidate
// belongs to no generation of the installation.
func (s *Store) PutCandidate(ctx context.Context, c installation.Candidate) (installation.Candidate, error) {
	row := newCandidateRow(c)
	if err := s.save(ctx, row, atVersion(c.Version)); err != nil {
		return installation.Candidate{}, fmt.Errorf("put candidate of %s: %w", c.Key.Text(), err)
	}
	return row.candidate(), nil
}

func (s *Store) save(ctx context.Context, row any, unchanged condition) error {
	item, err := encode(row)
	if err != nil {
		return err
	}
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: s.table, Item: item,
		ConditionExpression:      aws.String(unchanged.expression),
		ExpressionAttributeNames: unchanged.names, ExpressionAttributeValues: unchanged.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if write := item["write"]; write != nil && reflect.DeepEqual(conflicting(err)["write"], write) {
		return nil // this write, repeated: see [writeRow]
	}
	return conflict(err)
}

// DeleteCandidate deletes c, atomically, if its version is still the one that
// was read or it is gone already. It returns [installation.ErrConflict]
// otherwise.
func (s *Store) DeleteCandidate(ctx context.Context, c installation.Candidate) error {
	if err := s.delete(ctx, key{orgPK(c.Key), candidateSK(c.ID)}, c.Version); err != nil {
		return fmt.Errorf("delete candidate of %s: %w", c.Key.Text(), err)
	}
	return nil
}

// delete deletes the row at k if it is at this version or gone already. It returns
// [installation.ErrConflict] otherwise.
func (s *Store) delete(ctx context.Context, k key, version int64) error {
	unchanged := atVersion(version)
	_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: s.table, Key: k.item(),
		ConditionExpression:      aws.String("attribute_not_exists(pk) OR " + unchanged.expression),
		ExpressionAttributeNames: unchanged.names, ExpressionAttributeValues: unchanged.values,
	})
	return conflict(err)
}

// Commit writes the row i, marks the token as used and deletes the candidates
// in one transaction: all of it or nothing. It returns [installation.ErrReplayed]
// if the token is already marked, else [installation.ErrInvited] if the invitation was
// used or revoked, else [installation.ErrConflict] if the row or a candidate was changed,
// or a candidate was deleted, since it was read. It may begin
// another generation, so only the version is compared. Rows and marks that have
// expired at now are replaced. More than [MaxDone] candidates are an error.
//
// It is repeated after a conflict with another transaction, for three attempts in all,
// and while the table is throttled, for 20 attempts or until ctx ends.
func (s *Store) Commit(ctx context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (installation.Installation, error) {
	row := newInstallationRow(i)
	if err := s.commit(ctx, row, i.Version, used, done, now); err != nil {
		return installation.Installation{}, fmt.Errorf("commit installation of %s: %w", i.Key.Text(), err)
	}
	return row.installation(), nil
}

func (s *Store) commit(ctx context.Context, row installationRow, version int64, used installation.Used, done []installation.Candidate, now time.Time) error {
	switch {
	case used.ID == "":
		return errors.New("no token to mark as used")
	case len(done) > MaxDone:
		return fmt.Errorf("%d candidates are more than a transaction takes", len(done))
	}
	mark, err := s.mark(used, now)
	if err != nil {
		return err
	}
	item, err := encode(row)
	if err != nil {
		return err
	}
	unchanged := atVersion(version)
	if version == 0 {
		unchanged = unchanged.orExpired(now)
	}
	writes := []types.TransactWriteItem{mark, s.put(item, unchanged)}
	if used.Invitation != "" {
		writes = append(writes, s.useInvitation(used, now))
	}
	for _, c := range done {
		unchanged := atVersion(c.Version)
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
			TableName: s.table, Key: key{orgPK(c.Key), candidateSK(c.ID)}.item(),
			ConditionExpression:      aws.String(unchanged.expression),
			ExpressionAttributeNames: unchanged.names, ExpressionAttributeValues: unchanged.values,
		}})
	}
	return s.transact(ctx, writes, commitError(used), commitAttempts)
}

// commitError turns the error of a cancelled commit into its sentinel. The mark is the
// first item, the invitation, if there is one, the third.
func commitError(used installation.Used) func(error) error {
	return func(err error) error {
		cancelled := reasons(err)
		switch {
		case len(cancelled) > 0 && hasCode(cancelled[0], conditionFailed):
			return installation.ErrReplayed
		case used.Invitation != "" && len(cancelled) > 2 && hasCode(cancelled[2], conditionFailed):
			return installation.ErrInvited
		case slices.ContainsFunc(cancelled, func(r types.CancellationReason) bool { return hasCode(r, conditionFailed) }):
			return installation.ErrConflict
		default:
			return busy(err)
		}
	}
}

// mark is the item of a transaction that marks a token as used, on the condition
// that it has no mark that counts at now.
func (s *Store) mark(used installation.Used, now time.Time) (types.TransactWriteItem, error) {
	item, err := encode(newUsedRow(used))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return s.put(item, atVersion(0).orExpired(now)), nil
}
