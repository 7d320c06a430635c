package dynamo_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
)

// operations counts the HTTP requests that leave, by DynamoDB's operation, and
// can answer some in its place.
type operations struct {
	mutex   sync.Mutex
	counts  map[string]int
	bytes   int64
	answers map[string][]string // bodies, of status 400 if they have a __type
	// onRequest is called before each answer that is played.
	onRequest func()
	// split leaves half of the keys of each BatchGetItem unprocessed, pageSize
	// ends the pages of each Query early.
	split    bool
	pageSize int
	// weak counts the reads that are not strongly consistent.
	weak map[string]int
}

// countingStore returns a store on its own table that counts requests.
func countingStore(t *testing.T) (*dynamo.Store, *operations) {
	t.Helper()
	return storeOf(t, nil)
}

// hurriedStore is a countingStore that does not wait before it repeats a
// throttled request.
func hurriedStore(t *testing.T) (*dynamo.Store, *operations) {
	t.Helper()
	return storeOf(t, func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
}

func storeOf(t *testing.T, retryer func() aws.Retryer) (*dynamo.Store, *operations) {
	t.Helper()
	_, table := dynamotest.New(t)
	ops := &operations{counts: map[string]int{}, weak: map[string]int{}, answers: map[string][]string{}}
	cfg := dynamotest.Config(t)
	cfg.HTTPClient, cfg.Retryer = ops, retryer
	return dynamo.New(dynamo.NewClient(cfg), table), ops
}

// answer has the next request of this operation answered with body.
func (o *operations) answer(operation, body string) {
	o.answers[operation] = append(o.answers[operation], body)
}

// Do implements [aws.HTTPClient].
func (o *operations) Do(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	o.mutex.Lock()
	o.counts[operation]++
	o.bytes += r.ContentLength
	if isRead := map[string]bool{"GetItem": true, "BatchGetItem": true, "Query": true}; isRead[operation] && !isStrong(r) {
		o.weak[operation]++
	}
	var answer string
	if answers := o.answers[operation]; len(answers) > 0 {
		answer, o.answers[operation] = answers[0], answers[1:]
	}
	o.mutex.Unlock()
	switch {
	case answer == "" && operation == "BatchGetItem" && o.split:
		return splitBatch(r)
	case answer == "" && operation == "Query" && o.pageSize > 0:
		return limitPage(r, o.pageSize)
	case answer == "":
		return http.DefaultClient.Do(r)
	case o.onRequest != nil:
		o.onRequest()
	}
	status := http.StatusOK
	if strings.Contains(answer, "__type") {
		status = http.StatusBadRequest
	}
	return played(r, status, []byte(answer)), nil
}

// isStrong reports whether a request demands strong consistency.
func isStrong(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err == nil && bytes.Contains(body, []byte(`"ConsistentRead":true`))
}

func played(r *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}
}

func (o *operations) count(operation string) int {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.counts[operation]
}

func (o *operations) total() int {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	total := 0
	for _, n := range o.counts {
		total += n
	}
	return total
}

func (o *operations) reset() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.counts, o.bytes = map[string]int{}, 0
}

func (o *operations) String() string { return fmt.Sprint(o.counts) }

const conflictAnswer = `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"Transaction is ongoing for the item"}`

// cancelled is DynamoDB's answer to a transaction that failed for these
// reasons, per item.
func cancelled(codes ...string) string {
	var reasons []string
	for _, code := range codes {
		reasons = append(reasons, fmt.Sprintf(`{"Code":%q}`, code))
	}
	return `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled","CancellationReasons":[` +
		strings.Join(reasons, ",") + `]}`
}
