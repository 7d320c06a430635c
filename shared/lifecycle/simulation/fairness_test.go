package simulation_test

import (
	"context"
	mathrand "math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/lifecycle"
	"signpost/shared/race"
	"signpost/shared/webex"
)

// atOnce makes all customers due from the beginning.
func atOnce(int) time.Time { return time.Now() }

const each = 1000 // customers of a region

func TestASlowRegionHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, each*len(regions), atOnce)
		began := time.Now()
		w.cloud.set(regions[0], hangs)
		w.minute()
		for _, region := range regions[1:] {
			if got := w.verified(region, began); got != each {
				t.Errorf("%s: %d of %d were verified in the first run", region, got, each)
			}
		}
		if report := w.reported(); report.Failed == 0 || report.Left == 0 {
			t.Errorf("report = %+v: what hangs fails, and the rest of its region is left", report)
		}
		w.cloud.set(regions[0], nil)
		w.run(15 * time.Minute)
		if got := w.verified(regions[0], began); got != each {
			t.Errorf("%d of %d were verified once the region answered", got, each)
		}
	})
}

// What cannot be verified for hours takes neither the workers nor the rate of the
// others, and when it can be again, they wait for minutes at the most.
func TestAnOutageOfHoursHoldsUpNobodyElse(t *testing.T) {
	const interval, rate, outage = 4 * time.Hour, 30, 2 * time.Hour
	customers := race.Share(60_000, 6000)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, customers, func(int) time.Time { return time.Now().Add(mathrand.N(interval)) })
		w.rate, w.settings.VerifyInterval = rate, interval
		w.deploy()
		var own, others time.Duration
		w.table.verified = func(region uint8, late time.Duration) {
			if region == 0 {
				own = max(own, late)
			} else {
				others = max(others, late)
			}
		}
		w.cloud.set(regions[0], hangs)
		w.run(outage)
		if others > 2*time.Minute {
			t.Errorf("the others were verified up to %v after they were due", others)
		}
		if calls := w.callsAt(regions[0]); calls > 20*int(outage.Minutes()) {
			t.Errorf("%d calls to a region that does not answer", calls)
		}
		w.cloud.set(regions[0], nil)
		w.run(outage)
		if others > 10*time.Minute {
			t.Errorf("after the outage the others were verified up to %v after they were due", others)
		}
		if own < outage || own > outage+90*time.Minute {
			t.Errorf("the region itself was verified up to %v after it was due", own)
		}
		if most := rate + 3; w.peak() > most {
			t.Errorf("%d calls in a second, want %d at most", w.peak(), most)
		}
	})
}

func TestAThrottledRegionIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const quiet = 4 * time.Minute
		w := newWorld(t, each*len(regions), atOnce)
		began := time.Now()
		w.cloud.set(regions[0], throttles(quiet))
		w.minute()
		calls := w.callsAt(regions[0])
		if most := 2 * concurrency; calls == 0 || calls > most {
			t.Errorf("%d calls, want those at a time at most: %d", calls, most)
		}
		time.Sleep(time.Until(began.Add(time.Minute)))
		w.run(quiet - 2*time.Minute)
		if more := w.callsAt(regions[0]) - calls; more != 0 {
			t.Errorf("%d calls in the time that Webex asked for", more)
		}
		for _, region := range regions[1:] {
			if got := w.verified(region, began); got != each {
				t.Errorf("%s: %d of %d were verified", region, got, each)
			}
		}
		w.cloud.set(regions[0], nil)
		w.run(6 * time.Minute)
		if got := w.verified(regions[0], began); got != each {
			t.Errorf("%d of %d were verified after that time", got, each)
		}
	})
}

func TestATroubledCustomerHoldsUpNobodyElse(t *testing.T) {
	for name, answer := range map[string]webex.APIError{
		"throttled": {Op: "call", Status: http.StatusTooManyRequests, RetryAfter: time.Hour},
		"broken":    {Op: "call", Status: http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, each, atOnce)
				for _, region := range regions {
					w.cloud.set(region, func(_ context.Context, id int) error {
						if id != 0 && id != 1 {
							return nil
						}
						return &answer
					})
				}
				w.minute()
				if report := w.reported(); report != (lifecycle.Report{Verified: each - 2, Failed: 2}) {
					t.Errorf("report = %+v", report)
				}
			})
		})
	}
}

func TestAChangeOfSettingsRollsOutAtTheRate(t *testing.T) {
	for name, runs := range map[string]int{"one run": 1, "four runs": 4} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const rate = 40
				w := newWorld(t, each, atOnce)
				w.rate, w.runs = rate, runs
				w.settings.Provided[webex.DigitalSignage] = lifecycle.Content{URL: "https://signage.example/new"}
				w.deploy()
				w.minute()
				left := w.reported().Left
				if left == 0 {
					t.Error("nothing is left after a minute: the rate is not the limit here")
				}
				w.run(3 * time.Minute)
				if w.cloud.calls["PUT"] != each {
					t.Errorf("%d configurations were pushed, want %d", w.cloud.calls["PUT"], each)
				}
				// A second holds what the rate allows, and what each run may do at once.
				if most := rate + 2*runs + runs; w.peak() > most {
					t.Errorf("%d calls in a second, want %d at most", w.peak(), most)
				}
				if w.cloud.calls["GET"] != 2*each {
					t.Errorf("%d GETs, want two for each customer", w.cloud.calls["GET"])
				}
			})
		})
	}
}

// Work that waited for a slow region is not let loose all at once.
func TestTheRateHoldsWhenARegionRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 60
		w := newWorld(t, each*len(regions), atOnce)
		w.rate = rate
		w.deploy()
		w.cloud.set(regions[0], hangs)
		w.run(3 * time.Minute)
		w.cloud.set(regions[0], nil)
		w.run(5 * time.Minute)
		if most := rate + 3; w.peak() > most {
			t.Errorf("%d calls in a second, want %d at most", w.peak(), most)
		}
	})
}

// Who was due together does not stay together.
func TestStartsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, each*len(regions), atOnce)
		w.run(30 * time.Minute)
		minutes := map[int64]int{}
		for _, c := range w.table.customers {
			minutes[c.dueAt/60_000]++
		}
		most := 0
		for _, count := range minutes {
			most = max(most, count)
		}
		// ±10 % of an hour are twelve minutes.
		if most > each*len(regions)/8 {
			t.Errorf("%d of %d are due in the same minute", most, each*len(regions))
		}
	})
}
