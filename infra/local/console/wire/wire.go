// Package wire records the traffic between Webex and Signpost in the local
// stack: the last requests in both directions with their responses.
//
// It owns the record and its redaction: secrets are redacted and tokens decoded
// before anything is stored, so that a record never holds a secret. It does not
// change the traffic, and it depends neither on pages nor on the simulator.
package wire

import (
	"slices"
	"sync"
	"time"
)

// Message is a request or a response, redacted.
type Message struct {
	Header []Field
	// Body is indented if it is JSON or a form. Left is how many bytes of it
	// were omitted.
	Body string
	Left int
}

// Field is a header field.
type Field struct{ Name, Value string }

// Exchange is a request and its response.
type Exchange struct {
	ID int64
	// FromWebex is true for requests of Webex, false for those of Signpost.
	FromWebex bool
	OrgID     string // "" for requests without an organization, such as key sets
	Method    string
	URL       string
	Began     time.Time
	// Done is set when the exchange has ended: with a Status, a Failure, or
	// both if the response was cut off.
	Done     bool
	Took     time.Duration
	Status   int
	Failure  string
	Request  Message
	Response Message

	changed int64
}

// Log holds the last exchanges. It is safe for concurrent use.
type Log struct {
	limit int
	now   func() time.Time
	orgOf func(refreshToken string) string
	touch func()

	mu        sync.Mutex
	exchanges []*Exchange // oldest first
	lastID    int64
	changes   int64
}

// Options configure a Log. All are required.
type Options struct {
	// Limit is how many exchanges are kept.
	Limit int
	Now   func() time.Time
	// OrgOf finds the organization of a refresh token, "" if there is none.
	OrgOf func(refreshToken string) string
	// Touch is called after every change.
	Touch func()
}

// New returns an empty log.
func New(o Options) *Log {
	return &Log{limit: o.Limit, now: o.Now, orgOf: o.OrgOf, touch: o.Touch}
}

// Since returns the exchanges that began or changed after a mark, newest first,
// and the new mark. The mark 0 means all.
func (l *Log) Since(mark int64) ([]Exchange, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var changed []Exchange
	for _, e := range slices.Backward(l.exchanges) {
		if e.changed > mark {
			changed = append(changed, *e)
		}
	}
	return changed, l.changes
}

// Find returns one exchange, false if it is no longer held.
func (l *Log) Find(id int64) (Exchange, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.exchanges {
		if e.ID == id {
			return *e, true
		}
	}
	return Exchange{}, false
}

// begin adds an exchange to the log.
func (l *Log) begin(e *Exchange) *Exchange {
	l.mu.Lock()
	l.lastID++
	l.changes++
	e.ID, e.changed, e.Began = l.lastID, l.changes, l.now()
	l.exchanges = append(l.exchanges, e)
	if excess := len(l.exchanges) - l.limit; excess > 0 {
		l.exchanges = slices.Delete(l.exchanges, 0, excess)
	}
	l.mu.Unlock()
	l.touch()
	return e
}

// end records the result of an exchange.
func (l *Log) end(e *Exchange, status int, failure string, response Message) {
	l.mu.Lock()
	l.changes++
	e.changed, e.Done, e.Took = l.changes, true, l.now().Sub(e.Began)
	e.Status, e.Failure, e.Response = status, failure, response
	l.mu.Unlock()
	l.touch()
}
