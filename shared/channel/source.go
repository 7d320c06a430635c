package channel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Why a store or a command refused.
var (
	// ErrUnknownRevision: there is no such revision, or it is no longer kept.
	ErrUnknownRevision = errors.New("no such revision of the channels")
	// ErrChanged: the channels were changed since they were read.
	ErrChanged = errors.New("the channels were changed by somebody else")
)

// KeptRevisions is how many revisions the store keeps.
const KeptRevisions = 50

// Revision is a numbered document. It never changes.
type Revision struct {
	// Number is 1 for the first one; 0 is the environment's settings alone.
	Number    int
	Document  Document
	CreatedAt time.Time
}

// Current says which revision installations are to hold.
type Current struct {
	// Version counts the writes; 0 means that there never were channels.
	Version int64
	// Revision is the one that they hold, Latest the greatest number that was given.
	Revision, Latest int
	// Rollout is the last rollout, nil if there never was one.
	Rollout *Rollout
	// Notice is the event about the rollout that the next write announces, "" for none. It
	// is stored with that write only, and never read back.
	Notice string
}

// NoticeHalted: the rollout has halted by itself. The event's detail is a [RolloutStatus].
const NoticeHalted = "rollout.halted"

// Store keeps the channels.
type Store interface {
	// CurrentChannels reads what is current; the zero value if there never were channels.
	CurrentChannels(ctx context.Context) (Current, error)
	// ChannelRevision reads a revision. It returns [ErrUnknownRevision].
	ChannelRevision(ctx context.Context, number int) (Revision, error)
}

// CacheLife is how long a source relies on what it has read: a change reaches every
// process within this time.
const CacheLife = time.Minute

// Source returns the current channels of one environment. It is safe for concurrent use.
type Source struct {
	store   Store
	environ map[string]string
	now     func() time.Time

	reads singleflight.Group
	mu    sync.Mutex
	known known
}

// known is what a source has read.
type known struct {
	at       time.Time
	channels Channels
}

// Channels are all channels at one moment.
type Channels struct {
	Current
	// Set is that of the current revision, Next that of the rollout, nil without an active
	// one.
	Set
	Next *Set
}

// Provides reports whether a channel provides the feature, of the current revision or of
// that of the rollout.
func (c Channels) Provides(feature webex.Feature) bool {
	return c.Set.Provides(feature) || c.Next != nil && c.Next.Provides(feature)
}

// Provided lists the features that a channel provides, in the order of [webex.Features].
func (c Channels) Provided() []webex.Feature {
	var provided []webex.Feature
	for _, feature := range webex.Features {
		if c.Provides(feature) {
			provided = append(provided, feature)
		}
	}
	return provided
}

// For returns the channels that an installation is to hold, and their revision.
func (c Channels) For(i installation.Installation) (Set, int) {
	if c.Next != nil && c.Rollout.Includes(i) {
		return *c.Next, c.Rollout.Revision
	}
	return c.Set, c.Revision
}

// Name returns the name of an installation's channel.
func (c Channels) Name(i installation.Installation) string {
	set, _ := c.For(i)
	return set.Name(i)
}

// NewSource returns a source. The settings of environ are those of the default channel; they were
// checked before.
func NewSource(store Store, environ map[string]string, now func() time.Time) *Source {
	return &Source{store: store, environ: environ, now: now}
}

// Cached returns the channels, read at most once per [CacheLife].
func (s *Source) Cached(ctx context.Context) (Channels, error) {
	if known, fresh := s.fresh(); fresh {
		return known.channels, nil
	}
	read, err, _ := s.reads.Do("", func() (any, error) {
		if known, fresh := s.fresh(); fresh { // read while this call waited to begin
			return known.channels, nil
		}
		return s.Read(ctx)
	})
	if err != nil {
		return Channels{}, err
	}
	return read.(Channels), nil
}

// Read returns the channels as they are now. It reads a revision only once.
func (s *Source) Read(ctx context.Context) (Channels, error) {
	at := s.now()
	current, err := s.store.CurrentChannels(ctx)
	if err != nil {
		return Channels{}, fmt.Errorf("read the channels: %w", err)
	}
	s.mu.Lock()
	last := s.known
	s.mu.Unlock()
	next := Channels{Current: current}
	if next.Set, err = s.set(ctx, last, current.Revision); err != nil {
		return Channels{}, err
	}
	if current.Active() {
		set, err := s.set(ctx, last, current.Rollout.Revision)
		if err != nil {
			return Channels{}, err
		}
		next.Next = &set
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = known{at, next}
	return next, nil
}

// set returns the channels of a revision, from what is known if that has them.
func (s *Source) set(ctx context.Context, known known, number int) (Set, error) {
	switch {
	case known.at.IsZero():
	case known.channels.Revision == number:
		return known.channels.Set, nil
	case known.channels.Active() && known.channels.Rollout.Revision == number:
		return *known.channels.Next, nil
	}
	return s.resolve(ctx, number)
}

func (s *Source) fresh() (known, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known, !s.known.at.IsZero() && s.now().Sub(s.known.at) < CacheLife
}

// resolve reads a revision and fills in the environment's settings. Channels that this
// environment makes invalid are an error: devices must not be shown something else.
func (s *Source) resolve(ctx context.Context, number int) (Set, error) {
	var revision Revision
	if number > 0 {
		var err error
		if revision, err = s.store.ChannelRevision(ctx, number); err != nil {
			return Set{}, fmt.Errorf("read revision %d of the channels: %w", number, err)
		}
	}
	set, err := revision.Document.Resolve(s.environ)
	if err != nil {
		return Set{}, fmt.Errorf("revision %d of the channels does not fit the settings: %w", number, err)
	}
	return set, nil
}
