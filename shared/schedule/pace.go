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
	return p.Began.Add(time.Duration(float64(s.interval) * float64(p.Seen) / float64(p.Count)))
}

// untilNext is how long after the beginning of a pass the next one begins: an
// interval, and once less than that after a pass that began in all shards together,
// so that they do not stay together.
func (s *Schedule) untilNext(p installation.Pass) time.Duration {
	if p.Urgent {
		return s.interval * time.Duration(p.Shard+1) / installation.Shards
	}
	return s.interval
}

// overdue estimates how many installations the pass should have looked at by now and has
// not, by the count of the last one.
func (s *Schedule) overdue(p installation.Pass, now time.Time) int {
	switch {
	case s.due(p, now).After(now):
		return 0
	case p.Ended || p.Settings != s.settings:
		return max(p.Seen, p.Count)
	case p.Urgent:
		return max(0, p.Count-p.Seen)
	}
	share := min(1, float64(now.Sub(p.Began))/float64(s.interval))
	return max(0, int(share*float64(p.Count))-p.Seen)
}

// lateSince is since when the pass is late. One that is not spread over the interval is
// late if no run moves it on.
func (s *Schedule) lateSince(p installation.Pass, now time.Time) time.Time {
	due := s.due(p, now)
	if !p.Ended && (p.Urgent || p.Count == 0) {
		return latest(due, p.Lease.Until)
	}
	return due
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
