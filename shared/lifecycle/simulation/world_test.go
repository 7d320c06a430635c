package simulation_test

import (
	"context"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
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
	functionTimeout = 55 * time.Second
	// concurrency is the one of the schedule's function.
	concurrency = 64
)

var regions = []string{"us-west-2_r", "us-east-2_a", "eu-central-1_k"}

// world is a deployment, its customers and Webex.
type world struct {
	t         *testing.T
	table     *table
	cloud     *cloud
	settings  lifecycle.Settings
	rate      float64
	runs      int // functions that share a minute's work
	processes []*schedule.Schedule

	mu          sync.Mutex
	sum         schedule.Report
	invocations int
}

// newWorld makes customers whose configurations are in sync, first due as said.
func newWorld(t *testing.T, customers int, firstDue func(id int) time.Time) *world {
	w := &world{t: t, runs: 1, settings: lifecycle.Settings{
		ClientID: "client", PublicURL: base, VerifyInterval: time.Hour,
		Provided: map[webex.Feature]lifecycle.Content{
			webex.DigitalSignage: {URL: "https://signage.example/"}, webex.PersistentWebApp: {URL: "https://app.example/"},
		},
	}}
	w.cloud = newCloud(customers, func() { time.Sleep(40*time.Millisecond + mathrand.N(20*time.Millisecond)) })
	w.table = newTable(regions, customers, func() { time.Sleep(3*time.Millisecond + mathrand.N(4*time.Millisecond)) }, firstDue)
	for id := range customers {
		row := w.table.row(id)
		for i, name := range webex.Features {
			config, _ := w.settings.Wanted(name, row)
			w.cloud.stored[id][i] = w.cloud.known(config)
		}
		w.table.customers[id].access = time.Now().Add(mathrand.N(accessLife))
	}
	w.deploy()
	return w
}

// deploy starts new processes, with today's settings.
func (w *world) deploy() {
	w.processes = nil
	for range w.runs {
		log := slog.New(slog.NewJSONHandler(io.Discard, nil))
		service, err := lifecycle.New(w.table, w.cloud, keys{}, w.settings, time.Now, log)
		if err != nil {
			w.t.Fatal(err)
		}
		w.processes = append(w.processes, schedule.New(service, w.table))
	}
}

// minute is what the schedules do in one: each run has its part of the shards.
func (w *world) minute() {
	var wait sync.WaitGroup
	for n, process := range w.processes {
		wait.Go(func() {
			var shards []int
			for shard := n; shard < installation.Shards; shard += w.runs {
				shards = append(shards, shard)
			}
			ctx, cancel := context.WithTimeout(w.t.Context(), functionTimeout)
			defer cancel()
			run, ctx, done := schedule.Run{Shards: shards, Concurrency: concurrency, Rate: w.rate}.Within(ctx, time.Now())
			defer done()
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

// verified counts the customers of a region that were verified since then.
func (w *world) verified(region string, since time.Time) int {
	w.table.mu.Lock()
	defer w.table.mu.Unlock()
	count := 0
	for _, c := range w.table.customers {
		if w.table.regions[c.region] == region && !c.schedule.VerifiedAt.Before(since) {
			count++
		}
	}
	return count
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
