package document

import (
	"context"
	"fmt"
	"sync"
	"time"

	"signpost/shared/secret"
)

const (
	// rereadAfter is the age at which a document is read again.
	rereadAfter = 5 * time.Minute
	// openTimeout limits the first read, when the process starts.
	openTimeout = 5 * time.Second
	// rereadTimeout limits later ones, for which a request waits.
	rereadTimeout = 750 * time.Millisecond
)

// Fetch returns the current document.
type Fetch func(ctx context.Context) ([]byte, error)

// Literal returns a Fetch of a document that was given as a setting.
func Literal(document secret.String) Fetch {
	return func(context.Context) ([]byte, error) { return []byte(document.Reveal()), nil }
}

// Location is where a document is. Exactly one of ID and JSON is set.
type Location struct {
	Needs []Part        // the required parts
	ID    string        // ARN or name of a Secrets Manager secret
	JSON  secret.String // the document itself
}

// Options are the settings of a [Source].
type Options struct {
	Needs []Part // the required parts
	Now   func() time.Time
	// Report receives the error of a later read that failed, once until one succeeds
	// again. The error contains no value of the document.
	Report func(error)
}

// Source is a document that may change while the process lives. It is safe
// for concurrent use.
type Source struct {
	fetch   Fetch
	options Options

	mu       sync.Mutex
	document Document
	readAt   time.Time // when the last read began
	failing  bool      // the last read failed, and was reported
}

// Open reads the document. It fails if it cannot be read or lacks a part.
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

// Current returns the document. If it is over 5 minutes old, one caller reads it
// again first, while the others get the last one. If that fails, the last good one
// stays for another 5 minutes.
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
		s.options.Report(fmt.Errorf("the last good secret document stays in use: %w", err))
	}
	return current
}

// claim reports whether the caller has to read the document again.
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
