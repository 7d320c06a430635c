package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// Peer is the service that a call goes to.
type Peer int

// The peers of a process.
const (
	Webex Peer = iota
	DynamoDB
)

// Call is one call that a process made.
type Call struct {
	Peer Peer
	// Op says what is done to what: "PUT digital_signage at us-west-2_r",
	// "PutItem candidate". Nth counts the calls with this Op, from 1.
	Op  string
	Nth int
	// Conditional marks a write that may find its row changed by another
	// worker, Transaction one that DynamoDB may refuse as conflicting.
	Conditional, Transaction bool
	// Status and Length, of the body in bytes, are the response's.
	Status, Length int
}

// Name is the call's name, the same in every run.
func (c Call) Name() string { return fmt.Sprintf("%s #%d", c.Op, c.Nth) }

// transacts reports whether the call is a transaction of its own.
func (c Call) transacts() bool { return strings.HasPrefix(c.Op, "TransactWriteItems ") }

// bearer reports whether the call goes to Webex with an access token.
func (c Call) bearer() bool {
	return c.Peer == Webex && !strings.Contains(c.Op, " jwks ") && !strings.Contains(c.Op, " token ")
}

// read reports whether the product reads the body of the response. It does not read
// that of a PUT or PATCH.
func (c Call) read() bool {
	return !strings.HasPrefix(c.Op, http.MethodPut+" ") && !strings.HasPrefix(c.Op, http.MethodPatch+" ")
}

// webexCall names a request to Webex by its method, resource and region, which
// is all that its path holds besides identifiers.
func webexCall(request *http.Request) Call {
	segments := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	resource := segments[len(segments)-1]
	switch {
	case resource == "access_token":
		resource = "token"
	case len(segments) >= 2 && segments[len(segments)-2] == "apps":
		resource = "app"
	}
	return Call{Peer: Webex, Op: request.Method + " " + resource + " at " + segments[0]}
}

// tableRequest is as much of a DynamoDB request as its name and a rival need.
type tableRequest struct {
	IndexName           string
	ConditionExpression string
	Key, Item           item
	TransactItems       []map[string]tableRequest
	RequestItems        map[string]struct{ Keys []item }
}

// item is a row, or the key of one, as it is on the wire.
type item map[string]map[string]any

func (i item) text(attribute string) string {
	value, _ := i[attribute]["S"].(string)
	return value
}

// rowKind is the first word of a row's sort key.
func (i item) rowKind() string {
	kind, _, _ := strings.Cut(i.text("sk"), "#")
	return kind
}

// key is the row's key, whether the request names it or brings the row.
func (r tableRequest) key() item {
	if r.Item != nil {
		return item{"pk": r.Item["pk"], "sk": r.Item["sk"]}
	}
	return r.Key
}

// keys are those of all rows that the request writes or asks for; with
// writtenOnly, those whose version a condition may be about.
func (r tableRequest) keys(writtenOnly bool) []item {
	var keys []item
	for _, table := range r.RequestItems {
		keys = append(keys, table.Keys...)
	}
	if r.TransactItems == nil && keys == nil {
		return []item{r.key()}
	}
	for _, one := range r.TransactItems {
		for kind, inner := range one {
			if kind != "ConditionCheck" || !writtenOnly {
				keys = append(keys, inner.key())
			}
		}
	}
	return keys
}

// operation is the DynamoDB operation that a request asks for.
func operation(request *http.Request) string {
	_, name, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	return name
}

// tableCall names a request to DynamoDB by its operation and the kinds of rows.
func tableCall(request *http.Request, body []byte) (Call, error) {
	var parsed tableRequest
	if err := json.Unmarshal(body, &parsed); err != nil {
		return Call{}, fmt.Errorf("read a request to DynamoDB: %w", err)
	}
	name := operation(request)
	var kinds []string
	for _, key := range parsed.keys(false) {
		if kind := key.rowKind(); kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if name == "Query" {
		kinds = []string{"organization"}
		if parsed.IndexName != "" {
			kinds = []string{parsed.IndexName}
		}
	}
	transaction := name == "TransactWriteItems"
	call := Call{
		Peer: DynamoDB, Op: strings.TrimSpace(name + " " + strings.Join(kinds, "+")),
		Conditional: transaction || parsed.ConditionExpression != "",
	}
	call.Transaction = call.Conditional
	return call, nil
}

// withBody returns a copy of the request whose body is content.
func withBody(request *http.Request, content []byte) *http.Request {
	copied := request.Clone(request.Context())
	copied.Body, copied.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	copied.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	return copied
}

func readBody(request *http.Request) ([]byte, error) {
	if request.Body == nil {
		return nil, nil
	}
	defer request.Body.Close()
	return io.ReadAll(request.Body)
}
