package customer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/infra/local/stack"
)

// Table is a client for the DynamoDB emulator at this address.
func Table(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint), Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// Items are the rows of the deployment's table.
func Items(s *stack.Stack) ([]map[string]types.AttributeValue, error) {
	var items []map[string]types.AttributeValue
	pages := dynamodb.NewScanPaginator(Table(s.DynamoDBURL()), &dynamodb.ScanInput{
		TableName: aws.String(s.TableName()), ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
	}
	return items, nil
}

// Rows are the rows of the deployment's table as text, by key. Bytes are as they
// are. Attributes in without are left out.
func Rows(s *stack.Stack, without ...string) (map[string]string, error) {
	items, err := Items(s)
	rows := map[string]string{}
	for _, item := range items {
		key := text(item["pk"]) + " " + text(item["sk"])
		maps.DeleteFunc(item, func(name string, _ types.AttributeValue) bool { return slices.Contains(without, name) })
		rows[key] = text(&types.AttributeValueMemberM{Value: item})
	}
	return rows, err
}

func text(value types.AttributeValue) string {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return value.Value
	case *types.AttributeValueMemberN:
		return value.Value
	case *types.AttributeValueMemberB:
		return string(value.Value)
	case *types.AttributeValueMemberM:
		var members strings.Builder
		for _, name := range slices.Sorted(maps.Keys(value.Value)) {
			fmt.Fprintf(&members, "%s=%s\n", name, text(value.Value[name]))
		}
		return members.String()
	case *types.AttributeValueMemberL:
		var elements strings.Builder
		for _, element := range value.Value {
			elements.WriteString(text(element) + ",")
		}
		return elements.String()
	default:
		return fmt.Sprintf("%#v", value)
	}
}

// Items are the customer's rows.
func (c *Customer) Items() []map[string]types.AttributeValue {
	c.Helper()
	items, err := Items(c.Stack)
	if err != nil {
		c.Fatal(err)
	}
	return slices.DeleteFunc(items, func(item map[string]types.AttributeValue) bool { return !c.owns(text(item["pk"])) })
}

// owns reports whether a partition key is that of the customer's rows.
func (c *Customer) owns(pk string) bool { return strings.HasPrefix(pk, "org#"+c.Org.ID()+"#") }

// Age makes the customer's rows, and those of the passes that look at it, older by d:
// it moves those of these attributes that they have, times in milliseconds, into the
// past.
func (c *Customer) Age(d time.Duration, attributes ...string) {
	c.Helper()
	items, err := Items(c.Stack)
	if err != nil {
		c.Fatal(err)
	}
	for _, item := range items {
		if pk := text(item["pk"]); !c.owns(pk) && !strings.HasPrefix(pk, "pass#") {
			continue
		}
		var changes []string
		for _, name := range attributes {
			if item[name] != nil {
				changes = append(changes, name+" = "+name+" - :age")
			}
		}
		if len(changes) == 0 {
			continue
		}
		_, err := Table(c.Stack.DynamoDBURL()).UpdateItem(context.Background(), &dynamodb.UpdateItemInput{
			TableName: aws.String(c.Stack.TableName()), Key: map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]},
			UpdateExpression:          aws.String("SET " + strings.Join(changes, ", ")),
			ExpressionAttributeValues: map[string]types.AttributeValue{":age": &types.AttributeValueMemberN{Value: fmt.Sprint(d.Milliseconds())}},
		})
		if err != nil {
			c.Fatal(err)
		}
	}
}
