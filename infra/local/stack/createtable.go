package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/infra/template"
)

// ensureTable creates a table of the template, with its indexes, time to live
// and stream. An existing table must have the same keys.
func ensureTable(ctx context.Context, client *dynamodb.Client, name string, t template.Table) error {
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		if _, err := client.CreateTable(ctx, createTableInput(name, t)); err != nil {
			return fmt.Errorf("create table %s: %w", name, err)
		}
	case err != nil:
		return fmt.Errorf("table %s: %w", name, err)
	default:
		if err := sameKeys(described.Table, t); err != nil {
			return fmt.Errorf("table %s exists with keys other than the template's (%w): delete it, or the data directory", name, err)
		}
		if wanted := stream(t.StreamSpecification); wanted != nil && described.Table.StreamSpecification == nil {
			if _, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String(name), StreamSpecification: wanted}); err != nil {
				return fmt.Errorf("table %s: stream: %w", name, err)
			}
		}
	}
	return ensureTimeToLive(ctx, client, name, t.TimeToLiveSpecification)
}

func createTableInput(name string, t template.Table) *dynamodb.CreateTableInput {
	input := &dynamodb.CreateTableInput{
		TableName:   aws.String(name),
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   keySchema(t.KeySchema),

		StreamSpecification: stream(t.StreamSpecification),
	}
	for _, a := range t.AttributeDefinitions {
		input.AttributeDefinitions = append(input.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(a.AttributeName), AttributeType: types.ScalarAttributeType(a.AttributeType),
		})
	}
	for _, index := range t.GlobalSecondaryIndexes {
		input.GlobalSecondaryIndexes = append(input.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(index.IndexName),
			KeySchema: keySchema(index.KeySchema),
			Projection: &types.Projection{
				ProjectionType:   types.ProjectionType(index.Projection.ProjectionType),
				NonKeyAttributes: index.Projection.NonKeyAttributes,
			},
		})
	}
	return input
}

// stream returns nil if the template declares none.
func stream(s template.Stream) *types.StreamSpecification {
	if s.StreamViewType == "" {
		return nil
	}
	return &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewType(s.StreamViewType)}
}

func keySchema(keys []template.Key) []types.KeySchemaElement {
	elements := make([]types.KeySchemaElement, 0, len(keys))
	for _, key := range keys {
		elements = append(elements, types.KeySchemaElement{
			AttributeName: aws.String(key.AttributeName), KeyType: types.KeyType(key.KeyType),
		})
	}
	return elements
}

// sameKeys compares the keys of a table, and of its indexes, with the template.
func sameKeys(existing *types.TableDescription, t template.Table) error {
	if !equalKeys(existing.KeySchema, t.KeySchema) {
		return errors.New("of the table")
	}
	for _, want := range t.GlobalSecondaryIndexes {
		if !slices.ContainsFunc(existing.GlobalSecondaryIndexes, func(have types.GlobalSecondaryIndexDescription) bool {
			return aws.ToString(have.IndexName) == want.IndexName && equalKeys(have.KeySchema, want.KeySchema)
		}) {
			return fmt.Errorf("of index %s", want.IndexName)
		}
	}
	return nil
}

func equalKeys(have []types.KeySchemaElement, want []template.Key) bool {
	return slices.EqualFunc(have, want, func(h types.KeySchemaElement, w template.Key) bool {
		return aws.ToString(h.AttributeName) == w.AttributeName && string(h.KeyType) == w.KeyType
	})
}

func ensureTimeToLive(ctx context.Context, client *dynamodb.Client, name string, ttl template.TimeToLive) error {
	if !ttl.Enabled {
		return nil
	}
	now, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(name)})
	if err != nil {
		return fmt.Errorf("table %s: time to live: %w", name, err)
	}
	if d := now.TimeToLiveDescription; d != nil && aws.ToString(d.AttributeName) == ttl.AttributeName &&
		(d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling) {
		return nil
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: aws.String(name),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(ttl.AttributeName), Enabled: aws.Bool(true),
		},
	})
	if err != nil {
		return fmt.Errorf("table %s: time to live: %w", name, err)
	}
	return nil
}
