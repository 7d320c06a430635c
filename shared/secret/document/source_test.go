package document_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signpost/shared/secret"
	"signpost/shared/secret/document"
)

func TestSource(t *testing.T) {
	content, failure, reads := `{"contentApiKey":"one"}`, error(nil), 0
	fetch := func(context.Context) ([]byte, error) { reads++; return []byte(content), failure }
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var reports []error
	source, err := document.Open(t.Context(), fetch, document.Options{
		Needs: []document.Part{document.ContentAPIKey}, Now: func() time.Time { return now },
		Report: func(err error) { reports = append(reports, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("access denied")
	steps := []struct {
		name    string
		wait    time.Duration
		content string
		err     error
		want    string
		reads   int
		reports int
	}{
		{name: "fresh", content: `{"contentApiKey":"two"}`, want: "one", reads: 1},
		{name: "not yet old", wait: 5*time.Minute - 1, content: `{"contentApiKey":"two"}`, want: "one", reads: 1},
		{name: "old", wait: 1, content: `{"contentApiKey":"two"}`, want: "two", reads: 2},
		{name: "fresh again", content: `{"contentApiKey":"three"}`, want: "two", reads: 2},
		{name: "cannot be read", wait: 5 * time.Minute, err: refused, want: "two", reads: 3, reports: 1},
		{name: "left alone after a failure", wait: time.Minute, content: `{"contentApiKey":"three"}`, want: "two", reads: 3, reports: 1},
		{name: "became unusable", wait: 5 * time.Minute, content: `{}`, want: "two", reads: 4, reports: 1},
		{name: "good again", wait: 5 * time.Minute, content: `{"contentApiKey":"three"}`, want: "three", reads: 5, reports: 1},
		{name: "a new failure is reported", wait: time.Hour, content: `nonsense`, want: "three", reads: 6, reports: 2},
	}
	for _, step := range steps {
		now, content, failure = now.Add(step.wait), step.content, step.err
		got := source.Current(t.Context()).ContentAPIKeys[0].Reveal()
		if got != step.want || reads != step.reads || len(reports) != step.reports {
			t.Errorf("%s: got %q after %d reads and %d reports, want %q, %d, %d",
				step.name, got, reads, len(reports), step.want, step.reads, step.reports)
		}
	}
	if !errors.Is(reports[0], refused) {
		t.Errorf("report hides its cause: %v", reports[0])
	}
}

func TestOpenFails(t *testing.T) {
	good := document.Options{Needs: []document.Part{document.ClientSecret}, Now: time.Now, Report: func(error) {}}
	tests := []struct {
		name    string
		fetch   document.Fetch
		options document.Options
	}{
		{"cannot be read", func(context.Context) ([]byte, error) { return nil, errors.New("no") }, good},
		{"lacks a part", document.Literal(secret.New(`{}`)), good},
		{"no fetch", nil, good},
		{"no clock", document.Literal(secret.New(`{}`)), document.Options{Report: good.Report}},
		{"no report", document.Literal(secret.New(`{}`)), document.Options{Now: time.Now}},
	}
	for _, test := range tests {
		if source, err := document.Open(t.Context(), test.fetch, test.options); err == nil || source != nil {
			t.Errorf("%s: opened", test.name)
		}
	}
}

// TestSourceConcurrently: while one caller reads again, slowly, the others get the
// last good document at once.
func TestSourceConcurrently(t *testing.T) {
	now, entered, release := time.Now(), make(chan struct{}), make(chan struct{})
	reads := atomic.Int64{}
	fetch := func(context.Context) ([]byte, error) {
		if n := reads.Add(1); n > 1 {
			close(entered)
			<-release
		}
		return fmt.Appendf(nil, `{"contentApiKey":"%d"}`, reads.Load()), nil
	}
	source, err := document.Open(t.Context(), fetch, document.Options{
		Needs: []document.Part{document.ContentAPIKey}, Now: func() time.Time { return now }, Report: func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(5 * time.Minute)
	var slow sync.WaitGroup
	slow.Go(func() {
		if got := source.Current(t.Context()).ContentAPIKeys[0].Reveal(); got != "2" {
			t.Errorf("the reader got %q", got)
		}
	})
	<-entered
	var others sync.WaitGroup
	for range 50 {
		others.Go(func() {
			if got := source.Current(t.Context()).ContentAPIKeys[0].Reveal(); got != "1" {
				t.Errorf("another caller got %q", got)
			}
		})
	}
	others.Wait()
	close(release)
	slow.Wait()
	if got := source.Current(t.Context()).ContentAPIKeys[0].Reveal(); got != "2" || reads.Load() != 2 {
		t.Errorf("then: %q after %d reads", got, reads.Load())
	}
}
