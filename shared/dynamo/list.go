package dynamo

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

// Installations reads every installation and tombstone, page by page, in no
// order. It scans the whole table and is for an operator, never for a request.
// An error ends it.
func (s *Store) Installations(ctx context.Context) iter.Seq2[installation.Installation, error] {
	return func(yield func(installation.Installation, error) bool) {
		for item, err := range s.scan(ctx, "sk = :value", installationSK) {
			var row installationRow
			if err == nil {
				err = decode(item, &row)
			}
			if err != nil {
				yield(installation.Installation{}, fmt.Errorf("list installations: %w", err))
				return
			}
			if !yield(row.installation(), nil) {
				return
			}
		}
	}
}

// items are rows as they come, until an error.
type items = iter.Seq2[map[string]types.AttributeValue, error]

// scan reads the rows of the whole table for which filter, an expression of
// :value, holds, strongly consistent.
func (s *Store) scan(ctx context.Context, filter, value string) items {
	pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
		TableName: s.table, ConsistentRead: aws.Bool(true), FilterExpression: &filter,
		ExpressionAttributeValues: values{":value": text(value)},
	})
	return paged(pages.HasMorePages, func() ([]map[string]types.AttributeValue, error) {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		return page.Items, nil
	})
}

// organization reads all rows of an organization, strongly consistent.
func (s *Store) organization(ctx context.Context, orgKey string) items {
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName: s.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: values{":pk": text(orgPK(orgKey))},
	})
	return paged(pages.HasMorePages, func() ([]map[string]types.AttributeValue, error) {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		return page.Items, nil
	})
}

func paged(more func() bool, next func() ([]map[string]types.AttributeValue, error)) items {
	return func(yield func(map[string]types.AttributeValue, error) bool) {
		for more() {
			page, err := next()
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}
