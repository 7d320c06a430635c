package dynamo

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/shared/installation"
)

// Installations reads every installation and tombstone, page by page, in no
// order. It scans the whole table and is for an operator, never for a request.
// An error ends it.
func (s *Store) Installations(ctx context.Context) iter.Seq2[installation.Installation, error] {
	return func(yield func(installation.Installation, error) bool) {
		pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
			TableName: s.table, FilterExpression: aws.String("sk = :installation"),
			ExpressionAttributeValues: values{":installation": text(installationSK)},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(installation.Installation{}, fmt.Errorf("list installations: %w", err))
				return
			}
			for _, item := range page.Items {
				var row installationRow
				if err := decode(item, &row); err != nil {
					yield(installation.Installation{}, fmt.Errorf("list installations: %w", err))
					return
				}
				if !yield(row.installation(), nil) {
					return
				}
			}
		}
	}
}
