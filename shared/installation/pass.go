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
	// Lease is held by the run that works on it.
	Lease Lease
	// Settings is the fingerprint of the settings that it verifies.
	Settings string
	// Urgent is set if it began because the settings had changed; it is not spread
	// over the interval.
	Urgent bool
	// Began is when it began, Before when the previous pass began, zero if this is
	// the first.
	Began, Before time.Time
	// Place is the OrgKey of the last installation that it looked at, "" for none.
	Place string
	// Seen is how many installations it has looked at, Count how many the last
	// complete pass did, 0 if there was none.
	Seen, Count int
	// Ended is set once it has looked at all of them.
	Ended bool
	// Behind records, by host of Webex, what it skipped because the host asked for a
	// pause or did not answer.
	Behind map[string]Behind
}

// Behind is what a pass skipped of one host, and how far the runs have caught up.
type Behind struct {
	// Place is the OrgKey after which the host's installations are still to be looked
	// at, up to the Place of the pass.
	Place string
	// Wrapped is set if another pass has begun since: then they are those from Place
	// to the end of the shard and on from its beginning.
	Wrapped bool
	// NotBefore is when the host may be called again, zero if it named no time.
	NotBefore time.Time
	// Before is the start of the last pass that verified all of the host's
	// installations.
	Before time.Time
}

// Page is a part of a shard's installations, in the order of their OrgKey.
type Page struct {
	// Rows are the installations, without tombstones.
	Rows []Installation
	// Last is the last OrgKey listed, or the one after which the page began if there
	// is none; End is set if no more follow.
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

// Advance returns p after it looked at seen more installations, up to place; ended
// reports that no more follow.
func (p Pass) Advance(place string, seen int, ended bool) Pass {
	next := p
	next.Seen, next.Ended = p.Seen+seen, ended
	if place > p.Place {
		next.Place = place
	}
	return next
}

// LeaveOut returns p after it skipped installations of the host that follow place;
// notBefore is as [Behind.NotBefore].
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

// CatchUp returns p after the host's installations up to place were looked at; ended
// reports that no more follow in the shard.
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

// VerifiedAt returns a lower bound of when i was last verified: the start of the pass
// that looked at it, or the time in its own row if that is later. hosts are the hosts
// of Webex that its verification calls.
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
