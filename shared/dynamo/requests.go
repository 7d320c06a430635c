package dynamo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// requestsPrefix begins the partition keys of counts of requests.
const requestsPrefix = "requests#"

// CountRequest counts a request of a caller in the minute of now, atomically, and returns
// how many there were in that minute with it. A reply that was lost counts it twice.
func (s *Store) CountRequest(ctx context.Context, caller string, now time.Time) (int, error) {
	minute := now.Truncate(time.Minute)
	counted, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: s.table, Key: key{requestsPrefix + caller, strconv.FormatInt(minute.Unix(), 10)}.item(),
		UpdateExpression: aws.String("ADD requests :one SET expiresAt = :expires"),
		ExpressionAttributeValues: values{
			":one": number(1), ":expires": number(expirySeconds(minute.Add(2 * time.Minute))),
		},
		ReturnValues: types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, fmt.Errorf("count a request of %s: %w", caller, err)
	}
	var row struct {
		Requests int `dynamodbav:"requests"`
	}
	err = decode(counted.Attributes, &row)
	return row.Requests, err
}
