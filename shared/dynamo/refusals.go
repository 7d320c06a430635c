package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/shared/installation"
)

const (
	refusalsPrefix = "refusals#"
	refusalsSK     = "refusals"
)

// refusalsRow is an [installation.Refusals]; its client id is the end of its
// partition key.
type refusalsRow struct {
	key
	writeRow
	Schema        int      `dynamodbav:"schema"`
	Version       int64    `dynamodbav:"version"`
	Organizations []string `dynamodbav:"organizations,omitempty"`
	ClearedAt     int64    `dynamodbav:"clearedAt,omitempty"`
	eventRow
}

func refusalsKey(clientID string) key { return key{refusalsPrefix + clientID, refusalsSK} }

func (r refusalsRow) refusals(clientID string) installation.Refusals {
	return installation.Refusals{
		ClientID: clientID, Version: r.Version, Organizations: r.Organizations, ClearedAt: instant(r.ClearedAt),
	}
}

// Refusals reads a client's row, strongly consistent; its version is 0 if there
// is none. It is a query, at the cost of a GetItem, because Query is the one read
// that every function with tokens has permission for.
func (s *Store) Refusals(ctx context.Context, clientID string) (installation.Refusals, error) {
	out, err := s.client.Query(ctx, &dynamodb.QueryInput{
		TableName: s.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk AND sk = :sk"),
		ExpressionAttributeValues: values{":pk": text(refusalsPrefix + clientID), ":sk": text(refusalsSK)},
	})
	var row refusalsRow
	if err == nil && len(out.Items) > 0 {
		err = decode(out.Items[0], &row)
	}
	if err != nil {
		return installation.Refusals{}, fmt.Errorf("read the refusals of client %s: %w", clientID, err)
	}
	return row.refusals(clientID), nil
}

// SaveRefusals writes the row r, atomically, if its version is still the one
// that was read, and returns it as stored. It returns
// [installation.ErrConflict] otherwise.
func (s *Store) SaveRefusals(ctx context.Context, r installation.Refusals) (installation.Refusals, error) {
	row := refusalsRow{
		key: refusalsKey(r.ClientID), writeRow: newWriteRow(), Schema: schema, Version: r.Version + 1,
		Organizations: r.Organizations, ClearedAt: millis(r.ClearedAt), eventRow: newEventRow(string(r.Notice), r.Event()),
	}
	if err := s.save(ctx, row, atVersion(r.Version)); err != nil {
		return installation.Refusals{}, fmt.Errorf("save the refusals of client %s: %w", r.ClientID, err)
	}
	return row.refusals(r.ClientID), nil
}
