package faults_test

import (
	"fmt"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/schedule"
	"signpost/shared/webex"
)

// next is what the new revision of the channels shows; the former one is the settings'.
const next = signage + "&next"

// rollouts are runs of the schedule that carry a rollout on, on the way out and back.
func rollouts() []useCase {
	return []useCase{
		{"rollout, a pilot is reached", func(w *world) func(*process) error {
			w.rolledOut()
			w.want[webex.DigitalSignage] = 1
			return w.verification()
		}},
		{"rollout, aborted", func(w *world) func(*process) error {
			w.rolledOut()
			_, err := w.verify(w.healthy())
			w.must(err)
			w.changeChannels(channel.Current.Abort)
			w.pass(3 * time.Minute)
			w.want[webex.DigitalSignage] = 1
			return w.verification()
		}},
	}
}

// rolledOut is an installation in sync, which a rollout is to reach first.
func (w *world) rolledOut() {
	w.t.Helper()
	w.activated()
	w.soonDue()
	_, err := w.verify(w.healthy()) // the pass, which is not the rollout's
	w.must(err)
	w.pass(10 * time.Second)
	w.rollout, w.walked = true, installation.Shards // one neighbour in each shard
	w.changeChannels(func(current channel.Current, now time.Time) (channel.Current, error) {
		return current.Start(channel.Plan{Stages: []installation.Stage{{Organizations: []string{w.org.ID()}}, {Share: 1}}, HaltAt: 1}, now)
	})
	w.check = w.rolloutEnds
}

func (w *world) channels() channel.Current {
	w.t.Helper()
	current, err := w.lab.store.CurrentChannels(w.t.Context())
	w.must(err)
	return current
}

func (w *world) changeChannels(change func(channel.Current, time.Time) (channel.Current, error)) {
	w.t.Helper()
	current, err := change(w.channels(), w.clock())
	w.must(err)
	_, err = w.lab.store.SaveCurrentChannels(w.t.Context(), current)
	w.must(err)
}

// readChannels brings the settings to the channels, as a new run does.
func (w *world) readChannels() {
	w.t.Helper()
	if !w.rollout {
		return
	}
	current := w.channels()
	shown := signage
	if current.Revision > 0 {
		shown = next
	}
	w.settings.Provided[webex.DigitalSignage] = lifecycle.Content{DeviceURL: shown}
	w.settings.Rollout, w.carriedOn = nil, &schedule.Rollout{Current: current}
	if !current.Active() {
		return
	}
	contents := map[webex.Feature]lifecycle.Content{webex.DigitalSignage: {DeviceURL: next}, webex.PersistentWebApp: {DeviceURL: webApp}}
	w.settings.Rollout = &lifecycle.Rollout{
		Channels: lifecycle.Channels{
			Contents: map[string]map[webex.Feature]lifecycle.Content{"next": contents}, Regions: map[string]string{home: "next", elsewhere: "next"},
		},
		Includes: current.Rollout.Includes,
	}
}

// rolloutDue is when there is something to do for a rollout, the zero time if there is
// none.
func (w *world) rolloutDue() time.Time {
	if !w.rollout || !w.channels().Active() {
		return time.Time{}
	}
	rollout := *w.channels().Rollout
	due := rollout.NotBefore
	if rollout.Lease.Held(w.clock()) && rollout.Lease.Until.After(due) {
		due = rollout.Lease.Until
	}
	if due.Before(w.clock()) {
		due = w.clock()
	}
	return due
}

// rolloutEnds checks that the rollout ends, and in which state.
func (w *world) rolloutEnds() []faults.Violation {
	w.t.Helper()
	_, found := w.schedule(w.look(), w.clock().Add(time.Hour))
	w.readChannels()
	switch current := w.channels(); {
	case current.Active():
		found = append(found, faults.Violation{Rule: faults.Settled, Seen: fmt.Sprintf("the rollout has not ended: %+v", current.Rollout)})
	case (current.Revision == current.Rollout.Revision) == current.Rollout.Aborted:
		found = append(found, faults.Violation{Rule: faults.Configured, Seen: fmt.Sprintf("revision %d is current after %+v", current.Revision, current.Rollout)})
	}
	return found
}
