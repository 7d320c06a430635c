package installation

import (
	"fmt"
	"maps"
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
// verified. It returns [ErrStale], and the change is to be dropped, if
// something newer was applied: by `iat`, where equal seconds count as newer,
// or by manifest version.
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
	next.App = AppCheck{} // what was compared has changed
	if next.Region != i.Region {
		next.SignedElsewhere = ForeignRegion{}
	}
	if change.Region != "" || change.URLs != (URLs{}) {
		next.MovedAt = change.IssuedAt
	}
	if len(change.Endpoints) > 0 {
		next.EndpointsAt = change.IssuedAt
	}
	// A new address may be a new place altogether: tell it our own again.
	if next.URLs.App != i.URLs.App {
		next.ToldActionsURL = ""
	}
	next.Features = maps.Clone(i.Features)
	if next.Features == nil {
		next.Features = map[webex.Feature]Feature{}
	}
	if change.AllEndpoints && len(change.Endpoints) > 0 {
		next.Features = map[webex.Feature]Feature{}
	}
	for feature, endpoint := range change.Endpoints {
		kept := i.Features[feature]
		kept.Endpoint = endpoint
		next.Features[feature] = kept
	}
	for name, feature := range next.Features {
		next.Features[name] = Feature{Endpoint: feature.Endpoint, Status: Pending, PushedAt: feature.PushedAt, Pushed: feature.Pushed}
	}
	// The access token may have been issued for fewer scopes or another
	// region; the refresh token yields one that fits.
	next.Tokens.Access, next.Tokens.AccessExpiresAt = nil, time.Time{}
	next.Tokens.TriedWith = "" // what Webex says anew is a reason to try a refused token again
	if len(change.Refresh) > 0 {
		next.Tokens.Refresh, next.Tokens.RefreshExpiresAt = change.Refresh, time.Time{}
		next.Tokens.IssuedAt, next.Tokens.TriedAt = change.IssuedAt, time.Time{}
		next.Tokens.InvalidSince, next.Tokens.RefusedSince, next.Tokens.RejectedSince = time.Time{}, time.Time{}, time.Time{}
		next.State = Active
	}
	next.Schedule.Failures = 0
	return next
}

// Remove returns the tombstone of an installation that a deprovision of this
// time removed, kept until forgetAt and for as long as any activation code from
// before it can be accepted. Name, tokens and URLs are wiped. A tombstone is
// moved on by a later deprovision. It returns [ErrStale] for one that is not
// later than the activation or the last removal: it was meant for an earlier
// installation, or is repeated.
func (i Installation) Remove(issuedAt, forgetAt time.Time) (Installation, error) {
	if !issuedAt.After(i.ActivatedAt) || !issuedAt.After(i.RemovedAt) {
		return Installation{}, fmt.Errorf("removal of %s: %w", i.OrgKey, ErrStale)
	}
	return i.tombstone(issuedAt, forgetAt), nil
}

// Expire returns the tombstone of an installation that has been token_invalid
// for [TokenInvalidLife]. It is kept as long from now on as one that Remove
// makes: while it is, the next activation goes on with its versions, by which
// the vendor orders events. It keeps since when its token was refused, which
// tells it from one that a deprovision left: to give up is our decision, not an
// event of Webex's.
func (i Installation) Expire(now time.Time) Installation {
	gone := i.tombstone(i.LastActionAt, now.Add(webex.LongestAcceptance))
	gone.Tokens.InvalidSince = i.Tokens.InvalidSince
	return gone
}

func (i Installation) tombstone(removedAt, forgetAt time.Time) Installation {
	// Not only its own code: one that was issued before the removal and never
	// used must not bring the installation back either.
	for _, until := range []time.Time{i.ActivationUntil, removedAt.Add(webex.LongestAcceptance), i.ForgetAt} {
		if until.After(forgetAt) {
			forgetAt = until
		}
	}
	return Installation{
		OrgKey: i.OrgKey, Statement: Statement{Subject: i.Subject, AppID: i.AppID, Region: i.Region},
		State: Removed, Generation: i.Generation, Version: i.Version, Revision: i.Revision + 1,
		ActivatedAt: i.ActivatedAt, LastActionAt: removedAt, RemovedAt: removedAt,
		ActivationUntil: i.ActivationUntil, ForgetAt: forgetAt, Notice: NoticeRemoved,
	}
}
