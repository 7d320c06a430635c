package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
)

// retryAfter is the Retry-After of the fault with a 429.
const retryAfter = 10 * time.Minute

// mark is in the text of every error that a fault makes, and so in the log.
const mark = "injected fault"

// Fault is one way in which a call fails.
type Fault struct {
	Name string
	// Fits reports whether the fault applies to a call.
	Fits func(Call) bool
	// FirstAttempt limits the fault to the first attempt of a call, not those that the
	// client repeats by itself. Again injects it into all later calls of the process
	// with the same Op as well: the repetitions of a transaction are calls of their own.
	// Outage injects it into those of all processes.
	FirstAttempt, Again, Outage bool
	// Tolerated: a correct process recovers from it at once, and need not log it.
	Tolerated bool
	// Rival: another worker is faster, and may leave this one waiting for it.
	Rival bool
	// Deadly: the process is killed, so it logs nothing.
	Deadly bool
	// RetryAfter is how long Webex asks not to be called.
	RetryAfter time.Duration
	// Evidence are the texts of which one must be in the log, once.
	Evidence []string

	inject func(*injection) (*http.Response, error)
}

// Faults are all the ways in which a call to Webex or DynamoDB can fail.
func Faults() []Fault { return append(append(webexFaults(), tableFaults()...), deaths()...) }

// Outages are faults that persist for calls of every process.
func Outages() []Fault {
	var outages []Fault
	for _, fault := range slices.Concat(webexFaults(), tableFaults()) {
		if slices.Contains([]string{"refused", "reply lost", "429 with Retry-After", "500"}, fault.Name) {
			fault.Outage = true
			outages = append(outages, fault)
		}
	}
	return outages
}

func toWebex(call Call) bool    { return call.Peer == Webex }
func toKeySet(call Call) bool   { return toWebex(call) && strings.Contains(call.Op, " jwks ") }
func toDynamoDB(call Call) bool { return call.Peer == DynamoDB }

// failing returns an injection that fails without a response, before the request is handled.
func failing(cause error) func(*injection) (*http.Response, error) {
	return func(*injection) (*http.Response, error) { return nil, fmt.Errorf("%s: %w", mark, cause) }
}

// respondingWith returns an injection that responds instead of handling the request.
func respondingWith(status int, contentType, body string, headers ...string) func(*injection) (*http.Response, error) {
	return func(s *injection) (*http.Response, error) {
		return s.respond(status, contentType, body, headers...), nil
	}
}

