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
	// crowd is how many rows are begun at a time, in multiples of a run's
	// concurrency, which counts for each host by itself: where two of the three
	// commercial regions hang, the third is still served.
	crowd = 3
	// patience is how long a row that was begun waits for a place at its host.
	patience = 2 * time.Second
	// putBackFor is when a row is due again for which there was no place, spread
	// by putBackSpread.
	putBackFor    = 30 * time.Second
	putBackSpread = time.Minute
)

// pace is how fast one run calls Webex: no faster in all than its rate, and with
// no more than so many rows at one host.
type pace struct {
	limiter *rate.Limiter // nil: as fast as it goes
	calls   int           // what a row that is in sync costs
	width   int           // rows at one host
	until   time.Time     // when the run takes nothing new; zero: never
	now     func() time.Time
	pause   func(context.Context, time.Duration) error
	// ended is set once another row would not fit before the run's end. Only
	// whoever hands out rows looks at it.
	ended bool

	mu     sync.Mutex
	places map[string]*semaphore.Weighted
}

func (s *Service) paceOf(run Run, shards int) *pace {
	p := &pace{
		calls: max(1, len(s.settings.Provided)), width: max(1, run.Concurrency), until: run.Until,
		now: s.now, pause: s.pause, places: map[string]*semaphore.Weighted{},
	}
	if limit := run.share(shards); limit > 0 {
		p.limiter = rate.NewLimiter(rate.Limit(limit), p.calls)
	}
	return p
}

// nextRow waits until the calls of one more row fit into the run's rate, and
// takes them; it is false if that is not before the run's end.
func (p *pace) nextRow(ctx context.Context) bool {
	p.ended = !p.take(ctx, p.calls, p.until)
	return !p.ended
}

// nextCall waits until one more call fits into the run's rate.
func (p *pace) nextCall(ctx context.Context) bool {
	return p.take(ctx, 1, time.Time{})
}

func (p *pace) take(ctx context.Context, calls int, until time.Time) bool {
	if p.limiter == nil {
		return true
	}
	now := p.now()
	taken := p.limiter.ReserveN(now, calls)
	delay := taken.DelayFrom(now)
	if !until.IsZero() && !now.Add(delay).Before(until) {
		taken.CancelAt(now)
		return false
	}
	return delay <= 0 || p.pause(ctx, delay) == nil
}

// enter takes a place at the host, waiting a little for one; leave gives it back.
// It returns how many of the row's calls are paid for, and whether there was a
// place. After a wait none are: the time that was taken for them is over, and all
// who waited would call at once.
func (p *pace) enter(ctx context.Context, host string) (paid int, entered bool) {
	places := p.placesAt(host)
	if places.TryAcquire(1) {
		return p.calls, true
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return 0, places.Acquire(ctx, 1) == nil
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
