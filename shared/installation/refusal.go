package installation

import (
	"slices"
	"time"
)

const (
	// RetryInvalidAfter is how long after the last attempt the stored refresh token
	// of a token_invalid installation is tried again [ours]: our settings, or Webex,
	// may have been corrected since.
	RetryInvalidAfter = 24 * time.Hour
	// RejectedFor is how long a token endpoint must have returned 400 without an
	// error code for our client before that counts as a refusal of the refresh token
	// [ours]: the response may mean `invalid_grant` without saying so.
	RejectedFor = 24 * time.Hour
)

// Invalidate returns the installation after Webex refused its refresh token.
// The token is kept, and tried again: see [RetryInvalidAfter]. with names the
// settings and credentials that it was refused with. The row is due at once, or
// when the lease of its worker ends; the schedule then sets the next time.
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

// RefusedAgain returns a token_invalid installation whose stored refresh token was
// refused once more: only the record of the attempt changes.
func (i Installation) RefusedAgain(with string, now time.Time) Installation {
	next := i
	next.Tokens.Renewal = Lease{}
	next.Tokens.TriedAt, next.Tokens.TriedWith = now, with
	return next
}

// Suspect returns an installation whose refresh token was refused while refusals
// of several organizations point to a fault of ours: it stays active, or becomes
// active again, and its verification fails.
func (i Installation) Suspect(now time.Time) Installation {
	next := i.withoutAccess()
	if next.Tokens.RefusedSince.IsZero() {
		next.Tokens.RefusedSince = now
	}
	return next.active(now)
}

// Accepted returns the installation after Webex accepted its refresh token: the
// record of refusals is cleared, and one that was token_invalid is active again.
func (i Installation) Accepted(now time.Time) Installation {
	next := i
	next.Tokens.RefusedSince, next.Tokens.RejectedSince = time.Time{}, time.Time{}
	return next.active(now)
}

// active returns a token_invalid installation as active, with all its features to
// be verified; any other one as it is.
func (i Installation) active(now time.Time) Installation {
	if i.State != TokenInvalid {
		return i
	}
	next := i
	next.State, next.Notice = Active, NoticeUpdated
	next.Tokens.InvalidSince, next.Tokens.TriedAt, next.Tokens.TriedWith = time.Time{}, time.Time{}, ""
	next.Features = unverified(i.Features)
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

// RetryDue reports whether the stored refresh token of a token_invalid installation
// must be tried again: at least interval has passed since the last attempt, or our
// settings or credentials, named by with, have changed since.
func (i Installation) RetryDue(with string, interval time.Duration, now time.Time) bool {
	return i.State == TokenInvalid && (i.Tokens.TriedWith != with || !now.Before(i.Tokens.TriedAt.Add(interval)))
}

// Expired reports whether a token_invalid installation must be removed at now.
func (i Installation) Expired(now time.Time) bool {
	return i.State == TokenInvalid && !now.Before(i.Tokens.InvalidSince.Add(TokenInvalidLife))
}

const (
	// suspectFrom is how many organizations' refresh tokens must have been
	// refused in a row to point to a fault of ours [ours].
	suspectFrom = 3
	// maxRefused bounds how many organizations are recorded: more make no difference.
	maxRefused = 20
)

// Refusals are the organizations whose refresh tokens Webex refused in a row:
// since it last accepted one of any organization from the same OAuth client. They
// are stored, a row for each client, since every refusal may reach another process.
type Refusals struct {
	ClientID string
	// Version counts the row's writes, as [Installation.Version]; 0 is no row.
	Version int64
	// Organizations are those refused, each by its key once, 20 at most.
	Organizations []string
	// ClearedAt is when a refresh token was last accepted after a refusal.
	ClearedAt time.Time
	// Notice is the event that the next write announces, as [Installation.Notice].
	Notice Notice
}

// RefusedEvent is the detail of [NoticeRefused].
type RefusedEvent struct {
	ClientID string `json:"clientId"`
	// Organizations are the keys of those whose tokens were refused.
	Organizations []string `json:"organizations"`
}

// Event returns the detail of [NoticeRefused].
func (r Refusals) Event() RefusedEvent { return RefusedEvent{r.ClientID, r.Organizations} }

// Has reports whether the organization is among those refused in a row.
func (r Refusals) Has(orgKey string) bool { return slices.Contains(r.Organizations, orgKey) }

// Add returns the refusals with this organization, and whether that is a change
// to store.
func (r Refusals) Add(orgKey string) (Refusals, bool) {
	if r.Has(orgKey) || len(r.Organizations) >= maxRefused {
		return r, false
	}
	before := r.Suspected()
	r.Organizations = append(slices.Clone(r.Organizations), orgKey)
	if r.Suspected() && !before {
		r.Notice = NoticeRefused
	}
	return r, true
}

// Clear returns the refusals after a refresh token was accepted at now.
func (r Refusals) Clear(now time.Time) Refusals {
	r.Organizations, r.ClearedAt, r.Notice = nil, now, ""
	return r
}

// Suspected reports whether enough organizations were refused in a row to point to
// a fault of ours, such as the client id of another upload: then no installation is
// invalidated.
func (r Refusals) Suspected() bool { return len(r.Organizations) >= suspectFrom }

// Confirms reports whether a refusal of i at now counts although it was suspected
// before: since then Webex accepted another organization's refresh token from this
// client, and no new suspicion arose. It counts, too, once it has lasted longer
// than a refresh token lives.
func (r Refusals) Confirms(i Installation, now time.Time) bool {
	since := i.Tokens.RefusedSince
	return !since.IsZero() && (r.ClearedAt.After(since) && !r.Suspected() || now.Sub(since) >= TokenInvalidLife)
}