// loseReply lets the request be handled and loses the response.
func loseReply(s *injection) (*http.Response, error) {
	if _, err := s.forward(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%s: reply lost: %w", mark, io.ErrUnexpectedEOF)
}

// runOut ends the invocation's time while the call waits for its response.
func runOut(s *injection) (*http.Response, error) {
	if s.process.Expire != nil {
		s.process.Expire()
	}
	return nil, fmt.Errorf("%s: %w", mark, context.DeadlineExceeded)
}

// truncate cuts a JSON response in half.
func truncate(s *injection) (*http.Response, error) {
	response, err := s.forward()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return s.respond(response.StatusCode, response.Header.Get("Content-Type"), string(body[:len(body)/2])), nil
}

func webexFaults() []Fault {
	const page = "<!doctype html><title>503</title><h1>Service Unavailable</h1>"
	status := func(code int) []string { return []string{fmt.Sprintf("status %d", code)} }
	noAnswer := []string{mark}
	return []Fault{
		{Name: "refused", Fits: toWebex, Evidence: noAnswer, inject: failing(syscall.ECONNREFUSED)},
		{Name: "timeout", Fits: func(call Call) bool { return toWebex(call) && !toKeySet(call) }, Evidence: noAnswer, inject: runOut},
		// A caller that waits for a key set may time out before the fetch does.
		{Name: "timeout", Fits: toKeySet, Evidence: []string{mark, "context deadline exceeded"}, inject: runOut},
		{Name: "reply lost", Fits: toWebex, Evidence: noAnswer, inject: loseReply},
		{Name: "429", Fits: toWebex, Evidence: status(429), inject: respondingWith(429, "application/json", `{"message":"slow down"}`)},
		{Name: "429 with Retry-After", Fits: toWebex, Evidence: status(429), RetryAfter: retryAfter, inject: respondingWith(429, "application/json", `{"message":"slow down"}`,
			"Retry-After", fmt.Sprint(int(retryAfter.Seconds())))},
		{Name: "500", Fits: toWebex, Evidence: status(500), inject: respondingWith(500, "application/json", `{"message":"oops"}`)},
		{Name: "503 HTML", Fits: toWebex, Evidence: status(503), inject: respondingWith(503, "text/html", page)},
		{Name: "truncated JSON", Evidence: []string{"unexpected EOF", "not a JSON object", "not a JWK set"}, inject: truncate,
			Fits: func(call Call) bool { return toWebex(call) && call.Status < 300 && call.Length > 0 && call.read() }},
		{Name: "401 once", Fits: Call.bearer, Evidence: status(401), Tolerated: true, inject: respondingWith(401, "application/json", `{"message":"who are you"}`)},
	}
}

// exception is an error as DynamoDB returns it.
func exception(status int, kind, more string) func(*injection) (*http.Response, error) {
	body := fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q%s}`, kind, mark+": "+kind, more)
	return respondingWith(status, "application/x-amz-json-1.0", body)
}

func tableFaults() []Fault {
	evidence := []string{mark}
	conflicting := func(call Call) bool { return toDynamoDB(call) && call.Transaction }
	single := func(call Call) bool { return toDynamoDB(call) && !call.transacts() }
	transaction := func(call Call) bool { return toDynamoDB(call) && call.transacts() }
	return []Fault{
		{Name: "refused", Fits: toDynamoDB, Evidence: evidence, inject: failing(syscall.ECONNREFUSED)},
		{Name: "timeout", Fits: toDynamoDB, Evidence: []string{mark, "context deadline exceeded"}, inject: runOut},
		{Name: "throttled", Fits: single, Evidence: evidence, inject: throttle},
		{Name: "throttled", Fits: transaction, Evidence: evidence, Again: true, inject: throttle},
		{Name: "server error", Fits: toDynamoDB, Evidence: evidence, inject: exception(500, "InternalServerError", "")},
		{Name: "reply lost, then unreachable", Fits: toDynamoDB, Evidence: evidence, inject: loseThenRefuse},
		// The SDK, or of transactions the store, repeats these, with success.
		{Name: "throttled once", Fits: toDynamoDB, Evidence: evidence, FirstAttempt: true, Tolerated: true, inject: throttle},
		{Name: "reply lost once", Fits: toDynamoDB, Evidence: evidence, FirstAttempt: true, Tolerated: true, inject: loseReply},
		{Name: "condition lost", Evidence: evidence, Tolerated: true, Rival: true, inject: rival,
			Fits: func(call Call) bool { return toDynamoDB(call) && call.Conditional }},
		{Name: "TransactionConflict", Fits: conflicting, Evidence: evidence, Tolerated: true, inject: conflict},
		{Name: "TransactionConflict each time", Fits: conflicting, Evidence: evidence, Tolerated: true, Outage: true, inject: conflict},
	}
}

func loseThenRefuse(s *injection) (*http.Response, error) {
	if s.attempt == 1 {
		return loseReply(s)
	}
	return failing(syscall.ECONNREFUSED)(s)
}

// conflict is a write that conflicts with another transaction.
func conflict(s *injection) (*http.Response, error) {
	if !s.call.transacts() {
		return exception(400, "TransactionConflictException", "")(s)
	}
	return cancel(s, "TransactionConflict")
}

// throttle is a request to a throttled table or key. A transaction is then cancelled,
// which the SDK does not repeat.
func throttle(s *injection) (*http.Response, error) {
	if !s.call.transacts() {
		return exception(400, "ProvisionedThroughputExceededException", "")(s)
	}
	return cancel(s, "ThrottlingError")
}

// cancel is a transaction that is cancelled because of the last of its items.
func cancel(s *injection, reason string) (*http.Response, error) {
	var parsed tableRequest
	if err := json.Unmarshal(s.body, &parsed); err != nil {
		return nil, err
	}
	reasons := strings.Repeat(`{"Code":"None"},`, len(parsed.TransactItems)-1) + fmt.Sprintf(`{"Code":%q}`, reason)
	return exception(400, "TransactionCanceledException", `,"CancellationReasons":[`+reasons+`]`)(s)
}

func deaths() []Fault {
	always := func(Call) bool { return true }
	return []Fault{
		{Name: "killed before", Fits: always, Deadly: true, inject: func(s *injection) (*http.Response, error) {
			s.process.die()
			return nil, ErrDead
		}},
		{Name: "killed after", Fits: always, Deadly: true, inject: func(s *injection) (*http.Response, error) {
			_, err := s.forward()
			s.process.die()
			return nil, errors.Join(ErrDead, err)
		}},
	}
}
