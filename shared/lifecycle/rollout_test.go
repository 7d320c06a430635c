package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// rolloutWorld is a world whose schedule carries on a rollout of a new signage address.
type rolloutWorld struct {
	*world
	orgs []*webextest.Organization
}

const (
	former = signage
	next   = signage + "&next"
)

// newRolloutWorld returns one with so many organizations in sync, the first of which is
// the pilot.
func newRolloutWorld(t *testing.T, count int) *rolloutWorld {
	t.Helper()
	w := &rolloutWorld{world: newWorld(t)}
	w.verifyDue() // the first passes, which are not spread over the interval
	for n := range count {
		w.orgs = append(w.orgs, w.cloud.AddOrganization(fmt.Sprint("Customer ", n), home))
	}
	for _, org := range w.orgs {
		w.activateOrg(org)
	}
	return w
}

// channels reads the channels, and brings the settings to them, as a new run does.
func (w *rolloutWorld) channels() channel.Current {
	w.t.Helper()
	current, err := w.store.CurrentChannels(w.t.Context())
	w.must(err)
	w.settings.Rollout = nil
	address := map[bool]string{false: former, true: next}
	w.provide(webex.DigitalSignage, lifecycle.Content{DeviceURL: address[current.Revision > 0]})
	if current.Active() {
		everywhere := map[string]string{home: "next", elsewhere: "next"}
		contents := map[webex.Feature]lifecycle.Content{webex.DigitalSignage: {DeviceURL: next}, webex.PersistentWebApp: {DeviceURL: webApp}}
		w.settings.Rollout = &lifecycle.Rollout{
			Channels: lifecycle.Channels{Contents: map[string]map[webex.Feature]lifecycle.Content{"next": contents}, Regions: everywhere},
			Includes: current.Rollout.Includes,
		}
	}
	return current
}

// change stores a transition of the channels.
func (w *rolloutWorld) change(transition func(channel.Current) (channel.Current, error)) {
	w.t.Helper()
	current, err := w.store.CurrentChannels(w.t.Context())
	w.must(err)
	current, err = transition(current)
	w.must(err)
	_, err = w.store.SaveCurrentChannels(w.t.Context(), current)
	w.must(err)
}

func (w *rolloutWorld) start(plan channel.Plan) {
	w.t.Helper()
	w.change(func(c channel.Current) (channel.Current, error) { return c.Start(plan, w.clock()) })
}

// run is a run of the schedule a minute later.
func (w *rolloutWorld) run() schedule.Report {
	w.t.Helper()
	w.pass(time.Minute)
	current := w.channels()
	report, err := schedule.New(w.service(), w.store).VerifyDue(w.t.Context(), schedule.Run{Concurrency: 4, Rollout: &schedule.Rollout{Current: current, Store: w.store}})
	w.must(err)
	w.outside(current)
	return report
}

// holding returns how many organizations have the new address at Webex.
func (w *rolloutWorld) holding() int {
	count := 0
	for _, org := range w.orgs {
		stored, _ := w.cloud.Configuration(org.ID(), string(webex.DigitalSignage))
		if stored["signageUrl"] == next {
			count++
		}
	}
	return count
}

// outside fails the test if an organization outside the stages has the new address.
func (w *rolloutWorld) outside(current channel.Current) {
	w.t.Helper()
	if !current.Active() || current.Rollout.State == channel.Aborting {
		return
	}
	for _, org := range w.orgs {
		row, _ := w.storedOf(org)
		stored, _ := w.cloud.Configuration(org.ID(), string(webex.DigitalSignage))
		if stored["signageUrl"] == next && !current.Rollout.Reaches(row) {
			w.t.Errorf("%s has the new address, outside stage %d", org.ID(), current.Rollout.Stage+1)
		}
	}
}

// until runs the schedule until the rollout is in a state, and returns it.
func (w *rolloutWorld) until(state channel.RolloutState, stage int) channel.Rollout {
	w.t.Helper()
	for range 60 {
		w.run()
		if current := w.channels(); current.Rollout.State == state && current.Rollout.Stage == stage-1 {
			return *current.Rollout
		}
	}
	w.t.Fatalf("not %s at stage %d, but %+v", state, stage, w.channels().Rollout)
	return channel.Rollout{}
}

func (w *rolloutWorld) plan() channel.Plan {
	return channel.Plan{
		Stages: []installation.Stage{{Organizations: []string{w.orgs[0].ID()}}, {Share: 0.5}, {Share: 1}},
		Hold:   3 * time.Minute, HaltAt: 0.05,
	}
}

