package simulation_test

import (
	"context"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/webex"
)

const (
	base = "https://api.vendor.example"
	// accessLife is how long access tokens live; 18 hours and 14 days were seen.
	accessLife = 14 * 24 * time.Hour
	// callTimeout is when a call to Webex is given up.
	callTimeout = 8 * time.Second
	// functionTimeout is the template's, of the schedule's function.
	functionTimeout = 60 * time.Second
	// concurrency is the one of the schedule's function.
	concurrency = 256
)

var regions = []string{"us-west-2_r", "us-east-2_a", "eu-central-1_k"}

// world is a deployment, its customers and Webex.
type world struct {
	t         *testing.T
	table     *table
	cloud     *cloud
	settings  lifecycle.Settings
	rate      float64
	runs      int  // functions that share a minute's work
	rollout   bool // the channels are read before each run
	processes []*schedule.Schedule

	mu          sync.Mutex
	sum         schedule.Report
	invocations int
}

// newWorld makes customers whose configurations are in sync, and whom no pass has
// looked at: all are to be looked at at once.
func newWorld(t *testing.T, customers int) *world {
	w := &world{t: t, runs: 1, settings: lifecycle.Settings{
		ClientID: "client", PublicURL: base, VerifyInterval: time.Hour,
		Provided: map[webex.Feature]lifecycle.Content{
			webex.DigitalSignage: {DeviceURL: "https://signage.example/"}, webex.PersistentWebApp: {DeviceURL: "https://app.example/"},
		},
	}}
	w.cloud = newCloud(customers, func() { time.Sleep(40*time.Millisecond + mathrand.N(20*time.Millisecond)) })
	w.table = newTable(regions, customers, func() { time.Sleep(3*time.Millisecond + mathrand.N(4*time.Millisecond)) })
	for i, name := range webex.Features {
		config, _ := w.settings.Wanted(name, w.table.row(0))
		number := w.cloud.known(config)
		for id := range customers {
			w.cloud.stored[id][i] = number
		}
	}
	w.verifyFirst()
	w.deploy()
	return w
}

// verifyFirst verifies one customer, and makes all others' rows like that one's.
func (w *world) verifyFirst() {
	first := &w.table.customers[0]
	first.access = time.Now().Add(accessLife)
	row := w.table.row(0)
	if result := w.service().Work(w.t.Context(), installation.Work{Installation: &row}, "", w.cloud); result.Err != nil {
		w.t.Fatal(result.Err)
	}
	for id := range w.table.customers {
		c := &w.table.customers[id]
		c.schedule, c.features, c.access = first.schedule, first.features, time.Now().Add(mathrand.N(accessLife))
	}
	w.table.requests = map[string]units{}
	w.cloud.calls, w.cloud.byHost, w.cloud.seconds, w.cloud.looks[0] = map[string]int{}, map[string]int{}, nil, time.Time{}
}

// simulateOnly limits the simulation to the first shards.
func (w *world) simulateOnly(shards int) { w.table.elsewhere = shards }

// simulated lists the customers that are simulated.
func (w *world) simulated() []int { return slices.Concat(w.table.ordered[:w.table.elsewhere]...) }

// steady puts the passes where they are after some time of verifying with these
// settings: those of the shards at different places.
func (w *world) steady() {
	w.deploy()
	settings, interval, now := w.service().Parts().Settings, w.settings.VerifyInterval, time.Now()
	for shard, ids := range w.table.ordered {
		const pageRows = 100
		count := len(ids)
		pages := max(1, (count+pageRows-1)/pageRows)
		size := max(1, (count+pages-1)/pages)
		since := func(n int) time.Duration {
			return time.Duration(float64(interval) * float64(n) / float64(max(1, count)))
		}
		began := now.Add(-interval * time.Duration(shard) / installation.Shards)
		seen := 0
		for seen < count && !began.Add(since(seen)).After(now) {
			seen = min(seen+size, count)
		}
		pass := installation.Pass{
			Shard: shard, Version: 1, Settings: settings, Began: began, Before: began.Add(-interval),
			Seen: seen, Count: count, Ended: seen == count,
		}
		if seen > 0 {
			pass.Place = keyOf(ids[seen-1]).Text()
		}
		w.table.passes[shard] = pass
		for n, id := range ids {
			w.cloud.looks[id] = began.Add(since(n / size * size))
			if n >= seen {
				w.cloud.looks[id] = w.cloud.looks[id].Add(-interval)
			}
		}
	}
}

