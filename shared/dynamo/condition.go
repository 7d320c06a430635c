package dynamo

import (
	"errors"
	"maps"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

// values are the values that an expression names.
type values = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// condition is a condition expression with its names and values.
type condition struct {
	expression string
	names      map[string]string
	values     values
}

// atVersion holds for a row that is at this version; version 0 is no row.
func atVersion(version int64) condition {
	if version == 0 {
		return condition{expression: "attribute_not_exists(pk)"}
	}
	return condition{
		expression: "#version = :version",
		names:      map[string]string{"#version": "version"},
		values:     values{":version": number(version)},
	}
}

// ofGeneration narrows c to a row that belongs to this activation, unless c is that
// there is no row.
func (c condition) ofGeneration(generation installation.Generation) condition {
	if len(c.values) == 0 {
		return c
	}
	narrowed := condition{expression: c.expression + " AND attribute_not_exists(generation)", names: c.names, values: maps.Clone(c.values)}
	if generation != "" {
		narrowed.expression = c.expression + " AND generation = :generation"
		narrowed.values[":generation"] = text(string(generation))
	}
	return narrowed
}

// orExpired widens c to a row that has expired at now.
func (c condition) orExpired(now time.Time) condition {
	widened := condition{
		expression: c.expression + " OR (attribute_exists(expiresAt) AND expiresAt <= :now)",
		names:      c.names, values: values{":now": number(now.Unix())},
	}
	maps.Copy(widened.values, c.values)
	return widened
}

// put is a conditional write of a whole row, as part of a transaction.
func (s *Store) put(item map[string]types.AttributeValue, c condition) types.TransactWriteItem {
	put := &types.Put{
		TableName: s.table, Item: item,
		ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
	}
	if c.expression != "" {
		put.ConditionExpression = aws.String(c.expression)
	}
	return types.TransactWriteItem{Put: put}
}

// Why DynamoDB cancelled a transaction, per item.
const (
	conditionFailed     = "ConditionalCheckFailed"
	transactionConflict = "TransactionConflict"
	throttlingError     = "ThrottlingError"
	throughputExceeded  = "ProvisionedThroughputExceeded"
)

// reasons returns why a transaction was cancelled, by the index of its items; nil
// for any other error.
func reasons(err error) []types.CancellationReason {
	cancelled, _ := errors.AsType[*types.TransactionCanceledException](err)
	if cancelled == nil {
		return nil
	}
	return cancelled.CancellationReasons
}

func hasCode(reason types.CancellationReason, codes ...string) bool {
	for _, code := range codes {
		if aws.ToString(reason.Code) == code {
			return true
		}
	}
	return false
}

// conflicting returns the row that failed the condition of a single write, nil if
// there is none and for any other error.
func conflicting(err error) map[string]types.AttributeValue {
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		return nil
	}
	return failed.Item
}

// conflict turns the error of a single conditional write into
// [installation.ErrConflict] if the row was not as expected, or a transaction was
// writing it.
func conflict(err error) error {
	if _, failed := errors.AsType[*types.ConditionalCheckFailedException](err); failed || inTransaction(err) {
		return installation.ErrConflict
	}
	return err
}

// inTransaction reports whether a single write failed because a transaction was
// writing the row.
func inTransaction(err error) bool {
	_, ok := errors.AsType[*types.TransactionConflictException](err)
	return ok
}
