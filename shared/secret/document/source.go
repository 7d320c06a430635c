package document

import (
	"context"
	"fmt"
	"sync"
	"time"

	"signpost/shared/secret"
)

const (
	// rereadAfter is how long a document is used before it is read again.
	rereadAfter = 5 * time.Minute
	// openTimeout bounds the first reading, when the process starts.
	openTimeout = 5 * time.Second
	// rereadTimeout bounds a later one: a request waits for it.
	rereadTimeout = 750 * time.Millisecond
)

// Fetch returns the document as it is now.
type Fetch func(ctx context.Context) ([]byte, error)

// Literal returns a Fetch of a document that was given as a setting.
func Literal(document secret.String) Fetch {
	return func(context.Context) ([]byte, error) { return []byte(document.Reveal()), nil }
}

// Location is where a document is, and what is read of it. Exactly one of ID and
// JSON is set.
type Location struct {
	// Needs are the parts that the reader requires.
	Needs []Part
	// ID is the ARN or the name of a Secrets Manager secret.
	ID string
	// JSON is the document itself.
	JSON secret.String
}

// Options say what is read of the document, and by whose clock.
type Options struct {
	// Needs are the parts without which the document is no good.
	Needs []Part
	Now   func() time.Time
	// Report is told of a re-reading that failed, once until one succeeds
	// again. The error holds no value of the document.
	Report func(error)
}

// Source is a document that may change while the process lives. It is safe
// for concurrent use.
type Source struct {
	fetch   Fetch
	options Options

	mu       sync.Mutex
	document Document
	readAt   time.Time // when a reading was last begun
	failing  bool      // the last reading failed, and was reported
}

// Open reads the document, and fails if it cannot be had or lacks a part.
func Open(ctx context.Context, fetch Fetch, options Options) (*Source, error) {
	if fetch == nil || options.Now == nil || options.Report == nil {
		return nil, fmt.Errorf("open a secret document: fetch, clock and report are required")
	}
	s := &Source{fetch: fetch, options: options, readAt: options.Now()}
	document, err := s.read(ctx, openTimeout)
	if err != nil {
		return nil, err
	}
	s.document = document
	return s, nil
}

// Current returns the document. One that is over 5 minutes old is read again
// first, by one of the callers while the others go on with the last one; if
// that fails the last good one stays, and the next attempt is 5 minutes away.
func (s *Source) Current(ctx context.Context) Document {
	if !s.claim() {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.document
	}
	document, err := s.read(ctx, rereadTimeout)

	s.mu.Lock()
	if err == nil {
		s.document = document
	}
	report := err != nil && !s.failing
	s.failing = err != nil
	current := s.document
	s.mu.Unlock()

	if report {
		s.options.Report(fmt.Errorf("secret document was not read again, the last good one stays: %w", err))
	}
	return current
}

// claim reports whether the caller is to read the document again.
func (s *Source) claim() bool {
	now := s.options.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.readAt) < rereadAfter {
		return false
	}
	s.readAt = now
	return true
}

func (s *Source) read(ctx context.Context, limit time.Duration) (Document, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	raw, err := s.fetch(ctx)
	if err != nil {
		return Document{}, fmt.Errorf("read the secret document: %w", err)
	}
	return Parse(raw, s.options.Needs...)
}
