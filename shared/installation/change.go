package installation

import (
	"fmt"
	"time"

	"signpost/shared/secret"
	"signpost/shared/webex"
)

// Change is what one token says of an installation; empty fields say nothing.
type Change struct {
	Statement
	// IssuedAt is the token's `iat`.
	IssuedAt time.Time
	// Endpoints are the addresses of the features' configuration APIs.
	Endpoints map[webex.Feature]string
	// AllEndpoints is set where Endpoints, if there are any, are all that the
	// manifest offers: an updateApproved carries the links of its features
	// [page], so a feature without one has been dropped.
	AllEndpoints bool
	// Refresh is the sealed refresh token, empty if the token brought none.
	Refresh secret.Sealed
}

// NewChange returns what token says, without its refresh token, which the
// caller seals.
func NewChange(token webex.Token) Change {
	return Change{
		Statement: NewStatement(token), IssuedAt: token.IssuedAt,
		Endpoints: token.Endpoints, AllEndpoints: token.Action == webex.UpdateApproved,
	}
}

// Change returns the installation after change, with all its features to be
// verified. It returns [ErrStale], and the change must be dropped, if a newer one
// was applied: by `iat`, where equal seconds count as newer, or by manifest
// version.
func (i Installation) Change(change Change) (Installation, error) {
	if change.IssuedAt.Before(i.LastActionAt) || (change.ManifestVersion != 0 && change.ManifestVersion < i.ManifestVersion) {
		return Installation{}, fmt.Errorf("change of %s: %w", i.OrgKey, ErrStale)
	}
	return i.changed(change), nil
}

func (i Installation) changed(change Change) Installation {
	next := i
	next.Revision++
	next.Notice = NoticeUpdated
	next.LastActionAt = change.IssuedAt
	next.Statement = i.Statement.updated(change.Statement)
	next.App = AppCheck{} // it is about the state before the change
	if next.Region != i.Region {
		next.ForeignRegion = ForeignRegion{}
	}
	if change.Region != "" || change.URLs != (URLs{}) {
		next.MovedAt = change.IssuedAt
	}
	if len(change.Endpoints) > 0 {
		next.EndpointsAt = change.IssuedAt
	}
	// A new address may be another system: our own must be registered there again.
	if next.URLs.App != i.URLs.App {
		next.RegisteredActionsURL = ""
	}
	next.Features = unverified(i.Features)
	if change.AllEndpoints && len(change.Endpoints) > 0 {
		next.Features = map[webex.Feature]Feature{}
	}
	for name, endpoint := range change.Endpoints {
		kept := i.Features[name]
		next.Features[name] = Feature{Endpoint: endpoint, Status: Pending, PushedAt: kept.PushedAt, Pushed: kept.Pushed}
	}
	// The access token may have been issued for fewer scopes or another
	// region; the refresh token yields one that fits.
	next.Tokens.Access, next.Tokens.AccessExpiresAt = nil, time.Time{}
	next.Tokens.TriedWith = "" // after any action from Webex a refused token is tried again
	if len(change.Refresh) > 0 {
		next.Tokens.Refresh, next.Tokens.RefreshExpiresAt = change.Refresh, time.Time{}
		next.Tokens.IssuedAt, next.Tokens.TriedAt = change.IssuedAt, time.Time{}
		next.Tokens.InvalidSince, next.Tokens.RefusedSince, next.Tokens.RejectedSince = time.Time{}, time.Time{}, time.Time{}
		next.State = Active
	}
	next.Schedule.Failures = 0
	return next
}

// unverified returns the features with their last pushes, each to be verified.
func unverified(features map[webex.Feature]Feature) map[webex.Feature]Feature {
	next := make(map[webex.Feature]Feature, len(features))
	for name, f := range features {
		next[name] = Feature{Endpoint: f.Endpoint, Status: Pending, PushedAt: f.PushedAt, Pushed: f.Pushed}
	}
	return next
}

// Remove returns the tombstone of an installation that a deprovision of this
// time removed, kept until forgetAt and for as long as any activation code from
// before it can be accepted. Name, tokens and URLs are wiped. A later deprovision
// of a tombstone updates its times. It returns [ErrStale] for a deprovision that is
// not later than the activation or the last removal: it was issued for an earlier
// installation, or is a repetition.
func (i Installation) Remove(issuedAt, forgetAt time.Time) (Installation, error) {
	if !issuedAt.After(i.ActivatedAt) || !issuedAt.After(i.RemovedAt) {
		return Installation{}, fmt.Errorf("removal of %s: %w", i.OrgKey, ErrStale)
	}
	return i.tombstone(issuedAt, forgetAt), nil
}

// Expire returns the tombstone of an installation that has been token_invalid
// for [TokenInvalidLife]. It is kept for as long as one that Remove makes, so that
// the next activation continues its versions, by which the vendor orders events.
// It keeps InvalidSince, unlike the tombstone of a deprovision: expiry is our own
// decision, not an event from Webex.
func (i Installation) Expire(now time.Time) Installation {
	gone := i.tombstone(i.LastActionAt, now.Add(webex.LongestAcceptance))
	gone.Tokens.InvalidSince = i.Tokens.InvalidSince
	return gone
}

func (i Installation) tombstone(removedAt, forgetAt time.Time) Installation {
	// Not only its own code: no unused code issued before the removal may bring
	// the installation back either.
	for _, until := range []time.Time{i.ActivationUntil, removedAt.Add(webex.LongestAcceptance), i.ForgetAt} {
		if until.After(forgetAt) {
			forgetAt = until
		}
	}
	return Installation{
		Key: i.Key, Statement: Statement{Subject: i.Subject, Region: i.Region}, Reference: i.Reference, Channel: i.Channel,
		State: Removed, Generation: i.Generation, Version: i.Version, Revision: i.Revision + 1,
		ActivatedAt: i.ActivatedAt, LastActionAt: removedAt, RemovedAt: removedAt,
		ActivationUntil: i.ActivationUntil, ForgetAt: forgetAt, Notice: NoticeRemoved,
	}
}
