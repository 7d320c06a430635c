// Package dynamotest gives each test its own DynamoDB table, in the emulator that the
// local stack uses too: conditions, transactions and indexes behave as in DynamoDB, not
// as in a fake. It knows the table's keys and indexes, not its rows.
//
// One emulator runs per test binary, started by the first test that needs it.
// AWS_ENDPOINT_URL_DYNAMODB, if set, is used instead.
package dynamotest

import (
	"context"
	"crypto/rand"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// TTLAttribute is the attribute by which DynamoDB deletes rows. It is not enabled for
// the tables of tests, which set their own time.
const TTLAttribute = "expiresAt"

// emulator is the endpoint that all tests of the binary share.
var emulator = sync.OnceValues(func() (string, error) {
	if endpoint := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"); endpoint != "" {
		return endpoint, nil
	}
	return start()
})

// New creates an empty table with a unique name for t, and returns a client and that
// name. The table is deleted when t ends.
func New(t testing.TB) (client *dynamodb.Client, table string) {
	t.Helper()
	client, table = dynamodb.NewFromConfig(Config(t)), "test-"+rand.Text()
	if _, err := client.CreateTable(t.Context(), TableInput(table)); err != nil {
		t.Fatalf("dynamotest: create table: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &table}); err != nil {
			t.Errorf("dynamotest: delete table: %v", err)
		}
	})
	return client, table
}

// Config returns the settings for a test's own client of the tables of [New].
func Config(t testing.TB) aws.Config {
	t.Helper()
	endpoint, err := emulator()
	if err != nil {
		t.Fatalf("dynamotest: %v", err)
	}
	return config(endpoint)
}

func config(endpoint string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

// TableInput describes the table, as template.yaml does.
func TableInput(name string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:   &name,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("shard"), AttributeType: types.ScalarAttributeTypeN},
			{AttributeName: aws.String("dueAt"), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema:              keySchema("pk", "sk"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{index("due", "dueAt"), index("shards", "pk")},
	}
}

func index(name, sort string) types.GlobalSecondaryIndex {
	return types.GlobalSecondaryIndex{
		IndexName: &name, KeySchema: keySchema("shard", sort),
		Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
	}
}

func keySchema(hash, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: &hash, KeyType: types.KeyTypeHash},
		{AttributeName: &sort, KeyType: types.KeyTypeRange},
	}
}
