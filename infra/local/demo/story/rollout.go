// The steps of a rollout: three customers, of whom one is the pilot. What the pilot is shown
// fails, so that the others never get it.

package story

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"signpost/infra/local/client"
	"signpost/shared/channel"
	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// demoChannel is the channel of the story's three customers. Without the new revision it
// does not exist, and they have the default one.
const demoChannel = "demo"

var pilotNames = []string{"Pilot", "Second", "Third"}

// pilots are the three customers of the rollout, the first of whom is the pilot, and what
// was current before it.
type pilots struct {
	store  *dynamo.Store
	orgs   []client.Organization
	before *channel.Current // nil: nothing was changed
}

// newPilots adds the customers and assigns them to the demo's channel, as the vendor's
// command does.
func (s *story) newPilots(ctx context.Context) error {
	table, err := dynamo.Open(s.deployed.variables)
	if err != nil {
		return err
	}
	s.pilots.store = dynamo.New(table, s.deployed.variables["INSTALLATIONS_TABLE"])
	vendor, err := lifecycle.NewVendor(s.pilots.store, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	for _, name := range pilotNames {
		org, err := s.control.AddOrganization(ctx, s.org.Name+", "+name, s.home)
		if err != nil {
			return err
		}
		s.pilots.orgs = append(s.pilots.orgs, org)
		reply, err := s.control.Press(ctx, org.ID, "activate", nil)
		s.activatedAt = time.Now()
		if err == nil && reply.Status != http.StatusOK {
			err = fmt.Errorf("the activation of %q: %s", org.Name, reply)
		}
		if err == nil {
			_, err = vendor.AssignChannel(ctx, installation.Key{OrgKey: org.ID, AppID: s.app}, demoChannel)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *story) startRollout(ctx context.Context) {
	s.turnTo(s.cloud.AppID)
	s.record(s.newPilots(ctx))
	if s.err != nil {
		return
	}
	s.run(ctx) // what else is due, so that the rest is the rollout's
	s.record(s.startNext(ctx))
	s.run(ctx)
	s.checkShown(ctx, true)
	s.checkRollout(ctx, channel.Holding)
}

// nextURL is what the demo's channel shows.
func (s *story) nextURL() string {
	return withParameter(s.deployed.content[webex.DigitalSignage], parameterEdition, "rollout")
}

// startNext makes the current channels with the demo's the next revision, in two stages.
func (s *story) startNext(ctx context.Context) error {
	current, err := s.pilots.store.CurrentChannels(ctx)
	if err != nil {
		return err
	}
	before := current
	document := channel.Document{Channels: map[string]channel.Channel{}}
	if current.Revision > 0 {
		revision, err := s.pilots.store.ChannelRevision(ctx, current.Revision)
		if err != nil {
			return err
		}
		maps.Copy(document.Channels, revision.Document.Channels)
	}
	document.Channels[demoChannel] = channel.Channel{Settings: map[string]string{variableSignage: s.nextURL()}}
	now := time.Now()
	current, err = current.Start(channel.Plan{
		Stages: []installation.Stage{{Organizations: []string{s.pilots.orgs[0].ID}}, {Share: 1}}, HaltAt: channel.DefaultHaltAt,
	}, now)
	if err == nil {
		_, err = s.pilots.store.AddChannelRevision(ctx, current, document, now)
	}
	if err == nil {
		s.pilots.before = &before
	}
	return err
}

// run runs the schedule once.
func (s *story) run(ctx context.Context) {
	_ = try(s, func() (client.Report, error) { return s.lambda.Run(ctx) })
}

// checkShown checks what the first board of each of the three shows.
func (s *story) checkShown(ctx context.Context, rolledOut bool) {
	former, next := s.deployed.content[webex.DigitalSignage], s.nextURL()
	for n, org := range s.pilots.orgs {
		want := former
		if rolledOut && n == 0 {
			want = next
		}
		board := org.Devices[slices.IndexFunc(org.Devices, func(d client.Device) bool { return d.Kind == "signage" })]
		saw := try(s, func() (string, error) {
			shown, err := s.control.DeviceURL(ctx, org.ID, board.ID)
			return cmp.Or(shown, nothing), err
		})
		s.expect(pilotNames[n], s.showsIn(org, want, board), saw)
	}
	who := "all three show the former page"
	if rolledOut {
		who = "the pilot shows the new page, the others the former one"
	}
	s.show("Boards", who)
}

func (s *story) checkRollout(ctx context.Context, want channel.RolloutState) {
	current := try(s, func() (channel.Current, error) { return s.pilots.store.CurrentChannels(ctx) })
	if current.Rollout != nil {
		s.check("Rollout", string(want), string(current.Rollout.State))
	}
}

func (s *story) haltRollout(ctx context.Context) {
	pilot := s.pilots.orgs[0]
	s.record(s.control.FailOnce(ctx, pilot.ID, "signage", http.MethodGet, http.StatusInternalServerError))
	failed := try(s, func() (client.Report, error) { return s.lambda.Verify(ctx, pilot.ID) })
	s.check("Pilot", client.Report{Failed: 1}.String(), failed.String())
	s.run(ctx)
	s.checkRollout(ctx, channel.Halted)
	s.run(ctx)
	s.checkShown(ctx, true)
}

func (s *story) abortRollout(ctx context.Context) {
	current := try(s, func() (channel.Current, error) { return s.pilots.store.CurrentChannels(ctx) })
	if s.err != nil {
		return
	}
	current, err := current.Abort(time.Now())
	if err == nil {
		_, err = s.pilots.store.SaveCurrentChannels(ctx, current)
	}
	s.record(err)
	s.checkRollout(ctx, channel.Aborting)
	saw := try(s, func() (client.Report, error) { return s.lambda.Verify(ctx, s.pilots.orgs[0].ID) })
	s.check("Pilot", client.Report{Verified: 1, Pushed: 1}.String(), saw.String())
	s.checkShown(ctx, false)
	for n, org := range s.pilots.orgs[1:] {
		looked := try(s, func() (client.Organization, error) { return s.control.Organization(ctx, org.ID) })
		s.expect(pilotNames[n+1], client.Pushes{webex.DigitalSignage: 1, webex.PersistentWebApp: 1}.String(), looked.Pushes.String())
	}
	s.show("Others", "one push each, that of their activation")
}

// forgetRollout removes the three customers, and then the rollout, which has none left.
func (s *story) forgetRollout(ctx context.Context) error {
	var errs []error
	for _, org := range s.pilots.orgs {
		errs = append(errs, s.uninstall(ctx, org.ID))
	}
	for s.pilots.before != nil {
		current, err := s.pilots.store.CurrentChannels(ctx)
		if err == nil {
			current.Rollout = s.pilots.before.Rollout
			_, err = s.pilots.store.SaveCurrentChannels(ctx, current)
		}
		if !errors.Is(err, channel.ErrChanged) { // a run stores how far it has come
			return errors.Join(append(errs, err)...)
		}
	}
	return errors.Join(errs...)
}
