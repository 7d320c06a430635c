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
	"signpost/shared/webex"
)

// ErrTokenInvalid: Webex refused the installation's refresh token. The installation is
// active again after a new activation, or once Webex accepts the stored token.
var ErrTokenInvalid = errors.New("installation's refresh token is invalid")

// Service carries out the use cases. It is safe for concurrent use.
type Service struct {
	store    Store
	webex    Webex
	keys     Keys
	settings Settings
	// fingerprint changes with any setting that could cause a failure.
	fingerprint string

	now func() time.Time
	log *slog.Logger

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
		store: store, webex: client, keys: keys, settings: settings, fingerprint: digestOf(settings), now: now, log: log,
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

// saveAttempts bounds the attempts at a write that conflicts with other workers.
const saveAttempts = 10

// update writes what change returns for row, and for a fresh copy whenever another
// worker was faster. It returns [installation.ErrStale] once the row belongs to another
// generation or is gone: the change was meant for an earlier installation. change may
// be called several times and must have no side effects.
func (s *Service) update(ctx context.Context, row installation.Installation, change func(installation.Installation) installation.Installation) (installation.Installation, error) {
	for range saveAttempts {
		saved, err := s.store.Save(ctx, change(row))
		if !errors.Is(err, installation.ErrConflict) {
			return saved, err
		}
		if row, err = s.reread(ctx, row); err != nil {
			return installation.Installation{}, err
		}
	}
	return installation.Installation{}, installation.ErrConflict
}

// reread reads the row again. It returns [installation.ErrStale] if it belongs to
// another generation or is gone.
func (s *Service) reread(ctx context.Context, row installation.Installation) (installation.Installation, error) {
	current, _, err := s.store.Find(ctx, row.Key, s.now())
	if err != nil {
		return installation.Installation{}, err
	}
	if !current.Exists() || current.Generation != row.Generation {
		return installation.Installation{}, installation.ErrStale
	}
	return current, nil
}

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

func (s *Service) credentials(ctx context.Context) (webex.Credentials, error) {
	clientSecret, err := s.keys.ClientSecret(ctx)
	return webex.Credentials{ClientID: s.settings.ClientID, ClientSecret: clientSecret}, err
}

// triedWith returns a digest of everything of ours that the response of a token endpoint
// may depend on: settings and credentials.
func (s *Service) triedWith(ctx context.Context) (string, error) {
	credentials, err := s.credentials(ctx)
	return digestOf([]string{s.fingerprint, credentials.ClientID, credentials.ClientSecret.Reveal()}), err
}
