package permissions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

// recorder passes requests on to DynamoDB, answers for Secrets Manager, and notes
// the requests that are made while a function runs.
type recorder struct {
	table  http.Handler
	secret string // the value of every secret

	mu      sync.Mutex
	running string // the function; empty while none is watched
	// needs are the actions by function, as "action on resource".
	needs   map[string]map[string]bool
	unknown []string
	used    usage
}

// usage is what DynamoDB would charge for.
type usage struct{ calls, reads, writes float64 }

func newRecorder(dynamoDB, secret string) (*recorder, error) {
	target, err := url.Parse(dynamoDB)
	if err != nil {
		return nil, err
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	r := &recorder{table: proxy, secret: secret, needs: map[string]map[string]bool{}}
	proxy.ModifyResponse = r.charge
	return r, nil
}

// watch runs do and records its calls as the function's.
func (r *recorder) watch(function string, do func()) {
	r.mu.Lock()
	r.running = function
	r.mu.Unlock()
	do()
	r.mu.Lock()
	r.running = ""
	r.mu.Unlock()
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	service, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	switch {
	case service == "secretsmanager":
		r.note("secretsmanager:" + operation + " on its secret")
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]string{"Name": "secret", "SecretString": r.secret})
		return
	case strings.HasPrefix(service, "DynamoDB_"):
		needs, err := actionsOf(operation, body)
		if err != nil {
			r.mu.Lock()
			r.unknown = append(r.unknown, err.Error())
			r.mu.Unlock()
		}
		r.note(needs...)
		body = withCapacity(operation, body)
	}
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.table.ServeHTTP(w, request)
}

func (r *recorder) note(needs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running == "" {
		return
	}
	if r.needs[r.running] == nil {
		r.needs[r.running] = map[string]bool{}
	}
	for _, need := range needs {
		r.needs[r.running][need] = true
	}
}

// elements are the IAM actions by kind of a transaction's parts.
var elements = map[string]string{
	"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem",
}

// plain are the operations that need the action of their own name.
var plain = map[string]bool{
	"GetItem": true, "PutItem": true, "UpdateItem": true, "DeleteItem": true, "Query": true, "Scan": true, "BatchGetItem": true, "BatchWriteItem": true,
}

// actionsOf lists what a call of DynamoDB needs.
func actionsOf(operation string, body []byte) ([]string, error) {
	var input struct {
		IndexName                 string
		TransactItems             []map[string]any
		ExpressionAttributeValues map[string]map[string]any
		Key                       map[string]map[string]any
	}
	if err := json.Unmarshal(body, &input); err != nil {
		return nil, err
	}
	switch {
	case strings.HasPrefix(operation, "Transact"):
		var needs []string
		for _, item := range input.TransactItems {
			for kind := range item {
				if elements[kind] == "" {
					return nil, fmt.Errorf("unknown part of a transaction: %s", kind)
				}
				needs = append(needs, "dynamodb:"+elements[kind]+" on its table")
			}
		}
		return needs, nil
	case plain[operation] && input.IndexName != "":
		return []string{"dynamodb:" + operation + " on its index " + input.IndexName}, nil
	case operation == "Query" && input.ExpressionAttributeValues[":pk"]["S"] == "integrations",
		operation == "GetItem" && input.Key["pk"]["S"] == "channels":
		return []string{"dynamodb:" + operation + " on the registry in its table"}, nil
	case plain[operation]:
		return []string{"dynamodb:" + operation + " on its table"}, nil
	case operation == "ListTables", operation == "DescribeTable", operation == "CreateTable", operation == "UpdateTimeToLive", operation == "DescribeTimeToLive":
		return nil, nil // the local stack's own
	}
	return nil, fmt.Errorf("unknown operation %s", operation)
}
