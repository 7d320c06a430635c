package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

const (
	passPrefix = "pass#"
	passSK     = "pass"
	// shardIndex lists the organizations of a shard in the order of their keys. It
	// holds keys only, which never change: a write of a row costs nothing there.
	shardIndex = "shards"
	// maxBatch is how many rows DynamoDB reads in one batch.
	maxBatch = 100
)

// passRow is an [installation.Pass].
type passRow struct {
	key
	workRow
	writeRow
	Schema   int                   `dynamodbav:"schema"`
	Version  int64                 `dynamodbav:"version"`
	Settings string                `dynamodbav:"settings,omitempty"`
	Urgent   bool                  `dynamodbav:"urgent,omitempty"`
	Began    int64                 `dynamodbav:"began,omitempty"`
	Before   int64                 `dynamodbav:"before,omitempty"`
	Place    string                `dynamodbav:"place,omitempty"`
	Seen     int                   `dynamodbav:"seen,omitempty"`
	Count    int                   `dynamodbav:"count,omitempty"`
	Ended    bool                  `dynamodbav:"ended,omitempty"`
	Skipped  map[string]skippedRow `dynamodbav:"skipped,omitempty"`
}

// skippedRow is an [installation.Skipped].
type skippedRow struct {
	Place     string `dynamodbav:"place,omitempty"`
	Wrapped   bool   `dynamodbav:"wrapped,omitempty"`
	NotBefore int64  `dynamodbav:"notBefore,omitempty"`
	Before    int64  `dynamodbav:"before,omitempty"`
}

func passKey(shard int) key { return key{passPrefix + strconv.Itoa(shard), passSK} }

// newPassRow returns the row of p after its next write.
func newPassRow(p installation.Pass) passRow {
	row := passRow{
		key: passKey(p.Shard), workRow: newWorkRow(p.Lease), writeRow: newWriteRow(), Schema: schema, Version: p.Version + 1,
		Settings: p.Settings, Urgent: p.Urgent, Began: millis(p.Began), Before: millis(p.Before),
		Place: p.Place, Seen: p.Seen, Count: p.Count, Ended: p.Ended,
	}
	if len(p.Skipped) > 0 {
		row.Skipped = make(map[string]skippedRow, len(p.Skipped))
	}
	for host, b := range p.Skipped {
		row.Skipped[host] = skippedRow{Place: b.Place, Wrapped: b.Wrapped, NotBefore: millis(b.NotBefore), Before: millis(b.Before)}
	}
	return row
}

func (r passRow) pass(shard int) installation.Pass {
	p := installation.Pass{
		Shard: shard, Version: r.Version, Lease: r.lease(), Settings: r.Settings, Urgent: r.Urgent,
		Began: instant(r.Began), Before: instant(r.Before), Place: r.Place, Seen: r.Seen, Count: r.Count, Ended: r.Ended,
	}
	if len(r.Skipped) > 0 {
		p.Skipped = make(map[string]installation.Skipped, len(r.Skipped))
	}
	for host, b := range r.Skipped {
		p.Skipped[host] = installation.Skipped{Place: b.Place, Wrapped: b.Wrapped, NotBefore: instant(b.NotBefore), Before: instant(b.Before)}
	}
	return p
}

// Passes reads the passes of all shards, in their order, eventually consistent.
func (s *Store) Passes(ctx context.Context) ([]installation.Pass, error) {
	keys := make([]map[string]types.AttributeValue, installation.Shards)
	passes := make([]installation.Pass, installation.Shards)
	for shard := range passes {
		keys[shard], passes[shard].Shard = passKey(shard).item(), shard
	}
	items, err := s.readRows(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read the passes: %w", err)
	}
	for _, item := range items {
		var row passRow
		if err := decode(item, &row); err != nil {
			return nil, fmt.Errorf("read the passes: %w", err)
		}
		shard, err := strconv.Atoi(row.PK[len(passPrefix):])
		if err != nil || shard < 0 || shard >= len(passes) {
			return nil, fmt.Errorf("read the passes: %q names no shard", row.PK)
		}
		passes[shard] = row.pass(shard)
	}
	return passes, nil
}

// SavePass writes p, atomically, if its version is still the one that was read, and
// returns it as stored. It returns [installation.ErrConflict] otherwise.
func (s *Store) SavePass(ctx context.Context, p installation.Pass) (installation.Pass, error) {
	row := newPassRow(p)
	if err := s.save(ctx, row, atVersion(p.Version)); err != nil {
		return installation.Pass{}, fmt.Errorf("save the pass of shard %d: %w", p.Shard, err)
	}
	return row.pass(p.Shard), nil
}

// Page lists up to limit installations of a shard whose keys follow place, in the order
// of their keys, eventually consistent. A key with candidates only, or with a row of a
// later schema, counts but is skipped; a row that cannot be decoded is skipped too and
// named in [installation.Page.Unreadable].
// Keys are read from an index, rows in a batch.
func (s *Store) Page(ctx context.Context, shard int, place string, limit int) (page installation.Page, err error) {
	input := &dynamodb.QueryInput{
		TableName: s.table, IndexName: aws.String(shardIndex), Limit: aws.Int32(int32(min(max(limit, 1), maxBatch))),
		KeyConditionExpression:    aws.String("#shard = :shard AND pk > :pk"),
		ExpressionAttributeNames:  map[string]string{"#shard": "shard"},
		ExpressionAttributeValues: values{":shard": number(int64(shard)), ":pk": text(orgPrefix + place)},
	}
	listed, err := s.client.Query(ctx, input)
	if err != nil {
		return page, fmt.Errorf("list the installations of shard %d: %w", shard, err)
	}
	page.Last, page.End = place, len(listed.LastEvaluatedKey) == 0
	var keys []map[string]types.AttributeValue
	for _, item := range listed.Items {
		// Candidates are listed beside their installation.
		if of := keyOf(item); of != page.Last || len(keys) == 0 {
			keys, page.Last = append(keys, key{orgPrefix + of, installationSK}.item()), of
		}
	}
	items, err := s.readRows(ctx, keys)
	if err != nil {
		return page, fmt.Errorf("read the installations of shard %d: %w", shard, err)
	}
	rows := make(map[string]installation.Installation, len(items))
	for _, item := range items {
		work, _, err := decodeWork(item)
		switch {
		case err == nil:
			rows[work.Installation.Key.Text()] = *work.Installation
		case !errors.Is(err, errSchema):
			page.Unreadable = errors.Join(page.Unreadable, fmt.Errorf("installation of %s: %w", keyOf(item), err))
		}
	}
	for _, k := range keys {
		if row, there := rows[keyOf(k)]; there && row.Exists() {
			page.Rows = append(page.Rows, row)
		}
	}
	return page, nil
}

// readRows reads whole rows, in any order, eventually consistent, up to maxBatch keys.
func (s *Store) readRows(ctx context.Context, keys []map[string]types.AttributeValue) ([]map[string]types.AttributeValue, error) {
	return s.batchGet(ctx, types.KeysAndAttributes{Keys: keys}, commitAttempts, func(attempt int) time.Duration { return s.backoff(attempt, nil) })
}
