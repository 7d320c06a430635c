package stack

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"signpost/infra/notices"
	"signpost/shared/secret"
)

// EventsPath is the path of the API's port at which the last events are read, newest last.
// No route of the product begins like it.
const EventsPath = "/_local/events"

// Settings: an address to which events are delivered too, and the key that is sent along.
const (
	variableEvents    = "EVENTS_URL"
	variableEventsKey = "EVENTS_KEY"
)

const (
	keptEvents     = 200
	deliverTimeout = 5 * time.Second
	deliverRetries = 3
	deliverPause   = time.Second
)

// envelope is an event as EventBridge delivers it.
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       time.Time       `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// bus is in place of the vendor's event bus: it keeps the last events, and delivers each to
// an address, as an API destination does.
type bus struct {
	address string        // "" for none
	key     secret.String // empty for none
	logs    *logs
	client  http.Client
	queue   chan envelope

	mu   sync.Mutex
	kept []envelope
}

func newBus(s *settings, logs *logs) *bus {
	return &bus{
		address: s.given[variableEvents], key: secret.New(s.given[variableEventsKey]), logs: logs, queue: make(chan envelope, keptEvents),
		client: http.Client{
			Timeout: deliverTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// checkEvents checks the address to which events are delivered.
func (s *settings) checkEvents() error {
	raw := s.given[variableEvents]
	if raw == "" {
		return nil
	}
	if u, err := url.Parse(raw); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%s is not an address: set it to http://… or https://…, to which events are posted, or unset it", variableEvents)
	}
	return nil
}

// put keeps an event and queues it for delivery. An event too many is dropped, and logged.
func (b *bus) put(event notices.Event, now time.Time) {
	e := envelope{
		Version: "0", ID: rand.Text(), DetailType: event.DetailType, Source: notices.Source, Account: "000000000000",
		Time: now.UTC().Truncate(time.Second), Region: "local", Resources: []string{}, Detail: json.RawMessage(event.Detail),
	}
	b.mu.Lock()
	b.kept = append(b.kept, e)
	b.kept = b.kept[max(0, len(b.kept)-keptEvents):]
	b.mu.Unlock()
	if b.address == "" {
		return
	}
	select {
	case b.queue <- e:
	default:
		b.logs.printf("notices | %s is too slow: an event was not delivered", variableEvents)
	}
}

// deliver posts queued events, one after the other, until ctx ends.
func (b *bus) deliver(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-b.queue:
			b.deliverOne(ctx, e)
		}
	}
}

func (b *bus) deliverOne(ctx context.Context, e envelope) {
	for attempt := 0; ; attempt++ {
		retry, err := b.post(ctx, e)
		if err == nil || ctx.Err() != nil {
			return
		}
		if !retry || attempt == deliverRetries {
			b.logs.printf("notices | %s was not delivered: %v", e.DetailType, err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(deliverPause << attempt):
		}
	}
}

// post returns whether EventBridge would try again what failed: after 429, 5xx, and where
// there was no answer.
func (b *bus) post(ctx context.Context, e envelope) (retry bool, err error) {
	text, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.address, bytes.NewReader(text))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/json")
	if !b.key.IsZero() {
		request.Header.Set(notices.KeyHeader, b.key.Reveal())
	}
	response, err := b.client.Do(request)
	if err != nil {
		return true, err
	}
	defer response.Body.Close()
	if response.StatusCode < 300 {
		return false, nil
	}
	return response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests, fmt.Errorf("%s answered %d", variableEvents, response.StatusCode)
}

// ServeHTTP answers with the kept events.
func (b *bus) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	kept := append([]envelope{}, b.kept...)
	b.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string][]envelope{"events": kept}) // the client may have gone
}