// wantPushesOf fails the test unless each organization was pushed so often at most.
func (w *rolloutWorld) wantPushesOf(most int) {
	w.t.Helper()
	for _, org := range w.orgs {
		if got := w.cloud.Pushes(org.ID(), string(webex.DigitalSignage)); got > most {
			w.t.Errorf("%s was pushed %d times, want %d at most", org.ID(), got, most)
		}
	}
}

func TestRolloutInStages(t *testing.T) {
	w := newRolloutWorld(t, 24)
	w.start(w.plan())
	if r := w.until(channel.Holding, 1); w.holding() != 1 {
		t.Fatalf("%d hold the new revision after the pilot: %+v", w.holding(), r)
	}
	for range 2 {
		w.run()
	}
	if w.channels().Rollout.Stage != 0 {
		t.Error("the next stage began too early")
	}
	w.until(channel.Holding, 2)
	half := w.holding()
	if half < 2 || half > 22 {
		t.Errorf("%d hold the new revision after half of all", half)
	}
	newcomer := w.cloud.AddOrganization("Newcomer", home)
	w.orgs = append(w.orgs, newcomer)
	w.activateOrg(newcomer)
	w.until(channel.Finished, 3)
	if current := w.channels(); w.holding() != len(w.orgs) || current.Revision != 1 {
		t.Errorf("%d hold the new revision at the end, which is %d", w.holding(), current.Revision)
	}
	w.pass(time.Hour)
	w.run() // the next pass finds everything in order
	w.wantPushesOf(2)
}

// A share of failures halts the rollout, and an abort takes everybody back by one push.
func TestRolloutHaltsAndIsAborted(t *testing.T) {
	w := newRolloutWorld(t, 24)
	for _, org := range w.orgs[5:18] {
		w.fault(webextest.Fault{Kind: webextest.KindSignage, Method: "PUT", OrgID: org.ID(), Status: 500})
	}
	w.start(w.plan())
	r := w.until(channel.Halted, 2)
	if r.Failed == 0 || !strings.Contains(w.log.text(), `"msg":"rollout"`) {
		t.Errorf("halted without a failure or a log line: %+v", r)
	}
	before := w.holding()
	w.pass(time.Hour) // a pass looks at everybody
	for range 3 {
		w.run()
	}
	if w.holding() != before {
		t.Error("a halted rollout went on")
	}
	w.cloud.ClearFaults()
	w.change(func(c channel.Current) (channel.Current, error) { return c.Abort(w.clock()) })
	w.until(channel.Finished, 2)
	if current := w.channels(); w.holding() != 0 || current.Revision != 0 {
		t.Errorf("%d still hold the new revision", w.holding())
	}
	w.wantPushesOf(3)
}

// A push whose reply is lost is taken back too, although no row says that it arrived.
func TestAbortAfterALostReply(t *testing.T) {
	w := newRolloutWorld(t, 1)
	w.start(w.plan())
	w.fault(webextest.Fault{Kind: webextest.KindSignage, Method: "PUT", LoseReply: true, Times: 1})
	w.run()
	if w.holding() != 1 {
		t.Fatal("the push did not arrive")
	}
	w.change(func(c channel.Current) (channel.Current, error) { return c.Abort(w.clock()) })
	w.until(channel.Finished, 1)
	if w.holding() != 0 {
		t.Error("the new revision is still at Webex")
	}
}

// Where Webex asked to wait, neither the next stages nor the pass that follows a rollout's
// end call it before.
func TestRolloutHonoursRetryAfter(t *testing.T) {
	w := newRolloutWorld(t, 1)
	plan := w.plan()
	plan.Hold, plan.HaltAt = 0, 1
	w.start(plan)
	w.fault(webextest.Fault{Kind: webextest.KindSignage, Method: "PUT", Status: 429, RetryAfter: "1200", Times: 1})
	w.run()
	w.cloud.ResetRequests()
	w.until(channel.Finished, 3)
	for range 3 {
		w.run()
	}
	if calls := w.count(webextest.KindSignage, "") + w.count(webextest.KindPWA, ""); calls > 0 {
		t.Errorf("%d calls before the time that Webex asked for", calls)
	}
	w.pass(20 * time.Minute)
	w.run()
	if w.holding() != 1 {
		t.Error("it was not tried again")
	}
}

