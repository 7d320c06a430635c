// Package installation owns the entity that everything else serves: one
// customer organization's installation of the integration, its states, and
// which changes are legal in which order. It does no I/O and reads no clock.
//
// Two rules order everything. The first is Webex's own clock: a token's `iat`,
// and the manifest's version, never our time of receipt. The second is the
// generation, the id of the activation that a row belongs to: work begun for an
// earlier activation never changes a later one.
package installation

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"signpost/shared/secret"
	"signpost/shared/webex"
)

// Why a store or a transition refused. Errors wrap them with the organization's key.
var (
	// ErrNotFound: no such organization, or its installation was removed.
	ErrNotFound = errors.New("no such installation")
	// ErrInvited: the invitation of an activation was used by another one, was revoked,
	// or is gone.
	ErrInvited = errors.New("invitation can no longer be used")
	// ErrConflict: the row was changed by another worker since it was read.
	ErrConflict = errors.New("installation was changed by another worker")
	// ErrReplayed: the token was applied before.
	ErrReplayed = errors.New("token was used before")
	// ErrStale: something newer, by Webex's clock, was applied before.
	ErrStale = errors.New("something newer was applied before")
	// ErrWrongRegion: the token was signed by the key of another region than
	// the one that the installation lives in.
	ErrWrongRegion = errors.New("token is signed by another region's key")
)

// ErrAmbiguous: the organization has several installations, and none was chosen.
// [AmbiguousError] lists them.
var ErrAmbiguous = errors.New("several installations")

// AmbiguousError is an [ErrAmbiguous].
type AmbiguousError struct {
	OrgKey string
	AppIDs []string
}

// Error names the organization.
func (e *AmbiguousError) Error() string { return fmt.Sprintf("%s has %v", e.OrgKey, ErrAmbiguous) }

// Unwrap returns [ErrAmbiguous].
func (*AmbiguousError) Unwrap() error { return ErrAmbiguous }

// State is the state of an installation.
type State string

const (
	// Active: proven, and its configurations are kept in sync.
	Active State = "active"
	// TokenInvalid: Webex refused the refresh token. Cross-launches are still
	// answered. A new activation makes it active again, and so does the stored token
	// if Webex accepts it again.
	TokenInvalid State = "token_invalid"
	// Removed: a tombstone, which refuses tokens from before the removal.
	Removed State = "removed"
)

// TokenInvalidLife is how long a token_invalid installation is kept: the lifetime
// of a refresh token, after which the stored one cannot become valid again.
const TokenInvalidLife = 90 * 24 * time.Hour

// Generation is the id of an activation: the digest of its token's `jti`.
type Generation string

// NewGeneration returns the generation that the activation code with this
// `jti` begins.
func NewGeneration(jti string) Generation { return Generation(Digest(jti)) }

