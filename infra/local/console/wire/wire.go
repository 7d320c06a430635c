// Package wire keeps a record of what Webex and Signpost say to each other in
// the local stack: the last requests of both directions with their answers.
//
// It owns what is kept and how it is made fit to be shown: secrets are redacted
// and tokens decoded before anything is kept, so that nothing secret can be
// read out of a record later. It changes nothing of what it listens to, and
// knows neither pages nor the simulator.
package wire

import (
	"slices"
	"sync"
	"time"
)

// Message is one half of an exchange as it may be shown.
type Message struct {
	Header []Field
	// Body is pretty-printed where it is JSON or a form. Left is how many
	// bytes of it were left out.
	Body string
	Left int
}

// Field is a header field.
type Field struct{ Name, Value string }

// Exchange is a request and its answer.
type Exchange struct {
	ID int64
	// FromWebex says who asked: Webex, or else Signpost.
	FromWebex bool
	OrgID     string // whose it is; "" if it is nobody's, as a key set is
	Method    string
	URL       string
	Began     time.Time
	// Done is set when the exchange has ended: with a Status, or with a
	// Failure that says why there is none.
	Done     bool
	Took     time.Duration
	Status   int
	Failure  string
	Request  Message
	Response Message

	changed int64
}

// Log keeps the last exchanges. It is safe for concurrent use.
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
	// OrgOf tells whose a refresh token is, "" if nobody's.
	OrgOf func(refreshToken string) string
	// Touch is called after every change.
	Touch func()
}

// New returns an empty log.
func New(o Options) *Log {
	return &Log{limit: o.Limit, now: o.Now, orgOf: o.OrgOf, touch: o.Touch}
}

// Since returns the exchanges that were begun or changed after a mark, newest
// first, and the new mark. The mark 0 returns all that are kept.
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

// Find returns one exchange, if it is still kept.
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

// begin keeps an exchange that has begun.
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

// end notes how an exchange came out.
func (l *Log) end(e *Exchange, status int, failure string, response Message) {
	l.mu.Lock()
	l.changes++
	e.changed, e.Done, e.Took = l.changes, true, l.now().Sub(e.Began)
	e.Status, e.Failure, e.Response = status, failure, response
	l.mu.Unlock()
	l.touch()
}
