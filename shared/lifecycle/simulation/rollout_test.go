package simulation_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/race"
	"signpost/shared/webex"
)

// rolloutPlan is a rollout of another signage page: to pilots, 1 %, 10 %, and all.
type rolloutPlan struct {
	Customers, Pilots int
	Rate              float64 // calls per second of the rollout; verification has as many more
	Hold              time.Duration
	HaltAt            float64
	// Bad is whether Webex refuses the page in the last region, in which no pilot is. A
	// rollout that halts is aborted.
	Bad bool
}

// rollouts are what `make simulate` runs.
var rollouts = []rolloutPlan{
	{Customers: 1_000_000, Pilots: 100, Rate: 100, Hold: time.Hour, HaltAt: 0.01},
	{Customers: 1_000_000, Pilots: 100, Rate: 100, Hold: time.Hour, HaltAt: 0.01, Bad: true},
}

const (
	formerPage = "https://signage.example/"
	nextPage   = "https://signage.example/next"
)

// withRollout returns the settings under what is current.
func withRollout(s lifecycle.Settings, current channel.Current) lifecycle.Settings {
	page := map[bool]string{false: formerPage, true: nextPage}
	webApp := s.Provided[webex.PersistentWebApp]
	s.Provided = map[webex.Feature]lifecycle.Content{webex.DigitalSignage: {DeviceURL: page[current.Revision > 0]}, webex.PersistentWebApp: webApp}
	s.Rollout = nil
	if !current.Active() {
		return s
	}
	everywhere := map[string]string{}
	for _, region := range regions {
		everywhere[region] = "next"
	}
	next := map[webex.Feature]lifecycle.Content{webex.DigitalSignage: {DeviceURL: nextPage}, webex.PersistentWebApp: webApp}
	s.Rollout = &lifecycle.Rollout{
		Channels: lifecycle.Channels{Contents: map[string]map[webex.Feature]lifecycle.Content{"next": next}, Regions: everywhere},
		Includes: current.Rollout.Includes,
	}
	return s
}

// stageSeen is what was seen of a stage, at its end.
type stageSeen struct {
	name           string
	took           time.Duration
	calls, pushes  int
	holding, wrong int // customers with the new page, and those of them outside the stages
}

// rolloutSeen is what came of a rollout.
type rolloutSeen struct {
	stages []stageSeen
	peak   int
	most   int // pushes to one customer
	state  channel.Rollout
}

// roll carries the plan out to its end, and where it halts back again.
func roll(t *testing.T, p rolloutPlan) rolloutSeen {
	w := newWorld(t, p.Customers)
	w.rate, w.settings.VerifyInterval, w.rollout = 2*p.Rate, 24*time.Hour, true
	w.settings = withRollout(w.settings, channel.Current{})
	w.steady()
	pushes := make([]uint8, p.Customers)
	total := 0
	w.cloud.pushed = func(id, _ int) { pushes[id]++; total++ }
	w.cloud.refuses = func(id int, config webex.FeatureConfig) error {
		if p.Bad && config.DeviceURL == nextPage && w.region(id) == regions[2] {
			return &webex.APIError{Op: "PUT", Status: 400}
		}
		return nil
	}
	plan := channel.Plan{Stages: []installation.Stage{{}, {Share: 0.01}, {Share: 0.1}, {Share: 1}}, Rate: p.Rate, Hold: p.Hold, HaltAt: p.HaltAt}
	for id := 0; len(plan.Stages[0].Organizations) < p.Pilots; id++ {
		if w.region(id) != regions[2] {
			plan.Stages[0].Organizations = append(plan.Stages[0].Organizations, keyOf(id).OrgKey)
		}
	}
	w.change(func(c channel.Current) (channel.Current, error) { return c.Start(plan, time.Now()) })
	s := rolloutSeen{}
	began, calls, before := time.Now(), w.calls(), 0
	for {
		was := *w.table.current().Rollout
		next := time.Now().Add(time.Minute)
		w.minute()
		is := *w.table.current().Rollout
		if is.State != was.State && was.State != channel.Holding {
			s.stages = append(s.stages, stageSeen{
				name: fmt.Sprintf("stage %d, %s", was.Stage+1, is.State), took: is.ChangedAt.Sub(began), calls: w.calls() - calls, pushes: total - before,
			})
			w.count(&s.stages[len(s.stages)-1], is)
		}
		if is.State == channel.Running && was.State != channel.Running {
			began, calls, before = time.Now(), w.calls(), total
		}
		switch is.State {
		case channel.Finished:
			s.peak, s.state, s.most = w.peak(), is, int(slices.Max(pushes))
			return s
		case channel.Halted:
			w.change(func(c channel.Current) (channel.Current, error) { return c.Abort(time.Now()) })
			began, calls, before = time.Now(), w.calls(), total
		}
		time.Sleep(time.Until(next))
	}
}

