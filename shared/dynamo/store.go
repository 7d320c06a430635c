package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

// Store keeps everything in one table. It is safe for concurrent use by any number
// of processes: each method says what is atomic.
type Store struct {
	client *dynamodb.Client
	table  *string
}

// New returns the store in table.
func New(client *dynamodb.Client, table string) *Store {
	return &Store{client: client, table: &table}
}

// Find reads an organization's installation and candidates, strongly consistent,
// without rows that have expired at now; the zero Installation if there is none.
// Each row is read atomically; on several pages, rows may be of different moments.
func (s *Store) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	var found installation.Installation
	var candidates []installation.Candidate
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName: s.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk AND sk <= :last"),
		ExpressionAttributeValues: values{":pk": text(orgPK(key)), ":last": text(installationSK)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return installation.Installation{}, nil, fmt.Errorf("find %s: %w", key.Text(), err)
		}
		for _, item := range page.Items {
			work, expiresAt, err := decodeWork(item)
			switch {
			case err != nil:
				return installation.Installation{}, nil, fmt.Errorf("find %s: %w", key.Text(), err)
			case hasExpired(expiresAt, now):
			case work.Candidate != nil:
				candidates = append(candidates, *work.Candidate)
			default:
				found = *work.Installation
			}
		}
	}
	return found, candidates, nil
}

// Used reports whether the token with this digest is marked as applied, and the
// mark has not expired at now, strongly consistent.
func (s *Store) Used(ctx context.Context, of installation.Key, id string, now time.Time) (bool, error) {
	mark, err := find[usedRow](ctx, s, key{orgPK(of), usedSK(id)})
	if err != nil {
		return false, fmt.Errorf("look up a token of %s: %w", of.Text(), err)
	}
	return mark != nil && !hasExpired(mark.ExpiresAt, now), nil
}

// find reads the row at k, strongly consistent; nil if there is none.
func find[R any](ctx context.Context, s *Store, k key) (*R, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: s.table, ConsistentRead: aws.Bool(true), Key: k.item()})
	if err != nil || out.Item == nil {
		return nil, err
	}
	row := new(R)
	return row, decode(out.Item, row)
}

// decodeWork decodes the row of an installation or a candidate, and its expiry.
func decodeWork(item map[string]types.AttributeValue) (installation.Work, int64, error) {
	var k key
	if err := decode(item, &k); err != nil {
		return installation.Work{}, 0, err
	}
	if candidateID(k.SK) != "" {
		var row candidateRow
		err := decode(item, &row)
		candidate := row.candidate()
		return installation.Work{Candidate: &candidate}, row.ExpiresAt, err
	}
	var row installationRow
	err := decode(item, &row)
	found := row.installation()
	return installation.Work{Installation: &found}, row.ExpiresAt, err
}
