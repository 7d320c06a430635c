// When a pass is to look at its next installations.

package schedule

import (
	"time"

	"signpost/shared/installation"
)

// due is when the pass is to read its next page, at now. A pass that began since the
// settings had changed, or before it is known how many installations there are, goes
// on at once; any other is spread evenly over the interval by the count of the last.
func (s *Schedule) due(p installation.Pass, now time.Time) time.Time {
	switch {
	case p.Settings != s.settings:
		return now
	case p.Ended:
		return p.Began.Add(s.untilNext(p))
	case p.Urgent || p.Count == 0 || p.Seen >= p.Count:
		return p.Began
	}
	page := p.Seen - p.Seen%pageSize(p.Count) // all of a page is due with its first
	return p.Began.Add(time.Duration(float64(s.interval) * float64(page) / float64(p.Count)))
}

// untilNext is how long after the beginning of a pass the next one begins: an
// interval, but after one that was not spread, at once, since it takes an interval to
// come to its last page. What all shards did together they then do one after the
// other, within the time of a page.
func (s *Schedule) untilNext(p installation.Pass) time.Duration {
	if !p.Urgent || p.Seen == 0 {
		return s.interval
	}
	lastPage := 1 + (p.Seen-1)%pageSize(p.Seen)
	return time.Duration(float64(s.interval) * float64(lastPage) / float64(p.Seen) * float64(p.Shard+1) / installation.Shards)
}

// overdue estimates how many installations the pass should have looked at by now and has
// not, by the count of the last one.
func (s *Schedule) overdue(p installation.Pass, now time.Time) int {
	switch {
	case s.due(p, now).After(now) || p.Ended && p.Urgent:
		return 0
	case p.Ended || p.Settings != s.settings:
		return max(p.Seen, p.Count)
	case p.Urgent:
		return max(0, p.Count-p.Seen)
	}
	share := min(1, float64(now.Sub(p.Began))/float64(s.interval))
	return max(0, int(share*float64(p.Count))-p.Seen)
}

// pageSize is how many of so many installations are looked at at a time, in pages of
// the same size.
func pageSize(count int) int {
	if pages := (count + pageRows - 1) / pageRows; pages > 1 {
		return (count + pages - 1) / pages
	}
	return pageRows
}

// rowsOfPage is how many installations the pass is to look at next. Each is to be in
// the same page every time, also after a run that ended within a page.
func rowsOfPage(p installation.Pass) int {
	size := pageSize(p.Count)
	return size - p.Seen%size
}

// lateSince is since when the pass is late. One that is not spread over the interval,
// and the one that follows it at once, are late if no run moves them on.
func (s *Schedule) lateSince(p installation.Pass, now time.Time) time.Time {
	due := s.due(p, now)
	if p.Urgent || p.Count == 0 {
		return latest(due, p.Lease.Until)
	}
	return due
}

// silent reports whether the pass of other runs' shard is to be taken over. How long one
// of other settings has been waiting is not known: it is late when the next of its own
// settings would be.
func (s *Schedule) silent(p installation.Pass, now time.Time) bool {
	p.Settings = s.settings
	return now.Sub(latest(s.due(p, now), p.Lease.Until)) > silentAfter
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
