package stack

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"signpost/infra/notices"
)

const (
	pollStream  = 300 * time.Millisecond
	retryStream = 3 * time.Second
)

// listener reads the table's stream in place of the EventBridge pipe, logs the events and
// puts them on the bus.
type listener struct {
	client *dynamodbstreams.Client
	stream string
	logs   *logs
	bus    *bus

	end     context.CancelFunc
	running sync.WaitGroup
}

// start listens to writes from now on. If the table has no stream, as in a
// DynamoDB that the developer runs, start only logs that.
func (l *listener) start(ctx context.Context, t *table, logs *logs) {
	l.logs = logs
	var iterators map[string]string
	stream, err := t.streamOf(ctx)
	if err == nil {
		options := t.client.Options()
		l.stream = stream
		l.client = dynamodbstreams.New(dynamodbstreams.Options{
			Region: options.Region, BaseEndpoint: options.BaseEndpoint, Credentials: options.Credentials,
		})
		iterators, err = l.latest(ctx)
	}
	if err != nil {
		logs.printf("notices | the table's stream cannot be read: %v", err)
		return
	}
	ctx, l.end = context.WithCancel(context.Background())
	l.running.Go(func() { l.listen(ctx, iterators) })
	l.running.Go(func() { l.bus.deliver(ctx) })
}

func (l *listener) stop() {
	if l.end != nil {
		l.end()
	}
	l.running.Wait()
}

func (t *table) streamOf(ctx context.Context) (string, error) {
	described, err := t.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(t.settings.tableName())})
	if err != nil {
		return "", err
	}
	if described.Table.LatestStreamArn == nil {
		return "", errors.New("the table has none")
	}
	return *described.Table.LatestStreamArn, nil
}

// latest returns an iterator at the end of each shard. An emulator has one
// shard, which never ends.
func (l *listener) latest(ctx context.Context) (map[string]string, error) {
	described, err := l.client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &l.stream})
	if err != nil {
		return nil, err
	}
	iterators := map[string]string{}
	for _, shard := range described.StreamDescription.Shards {
		out, err := l.client.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
			StreamArn: &l.stream, ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeLatest,
		})
		if err != nil {
			return nil, err
		}
		iterators[aws.ToString(shard.ShardId)] = aws.ToString(out.ShardIterator)
	}
	return iterators, nil
}

func (l *listener) listen(ctx context.Context, iterators map[string]string) {
	for ctx.Err() == nil {
		pause := pollStream
		for shard, iterator := range iterators {
			out, err := l.client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: &iterator})
			if err != nil {
				pause = retryStream // the table may be stopping
				continue
			}
			l.log(out.Records)
			iterators[shard] = aws.ToString(out.NextShardIterator)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (l *listener) log(records []types.Record) {
	for _, record := range records {
		switch event, matches, err := notices.Pipe(plainRecord(record)); {
		case err != nil:
			l.logs.printf("notices | %v", err)
		case matches:
			l.logs.printf("notices | %s %s", event.DetailType, event.Detail)
			l.bus.put(event, time.Now())
		}
	}
}

// plainRecord converts a record into the form that a pipe receives, without
// attributes other than strings, numbers and maps of them.
func plainRecord(r types.Record) notices.Record {
	record := notices.Record{"eventName": string(r.EventName)}
	if r.Dynamodb != nil {
		record["dynamodb"] = map[string]any{
			"Keys": plainImage(r.Dynamodb.Keys), "NewImage": plainImage(r.Dynamodb.NewImage), "OldImage": plainImage(r.Dynamodb.OldImage),
		}
	}
	return record
}

func plainImage(image map[string]types.AttributeValue) map[string]any {
	plain := map[string]any{}
	for name, value := range image {
		switch value := value.(type) {
		case *types.AttributeValueMemberS:
			plain[name] = map[string]any{"S": value.Value}
		case *types.AttributeValueMemberN:
			plain[name] = map[string]any{"N": value.Value}
		case *types.AttributeValueMemberM:
			plain[name] = map[string]any{"M": plainImage(value.Value)}
		}
	}
	return plain
}
