// When a pass looks at its next installations.

package schedule

import (
	"time"

	"signpost/shared/installation"
)

// due is when the pass reads its next page. A pass that began because the settings had
// changed, or before the number of installations is known, continues at once; any other
// is spread evenly over the interval by the count of the last one.
func (s *Schedule) due(p installation.Pass, now time.Time) time.Time {
	switch {
	case p.Settings != s.settings:
		return now
	case p.Ended:
		return p.Began.Add(s.untilNext(p))
	case p.Urgent || p.Count == 0 || p.Seen >= p.Count:
		return p.Began
	}
	page := p.Seen - p.Seen%pageSize(p.Count) // all rows of a page are due with its first
	return p.Began.Add(time.Duration(float64(s.interval) * float64(page) / float64(p.Count)))
}

// untilNext is the time from the beginning of a pass to that of the next one: an
// interval. After a pass that was not spread the next one begins at once, since it takes
// an interval to reach its last page; the shards, which were verified together, then
// begin one after the other within the time of a page.
func (s *Schedule) untilNext(p installation.Pass) time.Duration {
	if !p.Urgent || p.Seen == 0 {
		return s.interval
	}
	lastPage := 1 + (p.Seen-1)%pageSize(p.Seen)
	return time.Duration(float64(s.interval) * float64(lastPage) / float64(p.Seen) * float64(p.Shard+1) / installation.Shards)
}

// overdue estimates how many installations the pass is behind at now, by the count of the
// last one.
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

// pageSize is the size of a page for so many installations: all pages are of about the
// same size.
func pageSize(count int) int {
	if pages := (count + pageRows - 1) / pageRows; pages > 1 {
		return (count + pages - 1) / pages
	}
	return pageRows
}

// rowsOfPage is how many installations the pass looks at next. Pages keep their
// boundaries, even after a run that ended within one.
func rowsOfPage(p installation.Pass) int {
	size := pageSize(p.Count)
	return size - p.Seen%size
}

// lateSince is since when the pass is late. A pass that is not spread over the interval,
// and the one after it, are late only while no run works on them.
func (s *Schedule) lateSince(p installation.Pass, now time.Time) time.Time {
	due := s.due(p, now)
	if p.Urgent || p.Count == 0 {
		return latest(due, p.Lease.Until)
	}
	return due
}

// silent reports whether to take over a pass of another run's shard because no run has
// worked on it. For a pass of other settings it is unknown since when they differ, so it
// is late when its next page would be late with the same settings.
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
