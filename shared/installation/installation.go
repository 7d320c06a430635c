// Package installation owns the entity that everything else serves: one
// customer organization's installation of the integration, its states, and
// which changes are legal in which order. It does no I/O and reads no clock.
//
// Two rules order everything. Webex's own clock: a token's `iat`, and the
// manifest's version, never our time of receipt. And the generation: the id of
// the activation that a row belongs to, so that what was begun for an earlier
// activation never touches a later one.
package installation

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash/fnv"
	"time"

	"signpost/shared/secret"
	"signpost/shared/webex"
)

// Why a store or a transition refused. Wrapped with the organization's key.
var (
	// ErrNotFound: no such organization, or its installation was removed.
	ErrNotFound = errors.New("no such installation")
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

// State is where an installation stands.
type State string

const (
	// Active: proven, and its configurations are kept in sync.
	Active State = "active"
	// TokenInvalid: Webex refused the refresh token. Cross-launches are still
	// answered. A new activation brings it back, and so does the kept token if
	// Webex takes it again.
	TokenInvalid State = "token_invalid"
	// Removed: a tombstone, which old tokens cannot pass.
	Removed State = "removed"
)

// TokenInvalidLife is how long a token_invalid installation is kept: the life
// of a refresh token, after which nothing of it can be of use.
const TokenInvalidLife = 90 * 24 * time.Hour

// Generation is the id of an activation: the digest of its token's `jti`.
type Generation string

// NewGeneration returns the generation that the activation code with this
// `jti` begins.
func NewGeneration(jti string) Generation { return Generation(Digest(jti)) }

// Digest names a token by its `jti` in 22 characters that are safe in keys.
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
	// OrgKey identifies the organization.
	OrgKey string
	// Statement is what Webex last said, by its clock. Subject is what is
	// answered as orgId.
	Statement

	State      State
	Generation Generation
	// Version counts the row's writes; each is conditional on the one before.
	Version int64
	// Revision counts the changes of what is wanted of the row: by actions and
	// activations. Work begun at one revision does not conclude a later one.
	Revision int64

	// ActivatedAt, LastActionAt and RemovedAt are `iat`s: Webex's clock.
	ActivatedAt  time.Time
	LastActionAt time.Time
	RemovedAt    time.Time
	// MovedAt and EndpointsAt are the `iat`s of the tokens that last said where
	// the installation is (region and URLs) and where its features' APIs are.
	MovedAt     time.Time
	EndpointsAt time.Time
	// ForgetAt is when a tombstone may go: no older token is accepted then.
	ForgetAt time.Time
	// ActivationUntil is until when the activation's token can be accepted.
	ActivationUntil time.Time

	Features map[webex.Feature]Feature

	// BaseURL is our public address as Webex reached it at activation.
	BaseURL string
	// ToldActionsURL is the actionsUrl that Webex was last told; empty until
	// it was told that provisioning is completed.
	ToldActionsURL string

	Tokens   Tokens
	Work     Lease
	Schedule Schedule
	// App is how Webex's record of the installation compares with this one.
	App AppCheck
	// SignedElsewhere is the last region that signed an action for the
	// installation though it lives in another one, and when; zero if none did
	// since it last moved. It is written once a day at most.
	SignedElsewhere ForeignRegion

	// Notice says what the next write makes of the installation. It is stored
	// with just that write, for whoever listens to the store, and never read.
	Notice Notice
	// Unknown is what the store found in the row and this version does not
	// know: a later version's, carried along and never looked into.
	Unknown any
}

// Notice is what the vendor is told of an installation, by a stable name.
type Notice string

// What happens to an installation that its vendor may want to know.
const (
	// NoticeActivated: an activation was proven, be it the first or another.
	NoticeActivated Notice = "installation.activated"
	// NoticeUpdated: Webex said that something about it changed, or it is active
	// again after it was token_invalid.
	NoticeUpdated Notice = "installation.updated"
	// NoticeRemoved: removed by the customer, or given up after
	// [TokenInvalidLife].
	NoticeRemoved Notice = "installation.removed"
	// NoticeUnavailable: Webex has approved a feature and never sent its address.
	NoticeUnavailable Notice = "feature.unavailable"
	// NoticeFailing: it could not be verified for [FailingAfter], and
	// NoticeRecovered: it could be again.
	NoticeFailing   Notice = "configuration.failing"
	NoticeRecovered Notice = "configuration.recovered"
	// NoticeTokenInvalid: Webex refused the refresh token.
	NoticeTokenInvalid Notice = "installation.token_invalid"
)

// FeatureStatus is where one feature's configuration stands.
type FeatureStatus string

