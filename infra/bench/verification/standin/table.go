// Package standin replaces DynamoDB and Webex when a scheduled run of the built
// function is measured. It is fast and counts requests; with the emulator and the
// simulator, those would be measured instead.
//
// A [Table] implements the part of DynamoDB's protocol that a pass over installations
// in order requires. All of them are copies of one sample row, as package dynamo wrote
// it. It refuses other operations, so that a run that requires more fails.
package standin

import (
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
)

// Table is a table of installations that are in order. It is an [http.Handler].
type Table struct {
	sealer *sealing.Keyset
	// sample is the sample row without the members that differ between rows.
	sample string

	mu     sync.Mutex
	shards [installation.Shards][]int32 // in the order of their keys
	passes map[string]pass
	counts map[string]int
}

type pass struct {
	version int64
	item    []byte
}

// appID is the integration that all rows are of.
const appID = "00000000-0000-4000-8000-000000000000"

// SampleKey returns the key of the sample row.
func SampleKey() installation.Key { return keyOf(0) }

// NewTable returns a table. Its first write must be the sample row, as a new row of
// package dynamo.
func NewTable(sealer *sealing.Keyset) *Table { return &Table{sealer: sealer} }

// keyOf returns an installation's key; the organization's has the form of a UUID.
func keyOf(row int) installation.Key {
	return installation.Key{OrgKey: fmt.Sprintf("%08x-0000-4000-8000-%012x", row*2654435761%(1<<32), row), AppID: appID}
}

// Fill replaces the content with this many installations, which no pass has seen.
func (t *Table) Fill(rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shards, t.passes, t.counts = [installation.Shards][]int32{}, map[string]pass{}, map[string]int{}
	for row := range rows {
		shard := &t.shards[installation.ShardOf(keyOf(row).OrgKey)]
		*shard = append(*shard, int32(row))
	}
	for _, shard := range t.shards {
		slices.SortFunc(shard, func(a, b int32) int { return strings.Compare(keyOf(int(a)).Text(), keyOf(int(b)).Text()) })
	}
}

// Counts returns the number of requests since Fill, by operation.
func (t *Table) Counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// ServeHTTP implements http.Handler.
func (t *Table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the function was ended
	}
	serve, known := map[string]func([]byte) ([]byte, error){
		"Query": t.query, "BatchGetItem": t.batch, "PutItem": t.save,
	}[operation]
	if !known {
		answer(w, fmt.Errorf("the stand-in does not support %s", operation), nil)
		return
	}
	t.mu.Lock()
	if t.counts != nil {
		t.counts[operation]++
	}
	t.mu.Unlock()
	out, err := serve(body)
	answer(w, err, out)
}

// failedCondition is DynamoDB's error type for a write whose condition failed.
const failedCondition = "ConditionalCheckFailedException"

type conditionError struct{}

func (conditionError) Error() string { return failedCondition }

func answer(w http.ResponseWriter, err error, out []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if err != nil {
		kind := "ValidationException"
		if _, failed := err.(conditionError); failed {
			kind = failedCondition
		}
		w.WriteHeader(http.StatusBadRequest)
		out = fmt.Appendf(nil, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q}`, kind, err)
	}
	_, _ = w.Write(out) // a function that has ended is reported elsewhere
}

// accessToken is the access token of every row.
var accessToken = secret.New("bench-access-token-of-a-realistic-length-0123456789abcdef0123456789abcdef")

// sealed returns the access token, sealed for a row, in base64.
func (t *Table) sealed(of installation.Key) (string, error) {
	sealed, err := t.sealer.Seal(accessToken, installation.AccessPlace(of))
	return base64.StdEncoding.EncodeToString(sealed), err
}
