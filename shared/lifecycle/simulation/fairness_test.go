package simulation_test

import (
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/lifecycle"
	"signpost/shared/race"
	"signpost/shared/schedule"
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
		// Until what was pushed to each is known, a row is expected to cost twice the
		// calls: some minutes then have more work than the rate allows, and what they
		// left must be done before the outage, or it counts as late because of it.
		w.run(interval + 15*time.Minute)
		var own, others time.Duration
		w.table.verified = func(region uint8, late time.Duration) {
			if region == 0 {
				own = max(own, late)
			} else {
				others = max(others, late)
			}
		}
		before := w.callsAt(regions[0])
		w.cloud.set(regions[0], hangs)
		w.run(outage)
		if others > 2*time.Minute {
			t.Errorf("the others were verified up to %v after they were due", others)
		}
		if calls := w.callsAt(regions[0]) - before; calls > 20*int(outage.Minutes()) {
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
					w.cloud.set(region, fails(answer, 0, 1))
				}
				w.minute()
				if report := w.reported(); report != (schedule.Report{Verified: each - 2, Failed: 2}) {
					t.Errorf("report = %+v", report)
				}
			})
		})
	}
}

// Nor in the long run, where there are too few for their answers to outweigh the
// one's: its tries do not keep the region closed to them.
func TestATroubledCustomerHoldsUpNoSmallRegion(t *testing.T) {
	for name, answer := range map[string]webex.APIError{
		"throttled for 5 minutes":  {Op: "call", Status: http.StatusTooManyRequests, RetryAfter: 5 * time.Minute},
		"throttled for 10 minutes": {Op: "call", Status: http.StatusTooManyRequests, RetryAfter: 10 * time.Minute},
		"broken":                   {Op: "call", Status: http.StatusInternalServerError},
	} {
		for _, neighbours := range []int{1, 3, 9} {
			t.Run(fmt.Sprint(name, ", ", neighbours, " neighbours"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, (1+neighbours)*len(regions), func(int) time.Time { return time.Now().Add(mathrand.N(time.Hour)) })
					w.cloud.set(regions[0], fails(answer, 0))
					var latest time.Duration
					w.table.verified = func(_ uint8, late time.Duration) { latest = max(latest, late) }
					w.run(12 * time.Hour)
					if latest > 2*time.Minute {
						t.Errorf("others were verified up to %v after they were due", latest)
					}
				})
			})
		}
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

// What a run has begun it ends, at any rate, also where each customer costs as many
// calls as can be: a new token, a PATCH, and a PUT of each configuration.
func TestARunEndsWhatItBegan(t *testing.T) {
	for _, rate := range []float64{2, 10, 40, 200} {
		t.Run(fmt.Sprint(rate, " calls per second"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, each, atOnce)
				w.rate, w.settings.PublicURL = rate, "https://moved.vendor.example"
				for id := range w.table.customers {
					w.table.customers[id].access = time.Time{}
				}
				w.deploy()
				for range 3 {
					began := time.Now()
					w.minute()
					if took := time.Since(began); took > functionTimeout-5*time.Second {
						t.Errorf("a run took %v", took)
					}
					time.Sleep(time.Until(began.Add(time.Minute)))
				}
				if report := w.reported(); report.Failed != 0 || report.Verified == 0 {
					t.Errorf("report = %+v", report)
				}
				if most := int(rate) + 6; w.peak() > most { // a customer's calls come together
					t.Errorf("%d calls in a second, want %d at most", w.peak(), most)
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
