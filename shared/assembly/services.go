package assembly

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"signpost/shared/assembly/wanted"
	"signpost/shared/channel"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// Services builds the use cases with the current channels. It is safe for concurrent use.
type Services struct {
	Channels *channel.Source

	settings config.Provider
	store    *dynamo.Store
	client   *webex.Client
	keys     *keys
	log      *slog.Logger

	mu       sync.Mutex
	service  *lifecycle.Service
	channels int64 // the version of those of the service
}

// Current returns the use cases with the channels as they are, read at most once per
// [channel.CacheLife].
func (s *Services) Current(ctx context.Context) (*lifecycle.Service, error) {
	channels, err := s.Channels.Cached(ctx)
	if err != nil {
		return nil, err
	}
	return s.With(channels)
}

// Latest is [Services.Current], and always reads the channels, which it returns too.
func (s *Services) Latest(ctx context.Context) (*lifecycle.Service, channel.Channels, error) {
	channels, err := s.Channels.Read(ctx)
	if err != nil {
		return nil, channels, err
	}
	service, err := s.With(channels)
	return service, channels, err
}

// With returns the use cases with these channels, the last ones if they are the same.
func (s *Services) With(channels channel.Channels) (*lifecycle.Service, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.service != nil && s.channels == channels.Version {
		return s.service, nil
	}
	service, err := lifecycle.New(s.store, s.client, s.keys, wanted.Settings(s.settings, channels), time.Now, s.log)
	if err != nil {
		return nil, err
	}
	s.service, s.channels = service, channels.Version
	return service, nil
}
