package installation

import (
	"maps"
	"time"
)

// Pass is how far the verification of one shard's installations has come: a pass
// looks at each of them once, in the order of their keys. What it finds in order
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
	// Place is the key, as text, of the last installation that it looked at, "" for none.
	Place string
	// Seen is how many installations it has looked at, Count how many the last
	// complete pass did, 0 if there was none.
	Seen, Count int
	// Ended is set once it has looked at all of them.
	Ended bool
	// Skipped records, by host of Webex, what it skipped because the host asked for a
	// pause or did not respond.
	Skipped map[string]Skipped
}

// Skipped is what a pass skipped of one host, and how far the runs have caught up.
type Skipped struct {
	// Place is the key after which the host's installations are still to be looked
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

// Page is a part of a shard's installations, in the order of their keys.
type Page struct {
	// Rows are the installations, without tombstones.
	Rows []Installation
	// Last is the last key listed, or the one after which the page began if there
	// is none; End is set if no more follow.
	Last string
	End  bool
	// Unreadable joins the errors of rows that could not be decoded; they are not in
	// Rows.
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
	next.Skipped = maps.Clone(p.Skipped)
	for host, skipped := range next.Skipped {
		if skipped.Wrapped { // also all that the pass which ends now came to
			skipped.Place = ""
		}
		skipped.Wrapped = true
		next.Skipped[host] = skipped
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

// Skip returns p after it skipped installations of the host that follow place;
// notBefore is as [Skipped.NotBefore].
func (p Pass) Skip(host, place string, notBefore time.Time) Pass {
	next := p
	next.Skipped = maps.Clone(p.Skipped)
	if next.Skipped == nil {
		next.Skipped = map[string]Skipped{}
	}
	skipped, already := next.Skipped[host]
	if !already {
		skipped = Skipped{Place: place, Before: p.Before}
	}
	skipped.NotBefore = notBefore
	next.Skipped[host] = skipped
	return next
}

// SkipAlso returns p after installations that it caught up on for host were skipped of
// another host, which they call too: what is to be caught up on for the other then
// includes all that was for host.
func (p Pass) SkipAlso(host, other string, notBefore time.Time) Pass {
	next := p
	next.Skipped = maps.Clone(p.Skipped)
	skipped := next.Skipped[host]
	if already, found := next.Skipped[other]; found {
		skipped = skipped.including(already)
	}
	skipped.NotBefore = notBefore
	next.Skipped[other] = skipped
	return next
}

// including returns what covers the installations of both.
func (s Skipped) including(other Skipped) Skipped {
	switch {
	case s.Wrapped && !other.Wrapped: // it covers all up to the pass's place
	case other.Wrapped && !s.Wrapped, other.Place < s.Place:
		s.Place, s.Wrapped = other.Place, other.Wrapped
	}
	if other.Before.Before(s.Before) {
		s.Before = other.Before
	}
	return s
}

// CatchUp returns p after the host's installations up to place were looked at; ended
// reports that no more follow in the shard.
func (p Pass) CatchUp(host, place string, ended bool) Pass {
	next := p
	next.Skipped = maps.Clone(p.Skipped)
	skipped := next.Skipped[host]
	skipped.Place = place
	if ended && skipped.Wrapped {
		skipped.Place, skipped.Wrapped, ended = "", false, false
	}
	next.Skipped[host] = skipped
	if !skipped.Wrapped && (ended || (!p.Ended && skipped.Place >= p.Place)) {
		delete(next.Skipped, host)
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
	if p.Ended || i.Key.Text() <= p.Place {
		at = p.Began
	}
	for _, host := range hosts {
		if skipped, found := p.Skipped[host]; found && skipped.Before.Before(at) {
			at = skipped.Before
		}
	}
	if at.Before(own) {
		return own
	}
	return at
}

// Estimate returns about how many installations there are, by what the passes have seen.
func Estimate(passes []Pass) int {
	count := 0
	for _, pass := range passes {
		count += max(pass.Count, pass.Seen)
	}
	return count
}
