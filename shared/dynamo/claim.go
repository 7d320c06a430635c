package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

// claimable holds for a row that can be worked on, is not leased, not expired, and of a
// schema that this version may touch; ifDue, for one that is due. The indexes are
// eventually consistent, so the row itself is checked. A lease without an end does
// not count.
const (
	claimable = "attribute_exists(#shard)" +
		" AND (attribute_not_exists(workUntil) OR workUntil <= :now)" +
		" AND (attribute_not_exists(expiresAt) OR expiresAt > :seconds)" +
		" AND #schema <= :schema"
	ifDue = " AND dueAt <= :now"
)

// Claim leases the row, atomically and in one write without a read, if it is not
// leased and, if ref has a DueAt, still due at now: of any number of workers one gets
// it, and sets its revision of the channels, if ref has one. It returns the row after that
// write, or
// [installation.ErrConflict] if the row is leased, no longer due, expired, or of a
// later schema. If a transaction is writing the row, the claim is repeated, for three
// attempts in all, and the last error returned: that transaction may fail, and then no
// worker has the row.
func (s *Store) Claim(ctx context.Context, ref installation.Ref, lease installation.Lease, now time.Time) (installation.Work, error) {
	k := key{orgPK(ref.Key), installationSK}
	if ref.Candidate != "" {
		k.SK = candidateSK(ref.Candidate)
	}
	condition := claimable
	if !ref.DueAt.IsZero() {
		condition += ifDue
	}
	input := &dynamodb.UpdateItemInput{
		TableName: s.table, Key: k.item(), ReturnValues: types.ReturnValueAllNew,
		UpdateExpression:         aws.String("SET workOwner = :owner, workUntil = :until, dueAt = :until, #version = #version + :one REMOVE notice, #event"),
		ConditionExpression:      aws.String(condition),
		ExpressionAttributeNames: map[string]string{"#shard": "shard", "#version": "version", "#schema": "schema", "#event": "event"},
		ExpressionAttributeValues: values{
			":owner": text(lease.Owner), ":until": number(millis(lease.Until)), ":one": number(1),
			":now": number(now.UnixMilli()), ":seconds": number(now.Unix()), ":schema": number(schema),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if ref.ChannelRevision != 0 {
		input.UpdateExpression = aws.String("SET channelRevision = :revision, " + strings.TrimPrefix(*input.UpdateExpression, "SET "))
		input.ExpressionAttributeValues[":revision"] = number(int64(ref.ChannelRevision))
	}
	out, err := s.client.UpdateItem(ctx, input)
	for attempt := 1; inTransaction(err) && attempt < conflictAttempts && pause(ctx, conflictPause) == nil; attempt++ {
		out, err = s.client.UpdateItem(ctx, input)
	}
	claimed := conflicting(err)
	switch {
	case err == nil:
		claimed = out.Attributes
	case inTransaction(err):
		return installation.Work{}, fmt.Errorf("claim work of %s: %w", ref.Key.Text(), err)
	case !holds(claimed, lease):
		return installation.Work{}, fmt.Errorf("claim work of %s: %w", ref.Key.Text(), conflict(err))
	}
	work, _, err := decodeWork(claimed)
	if err != nil {
		return installation.Work{}, fmt.Errorf("claim work of %s: %w", ref.Key.Text(), err)
	}
	return work, nil
}

// holds reports whether a row carries exactly this lease: then a failed claim is
// one that the SDK repeated because the reply to the first one was lost.
func holds(row map[string]types.AttributeValue, lease installation.Lease) bool {
	var work workRow
	return decode(row, &work) == nil && lease.Owner != "" && work == newWorkRow(lease)
}
