package installation

import (
	"cmp"
	"reflect"
	"time"
)

// Two tables may hold a row of the same organization: the old and the new one
// of a deployment that is moved, or the one in use and a backup of it. What the
// first is to hold once it has learned of the second is decided here, by
// Webex's clock: an event that one of the two rows shows is never undone by a
// row that does not know of it. Versions count the writes of one table and say
// nothing across generations.

// Merge returns what the table of i, the zero Installation if it has none, is to
// hold once it has learned of other, the row of the table that is moved out of;
// and whether that is something else than i. Merging again changes nothing.
//
// The later activation or removal decides; within one generation it is the
// later action, then the higher version. What a later token said of the other
// row is kept, and so is the newer refresh token. Whether a token is still good
// each table finds out for itself. Leases of other are dropped; where the row
// changes it is due at now, at a version and a revision that no worker has seen,
// without a notice.
func (i Installation) Merge(other Installation, now time.Time) (Installation, bool) {
	next, changed := i.merged(other, now)
	if !changed {
		return i, false
	}
	next.Notice = ""
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
	case i.givenUp():
		return other, other.ActivatedAt.After(i.ActivatedAt) || other.Generation == i.Generation && other.LastActionAt.After(i.LastActionAt)
	case i.State == Removed:
		return other, CheckActivation(i, other.Generation, other.ActivatedAt) == nil
	default:
		return i.mergedExisting(other)
	}
}

// mergedRemoval is i after the removal that tombstone stands for.
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

// removedBy reports whether the removal that tombstone stands for removed i too.
func (i Installation) removedBy(tombstone Installation) bool {
	same := i.Generation == tombstone.Generation
	switch {
	case tombstone.givenUp():
		// The token of just that generation was dead.
		return !same && tombstone.ActivatedAt.After(i.ActivatedAt) && tombstone.ActivatedAt.After(i.RemovedAt)
	case same && (i.Exists() || i.givenUp()):
		return true // a generation ends once
	default:
		return tombstone.RemovedAt.After(i.ActivatedAt) && tombstone.RemovedAt.After(i.RemovedAt)
	}
}

// givenUp reports whether a tombstone stands for our own decision, see
// [Installation.Expire], or for no event at all.
func (i Installation) givenUp() bool {
	return i.State == Removed && (!i.Tokens.InvalidSince.IsZero() || i.RemovedAt.IsZero())
}

// mergedExisting is what two rows that exist come to. The state follows the
// tokens; the schedule is each table's own.
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

// Restore returns what the table of i, the zero Installation if it has none, is
// to hold once backup, an earlier state of the same row, is put back over a bad
// write; and whether that is something else than i. Unlike [Installation.Merge]
// it puts the backup back although i is of a higher version, but only where i
// shows no event of Webex's that backup does not know: a deprovision, another
// activation or a later action stays as it is.
//
// A refresh token that was issued or renewed since is kept, and the row is
// active if either is: the next renewal shows whether the token is good. A row
// whose state changes carries [NoticeUpdated]. Where the row changes it is due at
// now, at a version and a revision that no worker has seen.
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
	if sameContent(next, i) {
		return i, false
	}
	return successor(next, i, backup, now), true
}

// restorable reports whether i shows just the events that backup knows.
func (i Installation) restorable(backup Installation) bool {
	return i.Version != 0 && backup.Exists() && i.Generation == backup.Generation &&
		(i.Exists() || i.givenUp()) &&
		!i.LastActionAt.After(backup.LastActionAt) && !i.MovedAt.After(backup.MovedAt) && !i.EndpointsAt.After(backup.EndpointsAt)
}

// sameContent compares two rows but for what each write changes.
func sameContent(a, b Installation) bool {
	for _, row := range []*Installation{&a, &b} {
		row.Version, row.Revision, row.Work, row.Notice = 0, 0, Lease{}, ""
		row.Tokens.Renewal, row.Schedule.DueAt = Lease{}, time.Time{}
	}
	return reflect.DeepEqual(a, b)
}

// successor makes next, which i and other came to, the successor of both: the
// workers of i, whose leases it keeps, lose their race for the row and find that
// something else is wanted of it.
func successor(next, i, other Installation, now time.Time) Installation {
	next.Version = max(i.Version, other.Version)
	next.Revision = max(i.Revision, other.Revision) + 1
	next.Work, next.Tokens.Renewal = i.Work.sane(now), i.Tokens.Renewal.sane(now)
	if !next.Exists() {
		next.Work, next.Tokens.Renewal = Lease{}, Lease{}
		return next
	}
	// When it was due in the other table says nothing of this one's backlog.
	if i.Version != 0 && next.State == Active || next.Schedule.DueAt.Before(now) {
		next.Schedule.DueAt = now
	}
	return next
}

// sane is l unless no worker can have taken it.
func (l Lease) sane(now time.Time) Lease {
	if l.Until.After(now.Add(LeaseLife)) {
		return Lease{}
	}
	return l
}

// Merge returns what a table that holds c, the zero Candidate if it does not, is
// to hold once it has learned of other, another table's copy of the same
// candidate; and whether that is something else than c. The higher version
// counts, but one that is not refused and has its refresh token yields to none
// that is. Leases of other are dropped.
func (c Candidate) Merge(other Candidate, now time.Time) (Candidate, bool) {
	switch {
	case other.Version == 0 || !now.Before(other.ForgetAt):
		return c, false
	case c.Version == 0:
	case c.Refused != other.Refused && other.Refused, c.Refused == other.Refused && other.Version <= c.Version:
		return c, false
	}
	next := other
	next.Version, next.Work = max(c.Version, other.Version), c.Work.sane(now)
	if !next.Refused && next.Schedule.DueAt.Before(now) {
		next.Schedule.DueAt = now
	}
	return next, true
}