// Digest returns an id of 22 characters, safe in keys, for a token's `jti`.
func Digest(jti string) string {
	sum := sha256.Sum256([]byte(jti))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// Shards is how many partitions the index of due work is spread over.
const Shards = 16

// ShardOf returns the shard of an organization's due work, 0 to Shards-1.
func ShardOf(orgKey string) int {
	hash := fnv.New32a()
	hash.Write([]byte(orgKey))
	return int(hash.Sum32() % Shards)
}

// Installation is one organization's installation, as a row of the store.
type Installation struct {
	Key
	// Statement is what Webex last said, by its clock. Subject is what is
	// answered as orgId.
	Statement

	State      State
	Generation Generation
	// Version counts the row's writes; each is conditional on the one before.
	Version int64
	// Revision counts changes of the desired state: by actions, activations, removals and
	// the vendor.
	// Work begun at one revision does not complete a later one.
	Revision int64

	// ActivatedAt, LastActionAt and RemovedAt are `iat`s: Webex's clock. Of an installation
	// that the vendor removed, the last two are our clock.
	ActivatedAt  time.Time
	LastActionAt time.Time
	RemovedAt    time.Time
	// MovedAt and EndpointsAt are the `iat`s of the tokens that last said where
	// the installation is (region and URLs) and where its features' APIs are.
	MovedAt     time.Time
	EndpointsAt time.Time
	// ForgetAt is when a tombstone may be deleted: no older token is accepted then.
	ForgetAt time.Time
	// ActivationUntil is until when the activation's token can be accepted.
	ActivationUntil time.Time

	Features map[webex.Feature]Feature

	// BaseURL is our public address as Webex reached it at activation.
	BaseURL string
	// Reference is the vendor's own id of the customer, from an invitation; may be
	// empty. A tombstone keeps it, for the event of the removal.
	Reference string
	// Channel is the name of the channel that the vendor assigned it to, "" for none.
	Channel string
	// ChannelRevision is the revision of the channels that the last rollout which reached
	// the installation gave it, 0 for none. It counts while that rollout lasts.
	ChannelRevision int
	// DeviceKey is the `{installationKey}` of device URLs: who presents it is taken for a
	// device of this customer. It lasts until it is rotated or the installation is removed.
	DeviceKey secret.String
	// Reloads counts how often its devices were made to load their pages anew.
	Reloads int
	// RegisteredActionsURL is the actionsUrl that is registered at Webex; empty if that
	// is unknown, as it is until the outcome of a registration is stored.
	RegisteredActionsURL string

	Tokens   Tokens
	Work     Lease
	Schedule Schedule
	// App is how Webex's record of the installation compares with this one.
	App AppCheck
	// ForeignRegion is the last other region that signed an action for the
	// installation, and when; zero if none did since it last moved. It is written
	// once a day at most.
	ForeignRegion ForeignRegion

	// Notice is the event that the next write announces. It is stored with that
	// write only, for consumers of the store's stream, and never read back.
	Notice Notice
	// Event is the event's detail, JSON of an [Event]; see [Installation.Announce]. It is
	// stored and read as Notice is.
	Event string
	// Unknown is what the store found in the row and this version does not know,
	// from a later version: carried along and never inspected.
	Unknown any
}

// Notice is the stable name of an event that is sent to the vendor.
type Notice string

// The events of an installation.
const (
	// NoticeActivated: an activation was proven, the first one or another.
	NoticeActivated Notice = "installation.activated"
	// NoticeUpdated: Webex announced a change, or the installation is active again
	// after it was token_invalid.
	NoticeUpdated Notice = "installation.updated"
	// NoticeRemoved: removed by the customer or the vendor, or expired after [TokenInvalidLife].
	NoticeRemoved Notice = "installation.removed"
	// NoticeUnavailable: Webex has approved a feature and never sent its address.
	NoticeUnavailable Notice = "feature.unavailable"
	// NoticeFailing: verification has failed for [FailingAfter]. NoticeRecovered:
	// it succeeded again after that.
	NoticeFailing   Notice = "configuration.failing"
	NoticeRecovered Notice = "configuration.recovered"
	// NoticeTokenInvalid: Webex refused the refresh token.
	NoticeTokenInvalid Notice = "installation.token_invalid"
)

// NoticeRefused is the event of [Refusals]: Webex refused several organizations' tokens in a
// row, which points to a fault of ours, so that nobody is invalidated.
const NoticeRefused Notice = "integration.refused"

// FeatureStatus is the state of one feature's configuration.
type FeatureStatus string

const (
	// InSync: Webex stores the configuration that we want.
	InSync FeatureStatus = "in_sync"
	// Pending: whether Webex stores it is not known yet.
	Pending FeatureStatus = "pending"
	// NotOffered: Webex gave no address for it, so it cannot be stored.
	NotOffered FeatureStatus = "not_offered"
	// Drifting: Webex accepts it but keeps returning another one, so the next push
	// is postponed.
	Drifting FeatureStatus = "drifting"
	// NotProvided: we do not provide it, and Webex stores none.
	NotProvided FeatureStatus = "not_provided"
)

// Feature is one feature of an installation.
type Feature struct {
	// Endpoint is the address of its configuration API.
	Endpoint string
	Status   FeatureStatus
	// Drift is the digest of the difference found, DriftCount how many
	// verifications in a row found the same one, HoldUntil the earliest time of
	// the next push.
	Drift      string
	DriftCount int
	HoldUntil  time.Time
	// Pushed is the digest of the configuration that was last pushed or found
	// in place, PushedAt when one was last pushed.
	Pushed   string
	PushedAt time.Time
}

// Tokens are an installation's OAuth tokens, sealed.
type Tokens struct {
	Refresh          secret.Sealed
	RefreshExpiresAt time.Time
	// IssuedAt is the `iat` of the activation code or action that brought the
	// refresh token, or the one that Webex has since replaced.
	IssuedAt time.Time
	// RenewedAt is when the refresh token was last used with success.
	RenewedAt       time.Time
	Access          secret.Sealed
	AccessExpiresAt time.Time
	// Renewal is held by the one worker that calls the token endpoint.
	Renewal Lease
	// InvalidSince is when the installation became token_invalid, zero if it is
	// not. A tombstone that [Installation.Expire] made keeps it.
	InvalidSince time.Time
	// RefusedSince is when Webex first refused the refresh token after it last
	// accepted it, zero if it did not.
	RefusedSince time.Time
	// RejectedSince is the same for 400 responses that give no reason: see
	// [RejectedFor].
	RejectedSince time.Time
	// TriedAt is when the stored refresh token of a token_invalid installation was
	// last tried, and TriedWith a digest of the settings and credentials that it
	// was tried with.
	TriedAt   time.Time
	TriedWith string
}

// LeaseLife is how long a lease lasts, and so how long a worker that died delays
// the others.
const LeaseLife = 30 * time.Second

// Lease is a worker's exclusive right to work on something until it ends.
type Lease struct {
	Owner string
	Until time.Time
}

// NewLease returns owner's lease from now on.
func NewLease(owner string, now time.Time) Lease {
	return Lease{Owner: owner, Until: now.Add(LeaseLife)}
}

// Held reports whether a worker holds the lease at now.
func (l Lease) Held(now time.Time) bool { return l.Owner != "" && now.Before(l.Until) }

// Schedule is when an installation is verified next, and the history behind it.
type Schedule struct {
	DueAt      time.Time
	VerifiedAt time.Time
	// Failures counts the verifications in a row that failed, or for which Webex
	// must not be called, since a success or a change of settings.
	Failures int
	// Settings is the fingerprint of the settings that Failures counts for.
	Settings string
	// FailingSince is when the first of the failures in a row happened, across
	// changes of settings; zero after a success. FailingNotified is set once
	// [NoticeFailing] was sent for it.
	FailingSince    time.Time
	FailingNotified bool
	// LastResult is the last verification's outcome, by a stable name.
	LastResult string
	// Failure is how the last call to Webex failed, zero if it did not.
	Failure Failure
}

// FailingAfter is how long verification must have failed before that is shown and
// announced [ours]: shorter failures resolve by themselves.
const FailingAfter = 24 * time.Hour

// Failing reports whether every verification has failed for at least
// [FailingAfter].
func (s Schedule) Failing(now time.Time) bool {
	return !s.FailingSince.IsZero() && now.Sub(s.FailingSince) >= FailingAfter
}

// Notify returns the installation with [NoticeFailing] or [NoticeRecovered] where
// one is due, and the record that it was sent.
func (i Installation) Notify(now time.Time) Installation {
	schedule := &i.Schedule
	switch {
	case schedule.Failing(now) && !schedule.FailingNotified:
		i.Notice, schedule.FailingNotified = NoticeFailing, true
	case schedule.FailingSince.IsZero() && schedule.FailingNotified:
		i.Notice, schedule.FailingNotified = NoticeRecovered, false
	}
	return i
}

// Exists reports whether the row is an installation and no tombstone.
// Cross-launches are answered for these only.
func (i Installation) Exists() bool { return i.State == Active || i.State == TokenInvalid }

// Forgotten reports whether a tombstone has expired: the store may still hold the
// row, but it no longer counts.
func (i Installation) Forgotten(now time.Time) bool {
	return i.State == Removed && !now.Before(i.ForgetAt)
}

// Timestamp formats a time as commands and APIs show it: RFC 3339 in UTC, "" for the zero
// time.
func Timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// TokenHealth is the state of an installation's refresh token.
type TokenHealth string

// The states of a refresh token.
const (
	TokensHealthy  TokenHealth = "healthy"
	TokensExpiring TokenHealth = "expiring"
	TokensInvalid  TokenHealth = "token_invalid"
)

// expiringWithin is the remaining lifetime below which a refresh token needs
// attention.
const expiringWithin = 14 * 24 * time.Hour

// TokenHealth returns the state of the refresh token at now. An unknown expiry
// counts as healthy.
func (i Installation) TokenHealth(now time.Time) TokenHealth {
	switch {
	case i.State == TokenInvalid:
		return TokensInvalid
	case !i.Tokens.RefreshExpiresAt.IsZero() && i.Tokens.RefreshExpiresAt.Sub(now) < expiringWithin:
		return TokensExpiring
	default:
		return TokensHealthy
	}
}

// RefreshPlace names where an installation's sealed refresh token is stored. It is
// bound to the ciphertext, which cannot be opened anywhere else.
func RefreshPlace(k Key) string { return "org#" + k.Text() + "/refreshToken" }

// AccessPlace is [RefreshPlace] for the access token.
func AccessPlace(k Key) string { return "org#" + k.Text() + "/accessToken" }
