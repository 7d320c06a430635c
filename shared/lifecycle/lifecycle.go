// Package lifecycle owns the use cases of an installation: activate, approve an update,
// move, check health, remove, verify. It decides what is stored and which calls Webex
// gets, in which order, so that nothing depends on one invocation surviving: work is in
// the table before it begins, and due there until it is finished.
//
// It does not know how anything is stored, or how requests, responses and errors look
// on the wire.
package lifecycle

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
)

// ErrTokenInvalid: Webex refused the installation's refresh token. The installation is
// active again after a new activation, or once Webex accepts the stored token.
var ErrTokenInvalid = errors.New("installation's refresh token is invalid")

// Service carries out the use cases. It is safe for concurrent use.
type Service struct {
	rows
	webex    Webex
	keys     Keys
	settings Settings
	// fingerprint changes with any setting that could cause a failure.
	fingerprint string
	log         *slog.Logger

	// pause waits for d or until ctx ends; tests replace it.
	pause func(ctx context.Context, d time.Duration) error
}

// New returns a service. All arguments are required.
func New(store Store, client Webex, keys Keys, settings Settings, now func() time.Time, log *slog.Logger) (*Service, error) {
	if store == nil || client == nil || keys == nil || now == nil || log == nil {
		return nil, errors.New("lifecycle: store, webex, keys, clock and log are required")
	}
	if err := settings.check(); err != nil {
		return nil, err
	}
	return &Service{
		rows: rows{announcing{store, settings, now}, now}, webex: client, keys: keys, settings: settings, fingerprint: digestOf(settings), log: log,
		pause: Pause,
	}, nil
}

// Parts are the parts of a service that the schedule shares.
type Parts struct {
	Webex Webex
	Now   func() time.Time
	Log   *slog.Logger
	// Settings is a fingerprint of the settings, Interval how often each
	// installation is verified.
	Settings string
	Interval time.Duration
}

// Parts returns the parts that the schedule shares.
func (s *Service) Parts() Parts {
	return Parts{Webex: s.webex, Now: s.now, Log: s.log, Settings: s.fingerprint, Interval: s.settings.VerifyInterval}
}

// Pause waits for d, or returns the context's error if that ends first.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// newOwner names a worker for its leases.
func newOwner() string { return rand.Text() }

// detachedTimeout is long enough to abandon and repeat a write that hangs: it may hold
// the only copy of a refresh token.
const detachedTimeout = 4 * time.Second

// Detached returns a context for storing a result after the caller's deadline: 4 seconds
// from now.
func Detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), detachedTimeout)
}

func (s *Service) seal(ctx context.Context, token secret.String, associatedData string) (secret.Sealed, error) {
	if token.IsZero() {
		return nil, nil
	}
	sealer, err := s.keys.Sealer(ctx)
	if err != nil {
		return nil, err
	}
	return sealer.Seal(token, associatedData)
}

func (s *Service) open(ctx context.Context, sealed secret.Sealed, associatedData string) (secret.String, error) {
	sealer, err := s.keys.Sealer(ctx)
	if err != nil {
		return secret.String{}, err
	}
	return sealer.Open(sealed, associatedData)
}

// triedWith returns a digest of everything of ours that the response of a token endpoint
// to this installation may depend on: settings and credentials.
func (s *Service) triedWith(ctx context.Context, of installation.Key) (string, error) {
	credentials, err := s.keys.Client(ctx, of)
	return digestOf([]string{s.fingerprint, credentials.ClientID, credentials.ClientSecret.Reveal()}), err
}
