// Package traffic drives a local stack at saturation with what Webex and the
// vendor's content server send in a busy hour, and checks every answer.
//
// It owns the mix of requests and the expected answer to each. It sends to
// loopback only, and is bounded in time and in requests. The stack must run in
// this process: the simulated Webex mints tokens in memory, and loses
// configurations on purpose so that verification has something to repair.
package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
)

// Options bound and shape the traffic. The zero value of each has a default.
type Options struct {
	Duration    time.Duration // default 60 s
	MaxRequests int64         // default 200,000
	Customers   int           // default 200
	Workers     int           // requests at a time; default 8
	Seed        uint64        // of random choices; default 1
}

func (o Options) withDefaults() Options {
	o.Duration = cmp.Or(o.Duration, time.Minute)
	o.MaxRequests = cmp.Or(o.MaxRequests, 200_000)
	o.Customers = cmp.Or(o.Customers, 200)
	o.Workers = cmp.Or(o.Workers, 8)
	o.Seed = cmp.Or(o.Seed, 1)
	return o
}

// actionShare is the share of steps that are management actions. An action is
// one request, a cross-launch with its redemption two, so that a tenth of the
// requests are actions.
const actionShare = 2.0 / 11

// vendorEvery is how many steps there are for each request to the vendor API.
const vendorEvery = 50

// run is one run of the traffic.
type run struct {
	options   Options
	stack     *stack.Stack
	client    *http.Client
	customers []*organization
	sent      atomic.Int64
	issued    atomic.Int64
	redeemed  atomic.Int64
	faults    *faults
}

// Run activates the customers, drives the stack, and then checks what Webex
// holds. The log is the one that the stack writes to. The error says why the run
// was impossible; wrong answers are in the report.
func Run(ctx context.Context, s *stack.Stack, log *Log, options Options) (Report, error) {
	options = options.withDefaults()
	if s.Webex() == nil || !isLoopback(s.URL()) {
		return Report{}, errors.New("load: only a local stack with the simulated Webex is driven")
	}
	r := &run{options: options, stack: s, faults: &faults{}, client: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: options.Workers},
	}}
	defer r.client.CloseIdleConnections()
	if err := r.warm(ctx); err != nil {
		return Report{}, err
	}
	if err := r.activateAll(ctx); err != nil {
		return Report{}, err
	}
	log.reset()
	began := time.Now()
	driving, cancel := context.WithTimeout(ctx, options.Duration)
	defer cancel()
	processes := countProcesses(driving)
	lost := r.loseConfigurations(driving)
	latencies := r.drive(driving)
	took := time.Since(began)
	cancel()
	report := Report{
		Options: options, Took: took, Latencies: latencies, Issued: r.issued.Load(), Redeemed: r.redeemed.Load(),
		Lost: <-lost, Processes: <-processes,
	}
	report.Restored = r.settle(ctx)
	report.Verified = log.sum()
	report.Faults, report.FaultCount = r.faults.all(log)
	return report, ctx.Err()
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
}

// warm has the simulated Webex generate the keys of its regions, which takes a
// while. Functions must not wait for that: the real Webex has its keys.
func (r *run) warm(ctx context.Context) error {
	for _, address := range r.stack.Webex().JWKSURLs() {
		if _, err := customer.Do(ctx, r.client, address, customer.Request{Method: http.MethodGet}); err != nil {
			return fmt.Errorf("load: %w", err)
		}
	}
	return nil
}

// activateAll adds the customers, in every region, and activates them.
func (r *run) activateAll(ctx context.Context) error {
	regions := []string{customer.West, customer.East, customer.Europe}
	for i := range r.options.Customers {
		org := r.stack.Webex().AddOrganization(fmt.Sprintf("Customer %d", i+1), regions[i%len(regions)])
		// One of ten loses configurations, and gets no actions.
		r.customers = append(r.customers, &organization{Organization: org, cloud: r.stack.Webex(), loses: i%10 == 9})
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(r.options.Workers, 4) {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= int64(len(r.customers)) {
					return
				}
				r.customers[i].activate(ctx, &worker{run: r})
			}
		})
	}
	wait.Wait()
	if found, count := r.faults.all(nil); count > 0 {
		return fmt.Errorf("load: customers cannot be activated:\n%s", strings.Join(found, "\n"))
	}
	return ctx.Err()
}

// drive runs the workers until time or requests are used up, and returns how
// long each request took.
func (r *run) drive(ctx context.Context) Latencies {
	workers := make([]*worker, r.options.Workers)
	var wait sync.WaitGroup
	for i := range workers {
		workers[i] = &worker{run: r, random: rand.New(rand.NewPCG(r.options.Seed, uint64(i))), took: Latencies{}}
		wait.Go(func() { workers[i].work(ctx) })
	}
	wait.Wait()
	all := Latencies{}
	for _, w := range workers {
		for kind, took := range w.took {
			all[kind] = append(all[kind], took...)
		}
	}
	return all
}

func (w *worker) organization() *organization {
	return w.run.customers[w.random.IntN(len(w.run.customers))]
}

// work takes one step after the other, and finishes the last one, so that every
// answer is checked.
func (w *worker) work(ctx context.Context) {
	whole := context.WithoutCancel(ctx)
	for ctx.Err() == nil && w.run.sent.Load() < w.run.options.MaxRequests {
		org := w.organization()
		if w.random.IntN(vendorEvery) == 0 {
			org.look(whole, w)
		}
		if w.random.Float64() >= actionShare {
			org.launch(whole, w)
			continue
		}
		for org.loses {
			org = w.organization()
		}
		switch w.random.IntN(3) {
		case 0:
			org.checkHealth(whole, w)
		case 1:
			org.approveUpdate(whole, w)
		default:
			org.activate(whole, w)
		}
	}
}
