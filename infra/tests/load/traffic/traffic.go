// Package traffic drives a local stack at saturation with what Webex and the
// vendor's content server send in a busy hour, and checks every answer.
//
// It owns the mix of requests, what the answer to each must be, and the count of
// both. It sends to loopback only, and is bounded in time and in requests. The
// stack must be its caller's own: the simulated Webex is asked in memory for
// tokens, and its configurations are lost on purpose so that verifying them has
// something to repair.
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
)

// Options bound and shape the traffic. The zero value of each has a default.
type Options struct {
	Duration    time.Duration // default 60 s
	MaxRequests int64         // default 200,000
	Customers   int           // default 200
	Workers     int           // requests at a time; default 8
	Seed        uint64        // of what is chosen at random; default 1
}

func (o Options) withDefaults() Options {
	o.Duration = cmp.Or(o.Duration, time.Minute)
	o.MaxRequests = cmp.Or(o.MaxRequests, 200_000)
	o.Customers = cmp.Or(o.Customers, 200)
	o.Workers = cmp.Or(o.Workers, 8)
	o.Seed = cmp.Or(o.Seed, 1)
	return o
}

// actionShare is how often a step is a management action, one request, and not
// a cross-launch with its redemption, two: that makes a tenth of the requests.
const actionShare = 2.0 / 11

// run is one run of the traffic.
type run struct {
	options   Options
	stack     *stack.Stack
	client    *http.Client
	customers []*customer
	sent      atomic.Int64
	issued    atomic.Int64
	redeemed  atomic.Int64
	faults    *faults
}

// Run activates the customers, drives the stack, and then looks whether Webex
// holds what it should. The log is what the stack wrote its log to. The error
// says why it could not be run; what was wrong in the answers is in the report.
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
	report.PutBack = r.settle(ctx)
	report.Verified = log.sum()
	report.Faults, report.FaultCount = r.faults.all(log)
	return report, ctx.Err()
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
}

// warm has the simulated Webex make the keys of its regions, which takes a while
// and which no function is to wait for: Webex has its keys.
func (r *run) warm(ctx context.Context) error {
	for _, address := range r.stack.Webex().JWKSURLs() {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		response, err := r.client.Do(request)
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		_ = response.Body.Close() // it was asked for, which is what counts
	}
	return nil
}

// activateAll makes the customers, in every region, and activates them.
func (r *run) activateAll(ctx context.Context) error {
	regions := []string{"us-west-2_r", "us-east-2_a", "eu-central-1_k"} // those that are trusted by default
	for i := range r.options.Customers {
		org := r.stack.Webex().AddOrganization(fmt.Sprintf("Customer %d", i+1), regions[i%len(regions)])
		// One of ten has configurations lost, and is left alone otherwise.
		r.customers = append(r.customers, &customer{run: r, org: org, loses: i%10 == 9})
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

// drive lets the workers work until time or requests are used up, and returns
// how long each request took.
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

// work takes one step after the other. What it has begun it finishes: an answer
// that nobody waited for would be nobody's proof.
func (w *worker) work(ctx context.Context) {
	whole := context.WithoutCancel(ctx)
	for ctx.Err() == nil && w.run.sent.Load() < w.run.options.MaxRequests {
		customer := w.run.customers[w.random.IntN(len(w.run.customers))]
		if w.random.Float64() >= actionShare {
			customer.launch(whole, w)
			continue
		}
		for customer.loses {
			customer = w.run.customers[w.random.IntN(len(w.run.customers))]
		}
		switch w.random.IntN(3) {
		case 0:
			customer.checkHealth(whole, w)
		case 1:
			customer.approveUpdate(whole, w)
		default:
			customer.activate(whole, w)
		}
	}
}
