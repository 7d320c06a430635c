package dynamo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

// ErrUnreadable: a row cannot be decoded, such as one of a later schema.
var ErrUnreadable = errors.New("cannot be decoded")

// Installations reads every installation and tombstone, page by page, in no
// order. It scans the whole table: for operators, not for requests. A row that
// cannot be decoded yields an error that wraps [ErrUnreadable] in its place, and the
// others follow; an error from the table ends the sequence.
func (s *Store) Installations(ctx context.Context) iter.Seq2[installation.Installation, error] {
	return func(yield func(installation.Installation, error) bool) {
		for work, err := range s.works(ctx, "sk = :sk", values{":sk": text(installationSK)}) {
			var row installation.Installation
			if err == nil {
				row = *work.Installation
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// Rows is [Store.Installations] with the candidates too, including expired ones
// that DynamoDB has not deleted yet.
func (s *Store) Rows(ctx context.Context) iter.Seq2[installation.Work, error] {
	return s.works(ctx, "begins_with(pk, :prefix) AND sk <= :last", values{":prefix": text(orgPrefix), ":last": text(installationSK)})
}

// works reads the installations and candidates for which filter holds.
func (s *Store) works(ctx context.Context, filter string, of values) iter.Seq2[installation.Work, error] {
	return func(yield func(installation.Work, error) bool) {
		for item, err := range s.scan(ctx, filter, of) {
			var work installation.Work
			if err == nil {
				if work, _, err = decodeWork(item); err != nil {
					err = fmt.Errorf("row of %s %w: %w", keyOf(item), ErrUnreadable, err)
				}
			}
			if err != nil {
				work, err = installation.Work{}, fmt.Errorf("list installations: %w", err)
			}
			if !yield(work, err) {
				return
			}
		}
	}
}

// Keys lists the keys of an organization's installations and candidates, in their
// order, from an index: eventually consistent, and without tombstones.
func (s *Store) Keys(ctx context.Context, orgKey string) ([]installation.Key, error) {
	input := &dynamodb.QueryInput{
		TableName: s.table, IndexName: aws.String(shardIndex),
		KeyConditionExpression:   aws.String("#shard = :shard AND begins_with(pk, :prefix)"),
		ExpressionAttributeNames: map[string]string{"#shard": "shard"},
		ExpressionAttributeValues: values{
			":shard": number(int64(installation.ShardOf(orgKey))), ":prefix": text(organizationPrefix(orgKey)),
		},
	}
	pages := dynamodb.NewQueryPaginator(s.client, input)
	listed := paged(ctx, pages.HasMorePages, pages.NextPage, func(page *dynamodb.QueryOutput) []map[string]types.AttributeValue { return page.Items })
	var keys []installation.Key
	for item, err := range listed {
		if err != nil {
			return nil, fmt.Errorf("list the installations of %s: %w", orgKey, err)
		}
		if key := installation.ParseKey(keyOf(item)); key.OrgKey == orgKey && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Organization reads the rows of an organization's installations, and that of usual, an app
// id of which there may be only a tombstone. A row whose key has candidates only has just
// the key. Which keys there are is eventually consistent, the rows are strongly so.
func (s *Store) Organization(ctx context.Context, orgKey, usual string, now time.Time) ([]installation.Installation, error) {
	keys, err := s.Keys(ctx, orgKey)
	if err != nil {
		return nil, err
	}
	if usual := (installation.Key{OrgKey: orgKey, AppID: usual}); !slices.Contains(keys, usual) {
		keys = append(keys, usual)
	}
	var rows []installation.Installation
	for _, key := range keys {
		row, candidates, err := s.Find(ctx, key, now)
		if err != nil {
			return nil, err
		}
		if row.Key = key; row.Version > 0 || len(candidates) > 0 {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// organizationPrefix begins the partition keys of an organization's rows, and of those
// whose key goes on with "#".
func organizationPrefix(orgKey string) string { return orgPK(installation.Key{OrgKey: orgKey}) }

// items are rows in the order of reading. An error ends the sequence.
type items = iter.Seq2[map[string]types.AttributeValue, error]

// scan reads the rows of the whole table for which filter holds, strongly
// consistent.
func (s *Store) scan(ctx context.Context, filter string, of values) items {
	pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
		TableName: s.table, ConsistentRead: aws.Bool(true), FilterExpression: &filter,
		ExpressionAttributeValues: of,
	})
	return paged(ctx, pages.HasMorePages, pages.NextPage, func(page *dynamodb.ScanOutput) []map[string]types.AttributeValue { return page.Items })
}

// paged reads the rows of every page.
func paged[P any](ctx context.Context, more func() bool, next func(context.Context, ...func(*dynamodb.Options)) (P, error), rows func(P) []map[string]types.AttributeValue) items {
	return func(yield func(map[string]types.AttributeValue, error) bool) {
		for more() {
			page, err := next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range rows(page) {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// keyOf returns the installation's key of a row, for errors and as text.
func keyOf(item map[string]types.AttributeValue) string {
	pk, _ := item["pk"].(*types.AttributeValueMemberS)
	if pk == nil {
		return "an unknown installation"
	}
	return key{PK: pk.Value}.installationKey().Text()
}