func (w *world) change(change func(channel.Current) (channel.Current, error)) {
	current, err := change(w.table.current())
	if err == nil {
		_, err = w.table.SaveCurrentChannels(w.t.Context(), current)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// count counts the customers with the new page.
func (w *world) count(s *stageSeen, rollout channel.Rollout) {
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	for id, stored := range w.cloud.stored {
		if n := int(stored[0]) - firstPut; n < 0 || w.cloud.puts[n].DeviceURL != nextPage {
			continue
		}
		s.holding++
		if !rollout.Reaches(installation.Installation{Key: keyOf(id)}) {
			s.wrong++
		}
	}
}

// reportRollout is what is kept in infra/bench/results.
func reportRollout(p rolloutPlan, s rolloutSeen) string {
	what := "a rollout to %d pilots, 1 %%, 10 %% and all at %v calls per second, each stage held for %v"
	if p.Bad {
		what += ", of a page that Webex refuses in one of %d regions, in which no pilot is; it halts above %.0f %%, and is aborted"
		what = fmt.Sprintf(what, p.Pilots, p.Rate, p.Hold, len(regions), 100*p.HaltAt)
	} else {
		what = fmt.Sprintf(what, p.Pilots, p.Rate, p.Hold)
	}
	text := fmt.Sprintf("%s installations in %d regions, verified every 24h0m0s; %s\n\n| until | it took | calls of Webex meanwhile | pushes | with the new page then |\n| --- | ---: | ---: | ---: | ---: |\n",
		thousands(p.Customers), len(regions), what)
	for _, stage := range s.stages {
		text += fmt.Sprintf("| %s | %v | %s | %s | %s |\n", stage.name, stage.took.Round(time.Second), thousands(stage.calls), thousands(stage.pushes), thousands(stage.holding))
	}
	wrong := 0
	for _, stage := range s.stages {
		wrong = max(wrong, stage.wrong)
	}
	return text + fmt.Sprintf("\nMost calls in a second: %d. Most pushes to one customer: %d. Customers outside the stages with the new page: %d.\n", s.peak, s.most, wrong)
}

// TestRollout is the rollout of a million on a small scale.
func TestRollout(t *testing.T) {
	for name, bad := range map[string]bool{"to all": false, "halted": true} {
		t.Run(name, func(t *testing.T) {
			p := rolloutPlan{Customers: race.Share(20_000, 4000), Pilots: 30, Rate: 50, Hold: 10 * time.Minute, HaltAt: 0.01, Bad: bad}
			synctest.Test(t, func(t *testing.T) {
				s := roll(t, p)
				t.Log("\n" + reportRollout(p, s))
				for _, stage := range s.stages {
					if stage.wrong > 0 {
						t.Errorf("%s: %d customers outside the stages have the new page", stage.name, stage.wrong)
					}
				}
				last := s.stages[len(s.stages)-1]
				switch {
				case bad && (last.holding != 0 || !s.state.Aborted || s.state.Stage != 1 || s.most != 2):
					t.Errorf("aborted: %+v, %+v, %d pushes to one customer", s.state, last, s.most)
				case bad && s.stages[1].holding > p.Pilots+p.Customers/100:
					t.Errorf("%d had the page when it halted", s.stages[1].holding)
				case !bad && (last.holding != p.Customers || s.stages[0].holding != p.Pilots || len(s.stages) != 4 || s.most != 1):
					t.Errorf("in the end %d have the page, after the pilots %d, by %d pushes to one", last.holding, s.stages[0].holding, s.most)
				}
				if most := int(2*p.Rate) + 4; s.peak > most {
					t.Errorf("%d calls in a second", s.peak)
				}
				if allowed := 1.3*float64(last.calls)/p.Rate + 60; !bad && last.took.Seconds() > allowed {
					t.Errorf("the last stage took %v, want %.0f s", last.took, allowed)
				}
			})
		})
	}
}
