package dynamo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

// Due lists up to limit rows of a shard that are due at now, earliest first, and
// returns the cursor of the next page, "" at the end. It reads one page of the
// index, which is eventually consistent: a listed row may no longer be due, which
// [Store.Claim] detects. limit is cut to 1 to 1000. A cursor that Due did not return is
// an error.
func (s *Store) Due(ctx context.Context, shard int, now time.Time, cursor string, limit int) ([]installation.Ref, string, error) {
	input := s.dueQuery(shard, now)
	input.Limit = aws.Int32(int32(min(max(limit, 1), maxPage)))
	var err error
	if input.ExclusiveStartKey, err = decodeCursor(cursor, shard); err != nil {
		return nil, "", fmt.Errorf("list what is due in shard %d: %w", shard, err)
	}
	page, err := s.client.Query(ctx, input)
	if err != nil {
		return nil, "", fmt.Errorf("list what is due in shard %d: %w", shard, err)
	}
	due := make([]installation.Ref, 0, len(page.Items))
	for _, item := range page.Items {
		var row struct {
			key
			queued
		}
		if err := decode(item, &row); err != nil {
			return nil, "", fmt.Errorf("list what is due in shard %d: %w", shard, err)
		}
		due = append(due, installation.Ref{Key: row.installationKey(), Candidate: candidateID(row.SK), DueAt: instant(row.DueAt)})
	}
	next, err := encodeCursor(page.LastEvaluatedKey)
	if err != nil {
		return nil, "", fmt.Errorf("list what is due in shard %d: %w", shard, err)
	}
	return due, next, nil
}

// CountDue counts the rows of a shard that are due at now, eventually
// consistent.
func (s *Store) CountDue(ctx context.Context, shard int, now time.Time) (int, error) {
	input := s.dueQuery(shard, now)
	input.Select = types.SelectCount
	count := 0
	for pages := dynamodb.NewQueryPaginator(s.client, input); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("count what is due in shard %d: %w", shard, err)
		}
		count += int(page.Count)
	}
	return count, nil
}

// maxPage bounds how many rows one query of the index returns.
const maxPage = 1000

func (s *Store) dueQuery(shard int, now time.Time) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: s.table, IndexName: aws.String(dueIndex),
		KeyConditionExpression:    aws.String("#shard = :shard AND dueAt <= :now"),
		ExpressionAttributeNames:  map[string]string{"#shard": "shard"},
		ExpressionAttributeValues: values{":shard": number(int64(shard)), ":now": number(now.UnixMilli())},
	}
}

// cursor is where a page of the index ended. To callers it is opaque.
type cursor struct {
	PK    string `json:"pk" dynamodbav:"pk"`
	SK    string `json:"sk" dynamodbav:"sk"`
	DueAt int64  `json:"dueAt" dynamodbav:"dueAt"`
}

func encodeCursor(last map[string]types.AttributeValue) (string, error) {
	if len(last) == 0 {
		return "", nil
	}
	var c cursor
	if err := decode(last, &c); err != nil {
		return "", err
	}
	encoded, err := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(encoded), err
}

func decodeCursor(encoded string, shard int) (map[string]types.AttributeValue, error) {
	if encoded == "" {
		return nil, nil
	}
	var c cursor
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || json.Unmarshal(raw, &c) != nil {
		return nil, errors.New("not a cursor")
	}
	start := key{c.PK, c.SK}.item()
	start["shard"], start["dueAt"] = number(int64(shard)), number(c.DueAt)
	return start, nil
}
