// Package lifecycle owns the use cases of an installation's life: activate,
// approve an update, move, check health, remove, verify. It decides what is
// stored and what Webex is asked, in which order, so that nothing depends on
// one invocation surviving: whatever is begun is in the table first, and what
// is not finished is due there.
//
// It must not know how anything is stored, how a request looked, or how an
// error is answered.
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

// ErrTokenInvalid: Webex refused the installation's refresh token. A new
// activation helps, or Webex taking the kept one again.
var ErrTokenInvalid = errors.New("installation's refresh token is dead")

// Service carries out the use cases. It is safe for concurrent use.
type Service struct {
	store    Store
	webex    Webex
	keys     Keys
	settings Settings
	// fingerprint changes with any setting that a failure could come from.
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

// Parts are what a service works with, for the schedule to work with the same.
type Parts struct {
	Webex Webex
	Now   func() time.Time
	Log   *slog.Logger
	// Settings is a fingerprint of the settings, Interval how often each
	// installation is verified.
	Settings string
	Interval time.Duration
}

// Parts returns what the service works with.
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

// saveAttempts bounds how often a lost race for a row is run again.
const saveAttempts = 10

// update writes what change makes of the row, beginning with the given copy
// and, whenever another worker was faster, with a fresh one. It returns
// [installation.ErrStale] once the row belongs to another generation or is
// gone: the caller's change was meant for an earlier installation.
// change must be free of effects.
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

// reread reads the row of the same generation anew.
func (s *Service) reread(ctx context.Context, row installation.Installation) (installation.Installation, error) {
	current, _, err := s.store.Find(ctx, row.OrgKey, s.now())
	if err != nil {
		return installation.Installation{}, err
	}
	if !current.Exists() || current.Generation != row.Generation {
		return installation.Installation{}, installation.ErrStale
	}
	return current, nil
}

// settleTime is enough for a write that hangs to be abandoned and repeated: a
// refresh token that Webex has just issued depends on it.
const settleTime = 4 * time.Second

// detached returns a context for storing what happened, which outlives the
// caller's deadline.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTime)
}

func (s *Service) sealer(ctx context.Context) (Sealer, error) { return s.keys.Sealer(ctx) }

func (s *Service) seal(ctx context.Context, token secret.String, place string) (secret.Sealed, error) {
	if token.IsZero() {
		return nil, nil
	}
	sealer, err := s.sealer(ctx)
	if err != nil {
		return nil, err
	}
	return sealer.Seal(token, place)
}

func (s *Service) open(ctx context.Context, sealed secret.Sealed, place string) (secret.String, error) {
	sealer, err := s.sealer(ctx)
	if err != nil {
		return secret.String{}, err
	}
	return sealer.Open(sealed, place)
}

func (s *Service) credentials(ctx context.Context) (webex.Credentials, error) {
	clientSecret, err := s.keys.ClientSecret(ctx)
	return webex.Credentials{ClientID: s.settings.ClientID, ClientSecret: clientSecret}, err
}

// triedWith names all of ours that the answer of a token endpoint may depend on.
func (s *Service) triedWith(ctx context.Context) (string, error) {
	credentials, err := s.credentials(ctx)
	return digestOf([]string{s.fingerprint, credentials.ClientID, credentials.ClientSecret.Reveal()}), err
}