// A paused rollout waits; a run that is overtaken by an abort stores nothing of its page.
func TestRolloutIsPausedDuringARun(t *testing.T) {
	w := newRolloutWorld(t, 6)
	plan := w.plan()
	plan.Stages = plan.Stages[2:]
	w.start(plan)
	w.pass(time.Minute)
	current := w.channels()
	w.once(webextest.KindSignage, "PUT", func() {
		w.change(func(c channel.Current) (channel.Current, error) { return c.Pause(w.clock()) })
	})
	_, err := schedule.New(w.service(), w.store).VerifyDue(t.Context(), schedule.Run{Concurrency: 1, Rollout: &schedule.Rollout{Current: current, Store: w.store}})
	wantErr(t, err, nil)
	if r := w.channels().Rollout; r.State != channel.Paused || r.Progress.Done > 6 {
		t.Errorf("%+v", r)
	}
	w.change(func(c channel.Current) (channel.Current, error) { return c.Resume(w.clock()) })
	w.until(channel.Finished, 1)
	if w.holding() != 6 {
		t.Errorf("%d hold the new revision", w.holding())
	}
	w.wantPushesOf(2)
	if _, err := w.store.SaveCurrentChannels(t.Context(), current); !errors.Is(err, channel.ErrChanged) {
		t.Errorf("a stale write: %v", err)
	}
}

// One run at a time carries a rollout on; one that died is replaced after its lease.
func TestRolloutOfARunThatDied(t *testing.T) {
	w := newRolloutWorld(t, 3)
	w.start(w.plan())
	w.change(func(c channel.Current) (channel.Current, error) {
		c.Rollout.Lease = installation.Lease{Owner: "dead", Until: w.clock().Add(150 * time.Second)}
		return c, nil
	})
	w.run()
	w.run()
	if w.holding() != 0 {
		t.Error("worked beside the run that holds the lease")
	}
	w.run()
	if w.holding() != 1 {
		t.Errorf("%d hold the new revision", w.holding())
	}
}

// A run that is cut off at any of its calls to Webex, on the way out or back, leaves one
// state: the next runs end the rollout, and nobody is pushed without need.
func TestRolloutIsCutOffAtEachCall(t *testing.T) {
	for _, abort := range []bool{false, true} {
		for call := 1; call <= 6; call++ {
			t.Run(fmt.Sprintf("aborting %t, call %d", abort, call), func(t *testing.T) {
				t.Parallel()
				w := newRolloutWorld(t, 3)
				plan := w.plan()
				plan.Stages = []installation.Stage{{Share: 1}, {Share: 1}} // all hold it before the end
				w.start(plan)
				want, last := len(w.orgs), 2
				if abort {
					w.run()
					w.change(func(c channel.Current) (channel.Current, error) { return c.Abort(w.clock()) })
					w.pass(3 * time.Minute)
					want, last = 0, 1
				}
				w.cutOff(call)
				w.until(channel.Finished, last)
				if got := w.holding(); got != want {
					t.Errorf("%d hold the new revision, want %d", got, want)
				}
				w.wantPushesOf(3) // at the activation, the new revision, and the former one or a repetition
			})
		}
	}
}

// cutOff is a run whose time ends while its n-th request is at Webex.
func (w *rolloutWorld) cutOff(n int) {
	w.t.Helper()
	current := w.channels()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	var requests atomic.Int64
	w.cloud.OnRequest(func(webextest.Request) {
		if requests.Add(1) == int64(n) {
			cancel()
		}
	})
	_, _ = schedule.New(w.service(), w.store).VerifyDue(ctx, schedule.Run{Concurrency: 1, Rollout: &schedule.Rollout{Current: current, Store: w.store}})
	w.cloud.OnRequest(nil)
}

// panicking is a store that panics at each write of one organization's row.
type panicking struct {
	lifecycle.Store
	orgKey string
}

func (p panicking) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	if i.OrgKey == p.orgKey {
		panic("a row that nobody thought of")
	}
	return p.Store.Save(ctx, i)
}

// TestAPanicCountsAsFailed: the rollout does not stop before that row for ever.
func TestAPanicCountsAsFailed(t *testing.T) {
	w := newRolloutWorld(t, 2)
	pilot := w.orgs[0].ID()
	w.start(channel.Plan{Stages: []installation.Stage{{Organizations: []string{pilot}}, {Share: 1}}, Rate: 1000, HaltAt: 0.01})
	for range 3 {
		w.pass(time.Minute)
		current := w.channels()
		_, err := schedule.New(w.over(panicking{w.store, pilot}), w.store).VerifyDue(t.Context(), schedule.Run{Concurrency: 4, Rollout: &schedule.Rollout{Current: current, Store: w.store}})
		w.must(err)
	}
	if got := w.channels().Rollout; got.State != channel.Halted || got.Failed != 1 {
		t.Errorf("%s, %d failed", got.State, got.Failed)
	}
}
