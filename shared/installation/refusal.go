package installation

import (
	"slices"
	"time"

	"signpost/shared/webex"
)

const (
	// RetryInvalidAfter is how long after the last try the kept refresh token of
	// a token_invalid installation is tried again [ours]: a mistake of ours or
	// of Webex's may have been corrected since.
	RetryInvalidAfter = 24 * time.Hour
	// RejectedFor is for how long a token endpoint must have answered 400
	// without naming a reason that is ours before that counts as a refusal of
	// the refresh token [ours]: `invalid_grant` may come in other words.
	RejectedFor = 24 * time.Hour
)

// Invalidate returns the installation after Webex refused its refresh token.
// The token is kept, and tried again: see [RetryInvalidAfter]. with names the
// settings and credentials that it was refused with. The row is due at once, or
// when the worker that holds it lets go: the schedule then says when it is
// looked at next.
func (i Installation) Invalidate(with string, now time.Time) Installation {
	next := i.withoutAccess()
	next.State, next.Notice = TokenInvalid, NoticeTokenInvalid
	next.Tokens.InvalidSince = now
	next.Tokens.TriedAt, next.Tokens.TriedWith = now, with
	if next.Tokens.RefusedSince.IsZero() {
		next.Tokens.RefusedSince = now
	}
	next.Schedule.LastResult = string(TokenInvalid)
	next.Schedule.DueAt = next.soonest(now)
	return next
}

// RefusedAgain returns a token_invalid installation whose kept refresh token was
// refused once more: the record of the try is all that changes.
func (i Installation) RefusedAgain(with string, now time.Time) Installation {
	next := i
	next.Tokens.Renewal = Lease{}
	next.Tokens.TriedAt, next.Tokens.TriedWith = now, with
	return next
}

// Suspect returns an installation whose refresh token was refused while the
// refusals of several organizations are taken for our own fault: it is active,
// or is so again, and fails.
func (i Installation) Suspect(now time.Time) Installation {
	next := i.withoutAccess()
	if next.Tokens.RefusedSince.IsZero() {
		next.Tokens.RefusedSince = now
	}
	return next.active(now)
}

// Accepted returns the installation after Webex took its refresh token: what was
// recorded of refusals is void, and one that was token_invalid is active again.
func (i Installation) Accepted(now time.Time) Installation {
	next := i
	next.Tokens.RefusedSince, next.Tokens.RejectedSince = time.Time{}, time.Time{}
	return next.active(now)
}

// active returns a token_invalid installation brought back, with all its
// features to be verified; any other one as it is.
func (i Installation) active(now time.Time) Installation {
	if i.State != TokenInvalid {
		return i
	}
	next := i
	next.State, next.Notice = Active, NoticeUpdated
	next.Tokens.InvalidSince, next.Tokens.TriedAt, next.Tokens.TriedWith = time.Time{}, time.Time{}, ""
	next.Features = make(map[webex.Feature]Feature, len(i.Features))
	for name, feature := range i.Features {
		next.Features[name] = Feature{Endpoint: feature.Endpoint, Status: Pending, PushedAt: feature.PushedAt, Pushed: feature.Pushed}
	}
	next.Schedule.Failures = 0
	next.Schedule.DueAt = next.soonest(now)
	return next
}

func (i Installation) withoutAccess() Installation {
	next := i
	next.Tokens.Access, next.Tokens.AccessExpiresAt = nil, time.Time{}
	next.Tokens.Renewal = Lease{}
	return next
}

// soonest is when the row can be claimed: at once, or when its worker's lease
// ends.
func (i Installation) soonest(now time.Time) time.Time {
	if i.Work.Held(now) {
		return i.Work.Until
	}
	return now
}

// Retry reports whether the kept refresh token of a token_invalid installation
// is to be tried: at least patience has passed since the last try, or our
// settings or credentials, named by with, are others since.
func (i Installation) Retry(with string, patience time.Duration, now time.Time) bool {
	return i.State == TokenInvalid && (i.Tokens.TriedWith != with || !now.Before(i.Tokens.TriedAt.Add(patience)))
}

// Expired reports whether a token_invalid installation is to be removed at now.
func (i Installation) Expired(now time.Time) bool {
	return i.State == TokenInvalid && !now.Before(i.Tokens.InvalidSince.Add(TokenInvalidLife))
}

const (
	// suspectFrom is how many organizations' refresh tokens must have been
	// refused in a row for that to be taken for a fault of ours [ours].
	suspectFrom = 3
	// maxRefused bounds how many organizations are kept. More of them say
	// nothing more.
	maxRefused = 20
)

// Refusals are the organizations whose refresh tokens Webex refused in a row:
// since it last took one of any organization from the same OAuth client. It is
// stored, one row for each client, since every refusal may be another process's.
type Refusals struct {
	ClientID string
	// Version counts the row's writes, as [Installation.Version]; 0 is no row.
	Version int64
	// Organizations are those refused, each by its key once, 20 at most.
	Organizations []string
	// ClearedAt is when a refresh token was last taken after a refusal.
	ClearedAt time.Time
}

// Has reports whether the organization is among those refused in a row.
func (r Refusals) Has(orgKey string) bool { return slices.Contains(r.Organizations, orgKey) }

// Add returns the refusals with one of this organization, and whether that is a
// change that is to be stored.
func (r Refusals) Add(orgKey string) (Refusals, bool) {
	if r.Has(orgKey) || len(r.Organizations) >= maxRefused {
		return r, false
	}
	r.Organizations = append(slices.Clone(r.Organizations), orgKey)
	return r, true
}

// Clear returns the refusals after a refresh token was taken at now.
func (r Refusals) Clear(now time.Time) Refusals {
	r.Organizations, r.ClearedAt = nil, now
	return r
}

// Suspected reports whether so many organizations were refused in a row that it
// is taken for a fault of ours, such as another upload's client id: then nobody
// is invalidated.
func (r Refusals) Suspected() bool { return len(r.Organizations) >= suspectFrom }

// Confirms reports whether a refusal of i at now is to be believed although it
// was suspected before: since then Webex took another organization's refresh
// token from this client, and there is nothing new to suspect. It is believed,
// too, once it has lasted for longer than a refresh token lives.
func (r Refusals) Confirms(i Installation, now time.Time) bool {
	since := i.Tokens.RefusedSince
	return !since.IsZero() && (r.ClearedAt.After(since) && !r.Suspected() || now.Sub(since) >= TokenInvalidLife)
}
