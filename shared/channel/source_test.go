package channel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"signpost/shared/channel"
	"signpost/shared/config/configtest"
)

// revisions is a store in memory that counts its reads.
type revisions struct {
	current channel.Current
	kept    map[int]channel.Document
	err     error
	reads   int
	loads   int
}

func (r *revisions) CurrentChannels(context.Context) (channel.Current, error) {
	r.reads++
	return r.current, r.err
}

func (r *revisions) ChannelRevision(_ context.Context, number int) (channel.Revision, error) {
	r.loads++
	d, known := r.kept[number]
	if !known {
		return channel.Revision{}, channel.ErrUnknownRevision
	}
	return channel.Revision{Number: number, Document: d}, nil
}

func TestSource(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	store := &revisions{kept: map[int]channel.Document{1: parsed(t, document)}}
	source := channel.NewSource(store, configtest.Environ(), func() time.Time { return now })
	want := func(revision, reads, loads int) {
		t.Helper()
		channels, err := source.Cached(t.Context())
		if err != nil || channels.Revision != revision || store.reads != reads || store.loads != loads {
			t.Errorf("revision %d after %d reads and %d revisions read, want %d, %d, %d: %v", channels.Revision, store.reads, store.loads, revision, reads, loads, err)
		}
	}
	want(0, 1, 0)
	store.current.Revision = 1
	now = now.Add(channel.CacheLife - 1)
	want(0, 1, 0)
	now = now.Add(1)
	want(1, 2, 1)
	want(1, 2, 1)
	now = now.Add(channel.CacheLife)
	want(1, 3, 1) // a revision never changes
	if _, err := source.Read(t.Context()); err != nil || store.reads != 4 {
		t.Errorf("%d reads, %v", store.reads, err)
	}

	// What cannot be known is an error: devices must not be shown something else.
	store.current.Revision = 2
	if _, err := source.Read(t.Context()); !errors.Is(err, channel.ErrUnknownRevision) {
		t.Errorf("unknown revision: %v", err)
	}
	store.kept[2] = parsed(t, `{"channels": {"a": {"SIGNAGE_URL": "nowhere"}}}`)
	if _, err := source.Read(t.Context()); err == nil {
		t.Error("an invalid revision is used")
	}
	store.err = errors.New("table")
	now = now.Add(channel.CacheLife)
	if _, err := source.Cached(t.Context()); !errors.Is(err, store.err) {
		t.Errorf("table fails: %v", err)
	}
	store.err, store.current.Revision = nil, 1
	want(1, 8, 3)
}
