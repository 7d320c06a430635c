package model_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// channels are the deployment's, in memory. Each revision shows another signage address.
type channels struct {
	mu   sync.Mutex
	past []moment // the last one is current
}

// moment is what was current from some time on.
type moment struct {
	at      time.Time
	current channel.Current
}

func newChannels() *channels { return &channels{past: []moment{{at: time.Now()}}} }

// asOf returns what was current at a time.
func (c *channels) asOf(at time.Time) channel.Current {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := len(c.past) - 1; n > 0; n-- {
		if !c.past[n].at.After(at) {
			return c.past[n].current
		}
	}
	return c.past[0].current
}

func (c *channels) now() channel.Current { return c.asOf(time.Now()) }

// save makes next current if its version was read last.
func (c *channels) save(next channel.Current) (channel.Current, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.past[len(c.past)-1].current.Version != next.Version {
		return channel.Current{}, channel.ErrChanged
	}
	next.Version++
	next.Notice = "" // for the stream only
	c.past = append(c.past, moment{time.Now(), next})
	return next, nil
}

// since returns what was current at any time from then on.
func (c *channels) since(then time.Time) []channel.Current {
	all := []channel.Current{c.asOf(then)}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.past {
		if m.at.After(then) {
			all = append(all, m.current)
		}
	}
	return all
}

// SaveCurrentChannels is what a run of the schedule stores.
func (s *store) SaveCurrentChannels(ctx context.Context, next channel.Current) (saved channel.Current, err error) {
	err = s.call(ctx, "SaveCurrentChannels", false, func() error {
		saved, err = s.channels.save(next)
		return err
	})
	return saved, err
}

// withChannels returns settings under what is current.
func withChannels(s lifecycle.Settings, current channel.Current) lifecycle.Settings {
	s.Provided = showing(s.Provided, current.Revision)
	if !current.Active() {
		return s
	}
	regions := map[string]string{}
	for _, region := range []string{home, elsewhere, third, thief} {
		regions[region] = "next"
	}
	s.Rollout = &lifecycle.Rollout{
		Channels: lifecycle.Channels{Contents: map[string]map[webex.Feature]lifecycle.Content{"next": showing(s.Provided, current.Rollout.Revision)}, Regions: regions},
		Includes: current.Rollout.Includes,
	}
	return s
}

// showing returns what a revision shows, 0 for the settings alone.
func showing(provided map[webex.Feature]lifecycle.Content, revision int) map[webex.Feature]lifecycle.Content {
	shown := maps.Clone(provided)
	if revision > 0 {
		content := shown[webex.DigitalSignage]
		content.DeviceURL = revisionIn.ReplaceAllString(content.DeviceURL, "") + fmt.Sprint("&revision=", revision)
		shown[webex.DigitalSignage] = content
	}
	return shown
}

var revisionIn = regexp.MustCompile(`&revision=(\d+)`)

// knownLate is how long after a change some process may know only what was current before.
const knownLate = channel.CacheLife + time.Minute

// mayShow judges a push of a revision: that of the settings or of everybody, or of a rollout
// that reaches the organization. It knows nothing of rows: what a rollout has reached is
// recorded there, and whether it was allowed to is the question.
func (m *oracle) mayShow(org, address string) {
	found := revisionIn.FindStringSubmatch(address)
	shown := 0
	if found != nil {
		shown, _ = strconv.Atoi(found[1])
	}
	row := installation.Installation{Key: installation.Key{OrgKey: org}}
	for _, current := range m.channels.since(time.Now().Add(-knownLate)) {
		switch rollout := current.Rollout; {
		case current.Revision == shown:
			return
		case current.Active() && rollout.State != channel.Aborting && rollout.Revision == shown && rollout.Reaches(row):
			return
		}
	}
	m.wrong("%s was shown revision %d, outside the stages", m.name(org), shown)
}

// changeChannels is what the vendor does: it starts a rollout or applies a revision at once;
// during a rollout it pauses, resumes or aborts that, or tries a second change.
func (w *world) changeChannels(variant int) {
	current, now := w.store.channels.now(), time.Now()
	change := beginnings[variant%len(beginnings)]
	if current.Active() {
		change = transitions[variant%len(transitions)]
	}
	next, err := change(w, current, now)
	if err == nil {
		_, err = w.store.channels.save(next)
	}
	w.trail.note("channels: %v", err)
}

// change is a change of the channels.
type change func(w *world, current channel.Current, now time.Time) (channel.Current, error)

var (
	beginnings = []change{
		inStages(installation.Stage{}, installation.Stage{Share: 0.5}, installation.Stage{Share: 1}),
		inStages(installation.Stage{Share: 0.5}, installation.Stage{Share: 1}),
		func(_ *world, current channel.Current, _ time.Time) (channel.Current, error) { return current.Apply() },
	}
	transitions = []change{
		func(_ *world, current channel.Current, now time.Time) (channel.Current, error) {
			return current.Pause(now)
		},
		resume, resume, abort, abort,
		func(w *world, current channel.Current, now time.Time) (channel.Current, error) {
			next, err := beginnings[0](w, current, now)
			if err == nil {
				w.model.mu.Lock()
				defer w.model.mu.Unlock()
				w.model.wrong("a second change began during a rollout")
			}
			return next, err
		},
	}
)

func resume(_ *world, current channel.Current, now time.Time) (channel.Current, error) {
	return current.Resume(now)
}

func abort(_ *world, current channel.Current, now time.Time) (channel.Current, error) {
	return current.Abort(now)
}

// inStages starts a rollout; an empty stage is a pilot.
func inStages(stages ...installation.Stage) change {
	return func(w *world, current channel.Current, now time.Time) (channel.Current, error) {
		plan := channel.Plan{Stages: slices.Clone(stages), Hold: 20 * time.Minute, HaltAt: 0.4}
		if stages[0].Share == 0 {
			plan.Stages[0].Organizations = []string{w.orgs[0].ID()}
		}
		return current.Start(plan, now)
	}
}

// mostRuns is how many runs a rollout takes at most that nothing hinders.
const mostRuns = 60

// endRollout carries a rollout to its end: one that halts again and again, since a customer
// cannot be reached, is aborted.
func (w *world) endRollout(ctx context.Context) {
	worker := w.newWorker("end of the rollout", calm, 0)
	for n := range mostRuns {
		current := w.store.channels.now()
		if !current.Active() {
			return
		}
		next, err := current, error(nil)
		switch state := current.Rollout.State; {
		case n > mostRuns/2 && state != channel.Aborting:
			next, err = current.Abort(time.Now())
		case state == channel.Paused || state == channel.Halted:
			next, err = current.Resume(time.Now())
		}
		if err == nil && next.Rollout != current.Rollout {
			_, err = w.store.channels.save(next)
		}
		_ = must(next, err)
		w.verify(worker.context(ctx), 2)
		time.Sleep(period)
	}
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	w.model.wrong("after %d runs the rollout is %+v", mostRuns, w.store.channels.now().Rollout)
}
