package installation

import (
	"cmp"
	"reflect"
	"time"
)

// Two tables may hold a row of the same organization: the old and the new one
// of a deployment that is moved, or the one in use and a backup of it. This file
// merges two such rows by Webex's clock: an event that one of them records is
// never undone by one that does not. Versions count the writes of one table and
// cannot be compared across generations.

// Merge returns the row that a table holding i, the zero Installation if it has
// none, holds after other, the row of the table that is moved from, was copied
// into it; and whether that differs from i. Merging again changes nothing.
//
// The later activation or removal wins; within one generation it is the later
// action, then the higher version. What a later token said of the losing row is
// kept, and so is the newer refresh token. Each table determines for itself whether
// a token is still valid. Leases of other are dropped; a row that changes is due
// at now, at a version and a revision that no worker has seen, without a notice.
func (i Installation) Merge(other Installation, now time.Time) (Installation, bool) {
	next, changed := i.merged(other, now)
	if !changed {
		return i, false
	}
	next.Notice, next.Event = "", ""
	return successor(next, i, other, now), true
}

func (i Installation) merged(other Installation, now time.Time) (Installation, bool) {
	switch {
	case other.Version == 0:
		return i, false
	case i.Version == 0:
		return other, !other.Forgotten(now)
	case other.State == Removed:
		return i.mergedRemoval(other)
	case i.withoutDeprovision():
		return other, other.ActivatedAt.After(i.ActivatedAt) || other.Generation == i.Generation && other.LastActionAt.After(i.LastActionAt)
	case i.State == Removed:
		return other, CheckActivation(i, other.Generation, other.ActivatedAt) == nil
	default:
		return i.mergedExisting(other)
	}
}

// mergedRemoval is i after the removal that tombstone records.
func (i Installation) mergedRemoval(tombstone Installation) (Installation, bool) {
	if !i.removedBy(tombstone) {
		return i, false
	}
	next := i.tombstone(tombstone.RemovedAt, tombstone.ForgetAt)
	if tombstone.ActivatedAt.After(i.ActivatedAt) {
		forgetAt := next.ForgetAt
		next = tombstone
		next.ForgetAt = forgetAt
	}
	return next, true
}

// removedBy reports whether the removal that tombstone records removed i too.
func (i Installation) removedBy(tombstone Installation) bool {
	same := i.Generation == tombstone.Generation
	switch {
	case tombstone.withoutDeprovision():
		// The token was refused for that generation only.
		return !same && tombstone.ActivatedAt.After(i.ActivatedAt) && tombstone.ActivatedAt.After(i.RemovedAt)
	case same && (i.Exists() || i.withoutDeprovision()):
		return true // a generation ends once
	default:
		return tombstone.RemovedAt.After(i.ActivatedAt) && tombstone.RemovedAt.After(i.RemovedAt)
	}
}

// withoutDeprovision reports whether a tombstone records our own decision, see
// [Installation.Expire], or no event at all.
func (i Installation) withoutDeprovision() bool {
	return i.State == Removed && (!i.Tokens.InvalidSince.IsZero() || i.RemovedAt.IsZero())
}

// mergedExisting merges two rows that exist. The state goes with the tokens; each
// table keeps its own schedule.
func (i Installation) mergedExisting(other Installation) (Installation, bool) {
	next, rest, changed := i, other, i.replacedBy(other)
	if changed {
		next, rest = other, i
		if i.Generation == other.Generation {
			next.Tokens, next.State, next.Schedule = i.Tokens, i.State, i.Schedule
		}
	}
	if rest, ok := next.newerTokens(i, other); ok {
		next.Tokens, next.State, changed = rest.Tokens, rest.State, true
	}
	return next, next.keepNewer(rest) || changed
}

// replacedBy reports whether other is of a later activation, or a later copy of
// the same one. Of two activations of one second neither is later.
func (i Installation) replacedBy(other Installation) bool {
	if i.Generation != other.Generation {
		return other.ActivatedAt.After(i.ActivatedAt)
	}
	return cmp.Or(other.LastActionAt.Compare(i.LastActionAt), cmp.Compare(other.Version, i.Version)) > 0
}

// newerTokens returns the row of the two that has newer tokens than next.
func (i Installation) newerTokens(rows ...Installation) (Installation, bool) {
	for _, row := range rows {
		same := row.Generation == i.Generation
		if same && row.Tokens.newerThan(i.Tokens) || row.Tokens.IssuedAt.After(i.Tokens.IssuedAt) {
			return row, true
		}
	}
	return Installation{}, false
}

