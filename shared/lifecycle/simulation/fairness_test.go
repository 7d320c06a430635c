package simulation_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/lifecycle"
	"signpost/shared/race"
	"signpost/shared/schedule"
	"signpost/shared/webex"
)

const each = 1000 // customers of a region

func TestASlowRegionHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, each*len(regions))
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
		w.run(2 * time.Minute)
		if got := w.verified(regions[0], began); got != each {
			t.Errorf("%d of %d were verified once the region answered", got, each)
		}
	})
}

// What cannot be verified for hours takes neither the workers nor the rate of the
// others, and it is made up for soon after it can be again. At an interval that is
// shorter than the outage whole passes leave the region out.
func TestAnOutageOfHoursHoldsUpNobodyElse(t *testing.T) {
	const outage, catchUp, tolerated = 2 * time.Hour, 30 * time.Minute, 3 * time.Minute
	for name, one := range map[string]struct {
		customers int
		interval  time.Duration
		rate      float64
	}{
		"a short interval":    {race.Share(20_000, 4000), time.Hour, 0},
		"a short one, a rate": {race.Share(40_000, 4000), time.Hour, 60},
		"a long one, a rate":  {race.Share(500_000, 40_000), 24 * time.Hour, 50},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, one.customers)
				w.rate, w.settings.VerifyInterval = one.rate, one.interval
				w.steady()
				var others, own time.Duration
				w.cloud.looked = func(id int, after time.Duration) {
					if w.region(id) == regions[0] {
						own = max(own, after-one.interval)
					} else {
						others = max(others, after-one.interval)
					}
				}
				w.run(20 * time.Minute)
				before := w.callsAt(regions[0])
				w.cloud.set(regions[0], hangs)
				w.run(outage)
				if calls := w.callsAt(regions[0]) - before; calls > 2*concurrency+20*int(outage.Minutes()) {
					t.Errorf("%d calls to a region that does not answer", calls)
				}
				w.cloud.set(regions[0], nil)
				w.run(catchUp)
				if late := w.late(regions[0], false); late > tolerated {
					t.Errorf("%v after the outage, looks at the region's customers have been due for up to %v", catchUp, late)
				}
				w.run(outage)
				if others > tolerated {
					t.Errorf("the others were looked at up to %v late", others)
				}
				if own > outage+catchUp {
					t.Errorf("the region itself was looked at up to %v late", own)
				}
				if most := int(one.rate) + 3; one.rate > 0 && w.peak() > most {
					t.Errorf("%d calls in a second, want %d at most", w.peak(), most)
				}
			})
		})
	}
}

func TestAThrottledRegionIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const quiet = 4 * time.Minute
		w := newWorld(t, each*len(regions))
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
				w := newWorld(t, each)
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
					w := newWorld(t, (1+neighbours)*len(regions))
					w.steady()
					w.cloud.set(regions[0], fails(answer, 0))
					var latest time.Duration
					w.cloud.looked = func(_ int, after time.Duration) { latest = max(latest, after-w.settings.VerifyInterval) }
					w.run(12 * time.Hour)
					if latest > 2*time.Minute {
						t.Errorf("others were looked at up to %v late", latest)
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
				w := newWorld(t, each)
				w.rate, w.runs = rate, runs
				w.settings.Provided[webex.DigitalSignage] = lifecycle.Content{DeviceURL: "https://signage.example/new"}
				w.deploy()
				w.minute()
				if w.cloud.calls["PUT"] == each {
					t.Error("all is done within a minute: the rate is not the limit here")
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
				w := newWorld(t, each)
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
		w := newWorld(t, each*len(regions))
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

// Who was looked at together is not looked at together in the next pass, and nobody
// waits longer than the interval for that.
func TestStartsSpread(t *testing.T) {
	for _, customers := range []int{1000, 1700, 3000} {
		t.Run(fmt.Sprint(customers, " customers"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, customers)
				w.minute()
				minutes, latest := map[int]int{}, time.Duration(0)
				began := time.Now()
				w.cloud.looked = func(_ int, after time.Duration) {
					minutes[int(time.Since(began).Minutes())]++
					latest = max(latest, after-w.settings.VerifyInterval)
				}
				w.run(w.settings.VerifyInterval)
				most := 0
				for _, count := range minutes {
					most = max(most, count)
				}
				if most > customers/8 {
					t.Errorf("%d of %d were looked at in the same minute", most, customers)
				}
				w.run(2 * w.settings.VerifyInterval)
				if latest > 3*time.Minute {
					t.Errorf("they were looked at up to %v late", latest)
				}
			})
		})
	}
}
