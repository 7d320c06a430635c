package lifecycle

import (
	"context"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// Store keeps installations and candidates. It reads no clock: a row past its ForgetAt
// or Until at the given time counts as gone, whether or not the store has deleted it.
// Any error that is none of the sentinels is a failure of the store.
//
// Each write of a row is conditional on its Version being the one that was read, and
// raises it by one; Version 0 means that there must be no row. (Commit, which gets the
// time, also replaces one that counts as gone.) The written row is returned as stored:
// times in milliseconds, ForgetAt in whole seconds, rounded up.
type Store interface {
	// Find reads an organization's row and candidates, strongly consistent.
	// The installation is the zero value (Version 0) if there is none; it may
	// be a tombstone.
	Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error)
	// Used reports whether the token with this digest was applied,
	// strongly consistent.
	Used(ctx context.Context, of installation.Key, id string, now time.Time) (bool, error)

	// PutCandidate writes c. It returns [installation.ErrConflict].
	PutCandidate(ctx context.Context, c installation.Candidate) (installation.Candidate, error)
	// DeleteCandidate deletes c if its version is still the one that was read;
	// it returns [installation.ErrConflict] otherwise. A candidate that is
	// gone already is no error.
	DeleteCandidate(ctx context.Context, c installation.Candidate) error

	// Save writes one row, of the generation that it is stored with. It returns
	// [installation.ErrConflict].
	Save(ctx context.Context, i installation.Installation) (installation.Installation, error)
	// Commit writes the row, marks the token and its invitation as used and deletes the
	// candidates, all or nothing. It returns [installation.ErrReplayed] if
	// the token is marked already, else [installation.ErrInvited] if the invitation
	// can no longer be used, else [installation.ErrConflict] if the row
	// or a candidate was changed, or a candidate is gone, since it was read.
	// One commit takes up to 97 candidates; more are an error of the caller.
	Commit(ctx context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (installation.Installation, error)

	// Refusals reads the refusals of an OAuth client, strongly consistent; the
	// version is 0 if nothing is stored.
	Refusals(ctx context.Context, clientID string) (installation.Refusals, error)
	// SaveRefusals writes them. It returns [installation.ErrConflict].
	SaveRefusals(ctx context.Context, r installation.Refusals) (installation.Refusals, error)
}

// Sealer encrypts tokens for the place that they belong to.
type Sealer interface {
	Seal(token secret.String, place string) (secret.Sealed, error)
	Open(sealed secret.Sealed, place string) (secret.String, error)
	// Stale reports whether the primary key has changed since the token was sealed.
	Stale(sealed secret.Sealed) bool
}

// Keys returns the current secrets: both may change while the process lives.
type Keys interface {
	// Client returns the OAuth client of the integration that an installation is of.
	Client(ctx context.Context, of installation.Key) (webex.Credentials, error)
	// Prove records that Webex accepted a refresh token of this installation from this
	// client, which from then on is kept. It returns [installation.ErrConflict] if the
	// integration has another client by now.
	Prove(ctx context.Context, of installation.Key, client webex.Credentials) error
	// Sealer returns the sealer with the current keyset.
	Sealer(ctx context.Context) (Sealer, error)
}

// Webex holds the calls to Webex; see package webex for what each returns.
type Webex interface {
	Exchange(ctx context.Context, oauthURL string, client webex.Credentials, refresh secret.String) (webex.Tokens, error)
	GetApp(ctx context.Context, appURL string, token secret.String) (webex.App, error)
	UpdateApp(ctx context.Context, appURL string, token secret.String, update webex.AppUpdate) error
	DeleteApp(ctx context.Context, appURL string, token secret.String) error
	GetConfig(ctx context.Context, feature webex.Feature, endpoint string, token secret.String) (webex.FeatureConfig, error)
	PutConfig(ctx context.Context, endpoint string, token secret.String, config webex.FeatureConfig) error
	DeleteConfig(ctx context.Context, feature webex.Feature, endpoint string, token secret.String) error
}