// newerThan compares two states of the tokens of one activation: by what brought
// the refresh token, then by when it was last used.
func (t Tokens) newerThan(other Tokens) bool {
	return cmp.Or(t.IssuedAt.Compare(other.IssuedAt), t.RenewedAt.Compare(other.RenewedAt)) > 0
}

// Restore returns the row that a table holding i, the zero Installation if it has
// none, holds after backup, an earlier state of the same row, was restored over a
// bad write; and whether that differs from i. Unlike [Installation.Merge] it
// restores the backup although i has a higher version, but only where i records no
// event from Webex that is missing in backup: a deprovision, another activation or
// a later action stays.
//
// A refresh token issued or renewed since is kept, and the row is active if either
// is: the next renewal shows whether the token is valid. A row whose state changes
// carries [NoticeUpdated]. A row that changes is due at now, at a version and a
// revision that no worker has seen.
func (i Installation) Restore(backup Installation, now time.Time) (Installation, bool) {
	if !i.restorable(backup) {
		return i.Merge(backup, now)
	}
	next := backup
	if i.Tokens.newerThan(backup.Tokens) {
		next.Tokens = i.Tokens
	}
	if i.State == Active {
		next.State = Active
	}
	if next.State == Active {
		next.Tokens.InvalidSince = time.Time{}
	}
	next.Notice = ""
	if next.State != i.State {
		next.Notice = NoticeUpdated
	}
	next = next.Announce(cmp.Or(next.Channel, DefaultChannel), 0, now)
	if sameContent(next, i) {
		return i, false
	}
	return successor(next, i, backup, now), true
}

// restorable reports whether backup records every event that i does.
func (i Installation) restorable(backup Installation) bool {
	return i.Version != 0 && backup.Exists() && i.Generation == backup.Generation &&
		(i.Exists() || i.withoutDeprovision()) &&
		!i.LastActionAt.After(backup.LastActionAt) && !i.MovedAt.After(backup.MovedAt) && !i.EndpointsAt.After(backup.EndpointsAt)
}

// sameContent compares two rows, except for what every write changes.
func sameContent(a, b Installation) bool {
	for _, row := range []*Installation{&a, &b} {
		row.Version, row.Revision, row.Work, row.Notice, row.Event = 0, 0, Lease{}, "", ""
		row.Tokens.Renewal, row.Schedule.DueAt = Lease{}, time.Time{}
	}
	return reflect.DeepEqual(a, b)
}

// successor gives next, the result of i and other, a version and a revision above
// both: the workers of i, whose leases it keeps, fail to save the row and start
// again from the new one.
func successor(next, i, other Installation, now time.Time) Installation {
	next.Version = max(i.Version, other.Version)
	next.Revision = max(i.Revision, other.Revision) + 1
	next.Work, next.Tokens.Renewal = i.Work.plausible(now), i.Tokens.Renewal.plausible(now)
	if !next.Exists() {
		next.Work, next.Tokens.Renewal = Lease{}, Lease{}
		return next
	}
	// The due time of the other table does not count for this one's backlog.
	if i.Version != 0 && next.State == Active || next.Schedule.DueAt.Before(now) {
		next.Schedule.DueAt = now
	}
	return next
}

// plausible is l, or no lease if it ends later than any worker's can.
func (l Lease) plausible(now time.Time) Lease {
	if l.Until.After(now.Add(LeaseLife)) {
		return Lease{}
	}
	return l
}

// Merge returns the row that a table holding c, the zero Candidate if it has none,
// holds after other, another table's copy of the same candidate, was copied into
// it; and whether that differs from c. The higher version wins, but a refused
// candidate, which has no refresh token left, never replaces one that is not.
// Leases of other are dropped.
func (c Candidate) Merge(other Candidate, now time.Time) (Candidate, bool) {
	switch {
	case other.Version == 0 || !now.Before(other.ForgetAt):
		return c, false
	case c.Version == 0:
	case c.Refused != other.Refused && other.Refused, c.Refused == other.Refused && other.Version <= c.Version:
		return c, false
	}
	next := other
	next.Version, next.Work = max(c.Version, other.Version), c.Work.plausible(now)
	if !next.Refused && next.Schedule.DueAt.Before(now) {
		next.Schedule.DueAt = now
	}
	return next, true
}
