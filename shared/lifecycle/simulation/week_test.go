package simulation_test

import (
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/race"
	"signpost/shared/webex"
)

// plan is what a simulation is of.
type plan struct {
	Customers int
	// Shards are how many of the table's shards are simulated. They are independent of
	// each other: a run of some takes its share of the rate.
	Shards   int
	Time     time.Duration
	Interval time.Duration
	Rate     float64 // calls per second, 0 for no limit
	Runs     int
	// Drift is the share of customers one of whose configurations is altered or
	// deleted at Webex each day.
	Drift float64
	// In Outage, of OutageTime, the first region hangs. At Change, what all
	// devices show becomes another page.
	Outage, OutageTime, Change time.Duration
}

// weeks are what `make simulate` runs; their numbers are in infra/bench/results. At
// an interval of an hour all shards would take hours.
var weeks = []plan{week(installation.Shards, 24*time.Hour, 100), week(1, time.Hour, 1500)}

func week(shards int, interval time.Duration, rate float64) plan {
	return plan{
		Customers: 1_000_000, Shards: shards, Time: 7 * 24 * time.Hour, Interval: interval, Rate: rate, Runs: 1, Drift: 0.001,
		Outage: 2*24*time.Hour + 9*time.Hour, OutageTime: 2 * time.Hour, Change: 4*24*time.Hour + 9*time.Hour,
	}
}

// seen is what came of it.
type seen struct {
	healed, elsewhere histogram // from drift to repair, in minutes: all, and before the change without the region with the outage
	rolledOut         histogram // from the change to each customer, in seconds
	rollOutCalls      int       // until the last one
	// How late the looks were, in seconds: before the change at the region with the
	// outage and at the others, and from then on.
	lateOwn, lateOther, lateAfter histogram
	quiet                         units // what the table was asked for before the outage
	quietLooks                    int   // verifications until then
	unhealed                      int
}

// histogram counts durations by whole units.
type histogram struct {
	unit   time.Duration
	counts []int
	total  int
}

func (h *histogram) add(d time.Duration) {
	n := max(0, int(d/h.unit))
	for len(h.counts) <= n {
		h.counts = append(h.counts, 0)
	}
	h.counts[n]++
	h.total++
}

// quantile is the time that a share of all stayed below.
func (h *histogram) quantile(share float64) time.Duration {
	left := int(share * float64(h.total))
	for n, count := range h.counts {
		if left -= count; left < 0 {
			return time.Duration(n+1) * h.unit
		}
	}
	return time.Duration(len(h.counts)) * h.unit
}

// ofCalls is how long the change of settings took, by how long its calls take at the
// rate.
func (s *seen) ofCalls(p plan) string {
	if p.Rate == 0 {
		return "no rate"
	}
	rate := p.Rate * float64(p.Shards) / installation.Shards
	return fmt.Sprintf("%.2f", s.rolledOut.quantile(1).Seconds()*rate/float64(s.rollOutCalls))
}

// simulate runs the plan.
func simulate(t *testing.T, p plan) (*world, *seen) {
	w := newWorld(t, p.Customers)
	w.rate, w.runs, w.settings.VerifyInterval = p.Rate, p.Runs, p.Interval
	w.simulateOnly(p.Shards)
	w.steady()
	began := time.Now()
	s := &seen{
		healed: histogram{unit: time.Minute}, elsewhere: histogram{unit: time.Minute}, rolledOut: histogram{unit: time.Second},
		lateOwn: histogram{unit: time.Second}, lateOther: histogram{unit: time.Second}, lateAfter: histogram{unit: time.Second},
	}
	w.cloud.healed = func(id int, after time.Duration) {
		s.healed.add(after)
		if w.region(id) != regions[0] && time.Since(began) < p.Change {
			s.elsewhere.add(after)
		}
	}
	reached, before := make([]bool, p.Customers), 0
	w.cloud.pushed = func(id, configuration int) {
		if configuration == len(webex.Features) && !reached[id] { // the first that is not one of the old
			reached[id] = true
			s.rolledOut.add(time.Since(began.Add(p.Change)))
			s.rollOutCalls = w.cloud.total - before
		}
	}
	w.cloud.looked = func(id int, after time.Duration) {
		switch late := after - p.Interval; {
		case time.Since(began) >= p.Change:
			s.lateAfter.add(late)
		case w.region(id) == regions[0]:
			s.lateOwn.add(late)
		default:
			s.lateOther.add(late)
		}
	}
	go w.drift(p)
	time.AfterFunc(p.Outage, func() {
		s.quiet, _ = w.units()
		s.quietLooks = w.verifications()
		w.cloud.set(regions[0], hangs)
	})
	time.AfterFunc(p.Outage+p.OutageTime, func() { w.cloud.set(regions[0], nil) })
	for changed := false; time.Since(began) < p.Time; {
		if !changed && time.Since(began) >= p.Change {
			changed, before = true, w.calls()
			w.settings.Provided[webex.DigitalSignage] = lifecycle.Content{DeviceURL: "https://signage.example/new"}
			w.deploy()
		}
		next := time.Now().Add(time.Minute)
		w.minute()
		time.Sleep(time.Until(next))
	}
	s.unhealed = w.cloud.waiting()
	return w, s
}

