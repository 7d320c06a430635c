package installation

import (
	"maps"
	"time"
)

// Pass is how far the verification of one shard's installations has come: a pass
// looks at each of them once, in the order of their OrgKey. What it finds in order
// is not written, so that this row is the record of when it was verified.
type Pass struct {
	// Shard is the shard, from 0 to [Shards] less one.
	Shard int
	// Version counts the writes; 0 means that there was never a pass.
	Version int64
	// Lease is held by the run that is at it.
	Lease Lease
	// Settings is the fingerprint of the settings that it verifies.
	Settings string
	// Urgent: it began because the settings had changed, and is not spread over the
	// interval.
	Urgent bool
	// Began is when it began, and Before when the one before it did, zero for the
	// first.
	Began, Before time.Time
	// Place is the OrgKey of the last installation that it looked at, "" for none.
	Place string
	// Seen is how many installations it has looked at; Count, how many the last
	// whole pass did, 0 before there was one.
	Seen, Count int
	// Ended: it has looked at all of them.
	Ended bool
	// Behind are the hosts of Webex that it left out, since they asked for a pause
	// or did not answer.
	Behind map[string]Behind
}

// Behind is what a pass left out of one host, and how far that is made up for.
type Behind struct {
	// Place is the OrgKey after which the host's installations are made up for, up
	// to where the pass is.
	Place string
	// Wrapped: another pass has begun meanwhile, so that they are those from Place
	// to the end and then from the beginning.
	Wrapped bool
	// NotBefore is until when the host asked not to be called, zero if it did not.
	NotBefore time.Time
	// Before is since when each of the host's installations was verified at least
	// once before it was left out.
	Before time.Time
}

// Page is a part of a shard's installations, in the order of their OrgKey.
type Page struct {
	// Rows are the installations, without tombstones.
	Rows []Installation
	// Last is the last OrgKey that was listed, the one after which the page began
	// if none was; End: there are no more.
	Last string
	End  bool
	// Unreadable joins why rows could not be decoded; they are left out.
	Unreadable error
}

// Begin returns the pass that follows p at now, with these settings.
func (p Pass) Begin(settings string, now time.Time) Pass {
	next := p
	if p.Ended {
		next.Before, next.Count = p.Began, p.Seen
	}
	next.Began, next.Place, next.Seen, next.Ended = now, "", 0, false
	next.Urgent, next.Settings = p.Settings != settings, settings
	next.Behind = maps.Clone(p.Behind)
	for host, behind := range next.Behind {
		if behind.Wrapped { // also all that the pass which ends now came to
			behind.Place = ""
		}
		behind.Wrapped = true
		next.Behind[host] = behind
	}
	return next
}

// Advance returns p after the installations up to place, of which there were seen
// many; ended says that there are no more.
func (p Pass) Advance(place string, seen int, ended bool) Pass {
	next := p
	next.Seen, next.Ended = p.Seen+seen, ended
	if place > p.Place {
		next.Place = place
	}
	return next
}

// LeaveOut returns p, which left out installations of the host after place.
func (p Pass) LeaveOut(host, place string, notBefore time.Time) Pass {
	next := p
	next.Behind = maps.Clone(p.Behind)
	if next.Behind == nil {
		next.Behind = map[string]Behind{}
	}
	behind, already := next.Behind[host]
	if !already {
		behind = Behind{Place: place, Before: p.Before}
	}
	behind.NotBefore = notBefore
	next.Behind[host] = behind
	return next
}

// CatchUp returns p after the host's installations up to place were made up for;
// ended says that there are no more in the shard.
func (p Pass) CatchUp(host, place string, ended bool) Pass {
	next := p
	next.Behind = maps.Clone(p.Behind)
	behind := next.Behind[host]
	behind.Place = place
	if ended && behind.Wrapped {
		behind.Place, behind.Wrapped, ended = "", false, false
	}
	next.Behind[host] = behind
	if !behind.Wrapped && (ended || (!p.Ended && behind.Place >= p.Place)) {
		delete(next.Behind, host)
	}
	return next
}

// VerifiedAt is when the installation was verified last, at the earliest: when the
// pass that looked at it began, or when its own row says so. hosts are those of
// Webex that its verification calls.
func (p Pass) VerifiedAt(i Installation, hosts []string, now time.Time) time.Time {
	own := i.Schedule.VerifiedAt
	due := !i.Schedule.DueAt.IsZero() && !i.Schedule.DueAt.After(now)
	if i.State != Active || own.IsZero() || i.Schedule.Failures > 0 || i.Work.Owner != "" || due {
		return own
	}
	at := p.Before
	if p.Ended || i.OrgKey <= p.Place {
		at = p.Began
	}
	for _, host := range hosts {
		if behind, left := p.Behind[host]; left && behind.Before.Before(at) {
			at = behind.Before
		}
	}
	if at.Before(own) {
		return own
	}
	return at
}
