package schedule

import (
	"testing"
	"time"

	"signpost/shared/installation"
)

// A shard's installations, after a pass that looked at all at once, are each looked at
// within an interval, in pages that are never due together with another shard's.
func TestWhatWasLookedAtTogetherSpreads(t *testing.T) {
	const interval = time.Hour
	s := &Schedule{settings: "s", interval: interval}
	began := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, count := range []int{1, 99, 100, 101, 187, 1000, 62_500} {
		starts := map[time.Time]int{}
		for shard := range installation.Shards {
			pass := installation.Pass{Shard: shard, Settings: "s", Urgent: true, Began: began, Seen: count, Ended: true}
			for pass = pass.Begin("s", s.due(pass, began)); pass.Seen < count; {
				due := s.due(pass, began)
				if starts[due]++; starts[due] > 1 {
					t.Fatalf("%d installations: two pages are due after %v", count, due.Sub(began))
				}
				if wait := due.Sub(began); wait > interval {
					t.Errorf("%d installations: shard %d waits %v after %d", count, shard, wait, pass.Seen)
				}
				pass = pass.Advance("", min(rowsOfPage(pass), count-pass.Seen), false)
			}
		}
	}
}

// A run that ends within a page leaves its rest due and the boundaries of pages
// unchanged.
func TestTheRestOfAPageIsDueWithThePage(t *testing.T) {
	s := &Schedule{settings: "s", interval: time.Hour}
	pass := installation.Pass{Settings: "s", Began: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), Count: 250}
	size := pageSize(pass.Count)
	pass = pass.Advance("a", size, false)
	due := s.due(pass, pass.Began)
	pass = pass.Advance("b", 30, false)
	if got := s.due(pass, pass.Began); got != due {
		t.Errorf("the rest is due %v after the page", got.Sub(due))
	}
	if got := rowsOfPage(pass); got != size-30 {
		t.Errorf("the rest is %d rows, want %d", got, size-30)
	}
}

// A shard that no run works on is taken over, also if no run ever began its pass, or if
// the pass is of other settings.
func TestASilentShardIsTakenOver(t *testing.T) {
	began := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	ended := installation.Pass{Version: 2, Settings: "s", Began: began, Seen: 10, Count: 10, Ended: true, Lease: installation.Lease{Until: began.Add(time.Minute)}}
	of := func(pass installation.Pass, settings string) installation.Pass {
		pass.Settings = settings
		return pass
	}
	dead := ended
	dead.Lease = installation.Lease{Owner: "dead", Until: began.Add(time.Minute)}
	tests := map[string]struct {
		pass  installation.Pass
		after time.Duration
		taken bool
	}{
		"in time":                    {ended, 63 * time.Minute, false},
		"late":                       {ended, 64 * time.Minute, true},
		"late, of a run that died":   {dead, 64 * time.Minute, true},
		"of other settings":          {of(ended, "old"), 30 * time.Minute, false},
		"late and of other settings": {of(ended, "old"), 64 * time.Minute, true},
		"never begun":                {installation.Pass{}, 0, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			now := began.Add(test.after)
			s := &Schedule{settings: "s", interval: time.Hour}
			if taken := s.silent(test.pass, now); taken != test.taken {
				t.Errorf("taken over: %v", taken)
			}
		})
	}
}

// Passes keep to their times although each begins a little late, but do not catch up
// on one that no run began.
func TestAPassBeginsAsItWasDue(t *testing.T) {
	began := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	ended := installation.Pass{Settings: "s", Began: began, Seen: 10, Count: 10, Ended: true}
	for late, want := range map[time.Duration]time.Duration{
		50 * time.Second: time.Hour,
		5 * time.Minute:  time.Hour + 5*time.Minute,
	} {
		now := began.Add(time.Hour + late)
		r := &run{Schedule: &Schedule{settings: "s", interval: time.Hour, now: func() time.Time { return now }}}
		if got := r.step(ended).Began.Sub(began); got != want {
			t.Errorf("%v late: the next pass began %v after the last, want %v", late, got, want)
		}
	}
}
