// Command copy copies installations from one table into another: from a table
// that was restored beside the one in use, or from the region that is moved
// out of. A row that is there already, at the same version or a later one, is
// left as it is, so that it may run while the functions do, and again.
//
// Launches are not copied: they live for five minutes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func main() {
	from := flag.String("from", "", "the table to read, as `[region/]name`")
	to := flag.String("to", "", "the table to write, as `[region/]name`")
	org := flag.String("org", "", "copy this organization only, named as in the logs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *from, *to, *org); err != nil {
		fmt.Fprintln(os.Stderr, "copy:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, from, to, org string) error {
	source, err := open(ctx, from)
	if err != nil {
		return err
	}
	target, err := open(ctx, to)
	if err != nil {
		return err
	}
	copied, left, err := transfer(ctx, source, target, org)
	fmt.Printf("%d rows copied, %d left as they are\n", copied, left)
	return err
}

// table is a table in a region.
type table struct {
	client *dynamodb.Client
	name   string
}

func open(ctx context.Context, text string) (table, error) {
	region, name, found := strings.Cut(text, "/")
	if !found {
		region, name = "", text
	}
	if name == "" {
		return table{}, errors.New("give both tables: -from and -to")
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return table{}, err
	}
	client := dynamodb.NewFromConfig(settings, func(o *dynamodb.Options) {
		if region != "" {
			o.Region = region
		}
	})
	return table{client, name}, nil
}

// transfer copies the rows of organizations, or of one.
func transfer(ctx context.Context, source, target table, org string) (copied, left int, err error) {
	input := &dynamodb.ScanInput{
		TableName: &source.name, ConsistentRead: new(true),
		FilterExpression:          new("begins_with(pk, :prefix)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":prefix": &types.AttributeValueMemberS{Value: "org#" + org}},
	}
	if org != "" {
		input.FilterExpression = new("pk = :prefix")
	}
	for pages := dynamodb.NewScanPaginator(source.client, input); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return copied, left, fmt.Errorf("read %s: %w", source.name, err)
		}
		for _, item := range page.Items {
			written, err := target.put(ctx, item)
			if err != nil {
				return copied, left, fmt.Errorf("write %s: %w", target.name, err)
			}
			if written {
				copied++
			} else {
				left++
			}
		}
	}
	return copied, left, nil
}

// put writes a row unless there is one that is not older. Marks of used tokens
// have no version, and are the same if they are there.
func (t table) put(ctx context.Context, item map[string]types.AttributeValue) (bool, error) {
	input := &dynamodb.PutItemInput{TableName: &t.name, Item: item, ConditionExpression: new("attribute_not_exists(pk)")}
	if version, ok := item["version"]; ok {
		input.ConditionExpression = new("attribute_not_exists(pk) OR #version < :version")
		input.ExpressionAttributeNames = map[string]string{"#version": "version"}
		input.ExpressionAttributeValues = map[string]types.AttributeValue{":version": version}
	}
	// A copy tells the vendor nothing new.
	delete(item, "notice")
	_, err := t.client.PutItem(ctx, input)
	if _, there := errors.AsType[*types.ConditionalCheckFailedException](err); there {
		return false, nil
	}
	return err == nil, err
}