// service is a process of the deployment, with today's settings.
func (w *world) service() *lifecycle.Service {
	service, err := lifecycle.New(w.table, w.cloud, keys{}, w.settings, time.Now, slog.New(slog.NewJSONHandler(io.Discard, nil)))
	if err != nil {
		w.t.Fatal(err)
	}
	return service
}

// deploy starts new processes, with today's settings.
func (w *world) deploy() {
	w.processes = nil
	for range w.runs {
		w.processes = append(w.processes, schedule.New(w.service(), w.table))
	}
}

// minute is what the schedules do in one: each run has its part of the shards.
func (w *world) minute() {
	current := w.table.current()
	if w.rollout {
		w.settings = withRollout(w.settings, current)
		w.deploy()
	}
	var wait sync.WaitGroup
	for n, process := range w.processes {
		wait.Go(func() {
			var shards []int
			for shard := n; shard < w.table.elsewhere; shard += w.runs {
				shards = append(shards, shard)
			}
			ctx, cancel := context.WithTimeout(w.t.Context(), functionTimeout)
			defer cancel()
			run, ctx, done := schedule.Run{Shards: shards, Concurrency: concurrency * w.table.elsewhere / installation.Shards, Rate: w.rate}.Within(ctx, time.Now())
			defer done()
			if w.rollout {
				run.Rollout = &schedule.Rollout{Current: current, Store: w.table}
			}
			report, err := process.VerifyDue(ctx, run)
			if err != nil {
				w.t.Error(err)
			}
			w.add(report)
		})
	}
	wait.Wait()
}

func (w *world) add(report schedule.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.invocations++
	w.sum.Verified += report.Verified
	w.sum.Pushed += report.Pushed
	w.sum.Failed += report.Failed
	w.sum.Left += report.Left
}

// reported is the sum of all reports since it was last asked for.
func (w *world) reported() schedule.Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := w.sum
	w.sum = schedule.Report{}
	return sum
}

// run lets the schedule run for a time, a minute at a time.
func (w *world) run(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		next := time.Now().Add(time.Minute)
		w.minute()
		time.Sleep(time.Until(next))
	}
}

// verified counts the customers of a region that were looked at since then.
func (w *world) verified(region string, since time.Time) int {
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	count := 0
	for id, at := range w.cloud.looks {
		if w.region(id) == region && !at.Before(since) {
			count++
		}
	}
	return count
}

func (w *world) region(id int) string { return regions[w.table.customers[id].region] }

// late is for how long the look at a customer of the region has been due at most,
// of the region alone or of all others.
func (w *world) late(region string, others bool) time.Duration {
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	var most time.Duration
	for id, at := range w.cloud.looks {
		if (w.region(id) == region) != others {
			most = max(most, time.Since(at)-w.settings.VerifyInterval)
		}
	}
	return most
}

// peak is the most calls that Webex had in a second.
func (w *world) peak() int {
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	most := uint32(0)
	for _, calls := range w.cloud.seconds {
		most = max(most, calls)
	}
	return int(most)
}

func (w *world) callsAt(region string) int {
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	return w.cloud.byHost[region]
}

func (w *world) calls() int {
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	return w.cloud.total
}

// verifications is how many there were since they were last reported.
func (w *world) verifications() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sum.Verified
}