// drift spoils configurations, evenly over the time, but for the last interval
// and a half: all of it can be repaired.
func (w *world) drift(p plan) {
	until := p.Time - p.Interval*3/2
	customers := w.simulated()
	count := int(float64(len(customers)) * p.Drift * until.Hours() / 24)
	for range count {
		time.Sleep(until / time.Duration(count))
		w.cloud.spoil(customers[mathrand.N(len(customers))], mathrand.N(len(webex.Features)), uint8(mathrand.N(firstPut)))
	}
}

func (p plan) String() string {
	part := ""
	if p.Shards < installation.Shards {
		part = fmt.Sprintf(" (simulated and counted: %d of their %d shards)", p.Shards, installation.Shards)
	}
	return fmt.Sprintf("%s installations%s in %d regions, verified every %v, %v; %.1f %% drift a day; one region hangs for %v; a change of settings for all; at most %v calls per second, %d function(s) a minute",
		thousands(p.Customers), part, len(regions), p.Interval, p.Time, 100*p.Drift, p.OutageTime, p.Rate, p.Runs)
}

// report is what is kept in infra/bench/results.
func report(p plan, w *world, s *seen) string {
	peak, mean := w.peak(), 0.0
	for _, calls := range w.cloud.seconds {
		mean += float64(calls) / p.Time.Seconds()
	}
	sum := w.reported()
	verifications := float64(sum.Verified + sum.Failed)
	sync, all := w.units()
	row := func(name, format string, args ...any) string {
		return "| " + name + " | " + fmt.Sprintf(format, args...) + " |\n"
	}
	return p.String() + "\n\n| what | |\n| --- | --- |\n" +
		row("verifications, pushes, failures", "%s, %s, %s", thousands(sum.Verified), thousands(sum.Pushed), thousands(sum.Failed)) +
		row("time to heal drift: median, 99th percentile", "%v, %v", s.healed.quantile(0.5), s.healed.quantile(0.99)) +
		row("the same, before the change, regions without the outage", "%v, %v", s.elsewhere.quantile(0.5), s.elsewhere.quantile(0.99)) +
		row("drift that was never healed", "%d of %d", s.unhealed, s.unhealed+s.healed.total) +
		row("change of settings: median, 99th percentile, last", "%v, %v, %v", s.rolledOut.quantile(0.5), s.rolledOut.quantile(0.99), s.rolledOut.quantile(1)) +
		row("calls until then, and how many times as long as the rate allows them in it took", "%s, %s", thousands(s.rollOutCalls), s.ofCalls(p)) +
		row("calls per second at Webex: mean, peak", "%.1f, %d", mean, peak) +
		row("looked at later than the interval, before the change: median, 99th percentile, last; regions without the outage", "%v, %v, %v", s.lateOther.quantile(0.5), s.lateOther.quantile(0.99), s.lateOther.quantile(1)) +
		row("the same, the region with it", "%v, %v, %v", s.lateOwn.quantile(0.5), s.lateOwn.quantile(0.99), s.lateOwn.quantile(1)) +
		row("the same, all, from the change on", "%v, %v, %v", s.lateAfter.quantile(0.5), s.lateAfter.quantile(0.99), s.lateAfter.quantile(1)) +
		row("invocations", "%s", thousands(w.invocations)) +
		row("read and write units per verification that finds all in order", "%.3f, %.4f", sync.read/verifications, sync.write/verifications) +
		row("read and write units in all", "%s, %s", thousands(int(all.read)), thousands(int(all.write))) +
		row("calls of Webex", "%s", strings.Join(w.callKinds(), ", "))
}

