package lifecycle

import (
	"context"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"signpost/shared/installation"
)

const (
	// crowd is how many rows are begun at a time, in multiples of what may be
	// worked on at one host: where two of the three commercial regions hang, the
	// third is still served.
	crowd = 3
	// queue is for how long, at most, the rows that are begun have calls to make
	// at the run's rate. What is begun when the run takes nothing new is to be
	// finished in what is left of its time.
	queue = 5 * time.Second
	// patience is how long a row that was begun waits for a place at its host.
	patience = 2 * time.Second
)

// pace is how fast one run calls Webex: no faster in all than its rate, and with
// no more than so many rows at one host.
type pace struct {
	limiter *rate.Limiter // nil: as fast as it goes
	calls   int           // what a row that is in sync costs
	width   int           // rows at one host
	rows    int           // rows at a time
	now     func() time.Time
	pause   func(context.Context, time.Duration) error

	mu     sync.Mutex
	places map[string]*semaphore.Weighted
}

func (s *Service) paceOf(run Run, shards int) *pace {
	p := &pace{
		calls: max(1, len(s.settings.Provided)), width: max(1, run.Concurrency),
		now: s.now, pause: s.pause, places: map[string]*semaphore.Weighted{},
	}
	p.rows = crowd * p.width
	if limit := run.share(shards); limit > 0 {
		p.limiter = rate.NewLimiter(rate.Limit(limit), p.calls)
		p.rows = min(p.rows, max(1, int(limit*queue.Seconds())/p.calls))
		p.width = min(p.width, max(1, p.rows/crowd))
	}
	return p
}

// take waits until so many calls more fit into the run's rate.
func (p *pace) take(ctx context.Context, calls int) error {
	if p.limiter == nil {
		return nil
	}
	now := p.now()
	delay := p.limiter.ReserveN(now, calls).DelayFrom(now)
	if delay <= 0 {
		return nil
	}
	return p.pause(ctx, delay)
}

// enter takes the calls of a row from the run's rate, and then a place at the
// host, waiting a little for one; leave gives it back. It returns how many of the
// row's calls are paid for. After a wait for a place none are: the time that was
// taken for them is over, and all who waited would call at once.
func (p *pace) enter(ctx context.Context, host string) (paid int, err error) {
	if err := p.take(ctx, p.calls); err != nil {
		return 0, err
	}
	places := p.placesAt(host)
	if places.TryAcquire(1) {
		return p.calls, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if places.Acquire(ctx, 1) != nil {
		return 0, errNoPlace
	}
	return 0, nil
}

func (p *pace) leave(host string) { p.placesAt(host).Release(1) }

func (p *pace) placesAt(host string) *semaphore.Weighted {
	p.mu.Lock()
	defer p.mu.Unlock()
	places, ok := p.places[host]
	if !ok {
		places = semaphore.NewWeighted(int64(p.width))
		p.places[host] = places
	}
	return places
}

// hostOf names the host of one of Webex's addresses.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// hostOfWork names the host that work is going to call first, "" for none.
func (s *Service) hostOfWork(work installation.Work) string {
	if work.Candidate != nil {
		return hostOf(work.Candidate.URLs.App)
	}
	if work.Installation.State != installation.Active {
		return ""
	}
	for name := range s.settings.Provided {
		if endpoint := work.Installation.Features[name].Endpoint; endpoint != "" {
			return hostOf(endpoint)
		}
	}
	return hostOf(work.Installation.URLs.App)
}
