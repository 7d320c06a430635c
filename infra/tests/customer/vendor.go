package customer

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
)

// Vendor sends a request to the vendor API with its key. A body is sent as JSON, nil is
// none.
func (c *Customer) Vendor(method, path string, body any) Answer {
	c.Helper()
	return c.Send(VendorRequest(method, path, body, VendorKey))
}

// VendorRequest is a request to the vendor API.
func VendorRequest(method, path string, body any, key string) Request {
	request := Request{Method: method, Path: path, Headers: Bearer(key)}
	if body != nil {
		request.ContentType, request.Body = "application/json", Encode(body)
	}
	return request
}

// Store is the deployment's.
func (c *Customer) Store() *dynamo.Store {
	return dynamo.New(Table(c.Stack.DynamoDBURL()), c.Stack.TableName())
}

// ChangeRow changes the customer's row as no request can.
func (c *Customer) ChangeRow(change func(*installation.Installation)) {
	c.Helper()
	row, _, err := c.Store().Find(c.Context(), installation.Key{OrgKey: c.Org.ID(), AppID: c.App.AppID()}, time.Now())
	if err == nil {
		change(&row)
		_, err = c.Store().Save(c.Context(), row)
	}
	if err != nil {
		c.Fatal(err)
	}
}

// SpendRequests adds to the requests of a label in the minute of a time.
func (c *Customer) SpendRequests(label string, minute time.Time, requests int) {
	c.Helper()
	_, err := Table(c.Stack.DynamoDBURL()).UpdateItem(c.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String(c.Stack.TableName()), Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "requests#" + label}, "sk": &types.AttributeValueMemberS{Value: strconv.FormatInt(minute.Truncate(time.Minute).Unix(), 10)},
		},
		UpdateExpression: aws.String("ADD requests :n"), ExpressionAttributeValues: map[string]types.AttributeValue{":n": &types.AttributeValueMemberN{Value: strconv.Itoa(requests)}},
	})
	if err != nil {
		c.Fatal(err)
	}
}