// inSync is what the table is asked for where nothing is out of order: the passes,
// and whether there is something due.
var inSync = []string{"Query of shards", "BatchGetItem", "BatchGetItem of the passes", "PutItem of a pass", "Query of due"}

// units are what the table was asked for in sync, and in all.
func (w *world) units() (sync, all units) {
	w.table.mu.Lock()
	defer w.table.mu.Unlock()
	for kind, one := range w.table.requests {
		all = all.plus(one)
		if slices.Contains(inSync, kind) {
			sync = sync.plus(one)
		}
	}
	return sync, all
}

func (w *world) callKinds() []string {
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	var kinds []string
	for _, kind := range []string{"GET", "PUT", "POST"} {
		kinds = append(kinds, kind+" "+thousands(w.cloud.calls[kind]))
	}
	return kinds
}

func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// TestADay is the week of a million on a small scale: what must hold, holds
// at any size.
func TestADay(t *testing.T) {
	const many = 60_000 // fewer do not fill the pages
	p := plan{
		Customers: race.Share(many, 8000), Shards: installation.Shards, Time: 9 * time.Hour, Interval: 2 * time.Hour, Rate: 75, Runs: 1, Drift: 0.1,
		Outage: time.Hour, OutageTime: time.Hour, Change: 4 * time.Hour,
	}
	synctest.Test(t, func(t *testing.T) {
		w, s := simulate(t, p)
		t.Log("\n" + report(p, w, s))
		if s.healed.total == 0 || s.unhealed != 0 {
			t.Errorf("%d configurations were healed, and %d never", s.healed.total, s.unhealed)
		}
		if heals, most := s.elsewhere.quantile(0.99), p.Interval*105/100; heals > most {
			t.Errorf("healing drift took %v, want %v", heals, most)
		}
		if got := s.rolledOut.total; got < p.Customers {
			t.Errorf("the change reached %d of %d customers", got, p.Customers)
		}
		if last, calls := s.rolledOut.quantile(1), float64(s.rollOutCalls); last.Seconds() > 1.2*calls/p.Rate || calls > 3.4*float64(p.Customers) {
			t.Errorf("the last customer had the change after %v and %v calls", last, calls)
		}
		if most := int(p.Rate) + 3*p.Runs; w.peak() > most {
			t.Errorf("%d calls in a second, want %d at most", w.peak(), most)
		}
		if late := s.lateOther.quantile(0.99); late > 3*time.Minute {
			t.Errorf("the other regions' customers were looked at %v late", late)
		}
		if own := s.lateOwn.quantile(1); own > p.OutageTime+30*time.Minute {
			t.Errorf("the customers of the region with the outage were looked at %v late", own)
		}
		verifications := float64(s.quietLooks)
		if read, write := s.quiet.read/verifications, s.quiet.write/verifications; p.Customers == many && read > 0.6 || write > 0.05 {
			t.Errorf("%.3f read and %.3f write units for a verification", read, write)
		}
	})
}

// TestWeek runs only when it is asked for: it takes minutes and gigabytes.
func TestWeek(t *testing.T) {
	output := os.Getenv("SIMULATION_OUTPUT")
	if output == "" {
		t.Skip("make simulate runs it")
	}
	debug.SetGCPercent(400)
	var text string
	for _, p := range weeks {
		began := time.Now()
		synctest.Test(t, func(t *testing.T) {
			w, s := simulate(t, p)
			text += report(p, w, s)
			if s.unhealed != 0 || s.rolledOut.total < len(w.simulated()) {
				t.Errorf("%d configurations never healed; the change reached %d", s.unhealed, s.rolledOut.total)
			}
		})
		text += fmt.Sprintf("\nSimulated in %v.\n\n", time.Since(began).Round(time.Second))
	}
	for _, p := range rollouts {
		synctest.Test(t, func(t *testing.T) { text += reportRollout(p, roll(t, p)) + "\n" })
	}
	fmt.Print(text)
	if err := os.WriteFile(output, []byte(strings.TrimRight(text, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