const (
	// InSync: Webex stores what we want.
	InSync FeatureStatus = "in_sync"
	// Pending: it is not known to store it yet.
	Pending FeatureStatus = "pending"
	// NotOffered: Webex gave no address for it, so it cannot be stored.
	NotOffered FeatureStatus = "not_offered"
	// Drifting: Webex stores it but keeps reading back something else, and
	// pushing again is put off.
	Drifting FeatureStatus = "drifting"
	// NotProvided: we do not provide it, and Webex stores none.
	NotProvided FeatureStatus = "not_provided"
)

// Feature is one feature of an installation.
type Feature struct {
	// Endpoint is the address of its configuration API.
	Endpoint string
	Status   FeatureStatus
	// Drift is the digest of a difference that was found, DriftCount how many
	// verifications in a row found just that one, HoldUntil until when it is
	// not pushed again.
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
	// refresh token, or the one that Webex has replaced it with since.
	IssuedAt time.Time
	// RenewedAt is when the refresh token was last used with success.
	RenewedAt       time.Time
	Access          secret.Sealed
	AccessExpiresAt time.Time
	// Renewal is held by the one worker that talks to the token endpoint.
	Renewal Lease
	// InvalidSince is since when the installation is token_invalid, zero if it
	// is not. The tombstone of an installation that was given up for it keeps it.
	InvalidSince time.Time
	// RefusedSince is when Webex first refused the refresh token after it last
	// took it, zero if it did not.
	RefusedSince time.Time
	// RejectedSince is the same of answers 400 that name no reason: see
	// [RejectedFor].
	RejectedSince time.Time
	// TriedAt is when the kept refresh token of a token_invalid installation was
	// last tried, and TriedWith a digest of the settings and credentials that it
	// was tried with.
	TriedAt   time.Time
	TriedWith string
}

// LeaseLife is how long a worker that died delays the others.
const LeaseLife = 30 * time.Second

// Lease is a worker's right to do something alone.
type Lease struct {
	Owner string
	Until time.Time
}

// NewLease returns owner's lease from now on.
func NewLease(owner string, now time.Time) Lease {
	return Lease{Owner: owner, Until: now.Add(LeaseLife)}
}

// Held reports whether anybody holds the lease.
func (l Lease) Held(now time.Time) bool { return l.Owner != "" && now.Before(l.Until) }

// Schedule is when an installation is verified next, and why then.
type Schedule struct {
	DueAt      time.Time
	VerifiedAt time.Time
	// Failures counts the verifications in a row, after success or a change of
	// settings, that failed or for which Webex was not to be called.
	Failures int
	// Settings is the fingerprint of the settings that Failures counts for.
	Settings string
	// FailingSince is when the first of the failures in a row happened, whatever
	// our settings were; zero after a success. FailingNotified is set once the
	// vendor was told of it by [NoticeFailing].
	FailingSince    time.Time
	FailingNotified bool
	// LastResult is the last verification's outcome, by a stable name.
	LastResult string
	// Failure is how the last try failed of Webex, zero if it did not.
	Failure Failure
}

// FailingAfter is for how long an installation must have failed to be verified
// for that to be shown and announced [ours]: shorter troubles pass by themselves.
const FailingAfter = 24 * time.Hour

// Failing reports whether all has failed for at least [FailingAfter].
func (s Schedule) Failing(now time.Time) bool {
	return !s.FailingSince.IsZero() && now.Sub(s.FailingSince) >= FailingAfter
}

// Notify returns the installation with the notice that its trouble is worth one,
// or is over, and the record that it was given.
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

// Exists reports whether the row stands for an installation at now: it is not
// a tombstone. Cross-launches are answered for just these.
func (i Installation) Exists() bool { return i.State == Active || i.State == TokenInvalid }

// Forgotten reports whether a tombstone's time is over: the store may still
// hold the row, but it means nothing any more.
func (i Installation) Forgotten(now time.Time) bool {
	return i.State == Removed && !now.Before(i.ForgetAt)
}

// TokenHealth is where an installation's refresh token stands.
type TokenHealth string

// The ladder of token health.
const (
	TokensHealthy  TokenHealth = "healthy"
	TokensExpiring TokenHealth = "expiring"
	TokensInvalid  TokenHealth = "token_invalid"
)

// expiringWithin is how much refresh life left calls for a person's attention.
const expiringWithin = 14 * 24 * time.Hour

// TokenHealth returns where the refresh token stands at now. An unknown expiry
// counts as healthy: Webex said nothing.
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

// RefreshPlace and AccessPlace name the place that a sealed token belongs to.
func RefreshPlace(orgKey string) string { return "org#" + orgKey + "/refreshToken" }

// AccessPlace is RefreshPlace for access tokens.
func AccessPlace(orgKey string) string { return "org#" + orgKey + "/accessToken" }
