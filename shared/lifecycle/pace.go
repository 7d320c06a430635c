package lifecycle

import (
	"context"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

const (
	// crowd is how many rows are begun at a time, in multiples of what may be
	// worked on at one host: where two of the three commercial regions hang, the
	// third is still served.
	crowd = 3
	// queue is for how long, where the rate allows for a crowd at all, the rows
	// that are begun have calls to make at most: what is begun when the run takes
	// nothing new is to be finished in what is left of its time.
	queue = 5 * time.Second
	// patience is how long a row that was begun waits for a place at its host.
	patience = 2 * time.Second
)

// pace is how fast one run calls Webex: no faster in all than its rate, and with
// no more than so many rows at one host.
type pace struct {
	limiter *rate.Limiter // nil: as fast as it goes
	width   int           // rows at one host
	rows    int           // rows at a time
	now     func() time.Time
	pause   func(context.Context, time.Duration) error

	mu     sync.Mutex
	places map[string]*semaphore.Weighted
}

func (s *Service) paceOf(run Run, shards int) *pace {
	p := &pace{width: max(1, run.Concurrency), now: s.now, pause: s.pause, places: map[string]*semaphore.Weighted{}}
	p.rows = crowd * p.width
	if limit := run.share(shards); limit > 0 {
		p.limiter = rate.NewLimiter(rate.Limit(limit), len(webex.Features))
		p.rows = min(p.rows, max(crowd, int(limit*queue.Seconds())/mostCalls))
		p.width = min(p.width, p.rows/crowd)
	}
	return p
}

// take takes so many calls from the run's rate, and waits until they fit into it.
func (p *pace) take(ctx context.Context, calls int) error {
	if delay := p.charge(calls); delay > 0 {
		return p.pause(ctx, delay)
	}
	return nil
}

// charge takes so many calls from the run's rate and returns how long they are to
// wait. Whoever does not lets the others wait.
func (p *pace) charge(calls int) (delay time.Duration) {
	if p.limiter == nil {
		return 0
	}
	now := p.now()
	for range calls { // one by one: the limiter refuses more than its burst at once
		delay = p.limiter.ReserveN(now, 1).DelayFrom(now)
	}
	return delay
}

// enter waits until the calls of a row fit into the run's rate, then a little for
// a place at the host; leave gives it back. So no place is held by who waits for
// the rate, but by those who had to wait for a place: they pay once more, lest all
// of them call at once.
func (p *pace) enter(ctx context.Context, host string, calls int) error {
	if err := p.take(ctx, calls); err != nil {
		return err
	}
	places := p.placesAt(host)
	if places.TryAcquire(1) {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if places.Acquire(waiting, 1) != nil {
		return errNoPlace
	}
	if err := p.take(ctx, calls); err != nil {
		p.leave(host)
		return err
	}
	return nil
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

// mostCalls is what the work on a row costs at most, if nothing is out of the
// ordinary: the token, the PATCH, and a GET and a PUT for each feature.
var mostCalls = 2 + 2*len(webex.Features)

// callsOf is what the work is going to cost, as far as that is known before:
// that Webex has lost or altered something is not. It is 0 where the pace counts
// no calls.
func (s *Service) callsOf(ctx context.Context, work installation.Work, p *pace) int {
	switch {
	case p.limiter == nil:
		return 0
	case work.Candidate != nil:
		return mostCalls
	case s.retries(ctx, *work.Installation):
		return mostCalls
	case work.Installation.State != installation.Active:
		return 0
	}
	row, calls := *work.Installation, 0
	if !usable(row, s.now()) {
		calls++
	}
	if row.ToldActionsURL != s.settings.actionsURL(row) {
		calls++
	}
	if s.comparesApp(row) {
		calls++
	}
	for _, name := range webex.Features {
		verdict := s.settings.Judge(row, name, nil, s.now())
		if !verdict.asksWebex {
			continue
		}
		calls++
		if verdict.Wanted != nil && !verdict.PushedWanted {
			calls++
		}
	}
	return calls
}

// hostOfWork names the host that work is going to call first, "" for none.
func (s *Service) hostOfWork(ctx context.Context, work installation.Work) string {
	if work.Candidate != nil {
		return hostOf(work.Candidate.URLs.App)
	}
	if work.Installation.State != installation.Active && !s.retries(ctx, *work.Installation) {
		return ""
	}
	for name := range s.settings.Provided {
		if endpoint := work.Installation.Features[name].Endpoint; endpoint != "" {
			return hostOf(endpoint)
		}
	}
	return hostOf(work.Installation.URLs.App)
}
