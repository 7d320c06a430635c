package story

import (
	"context"
	"fmt"
	"time"

	"signpost/shared/webex"
)

// names of the features, for people.
var names = map[webex.Feature]string{webex.DigitalSignage: "Signage", webex.PersistentWebApp: "Web app"}

func (s *story) activate(ctx context.Context) error {
	reply, err := s.control.press(ctx, s.org.ID, "activate", nil)
	s.activatedAt = time.Now()
	if err != nil {
		return err
	}
	var body struct {
		State    string
		Features map[webex.Feature]string
	}
	if err := (answer{status: reply.Status, body: reply.Body}).into(&body); err != nil {
		return err
	}
	saw := fmt.Sprintf("%s %s, signage %s, web app %s", reply, body.State, body.Features[webex.DigitalSignage], body.Features[webex.PersistentWebApp])
	if err := s.check("Our answer", "200 active, signage in_sync, web app in_sync", saw); err != nil {
		return err
	}
	return s.checkControlHub(ctx, 1)
}

// checkControlHub checks what Control Hub shows of an integration that works.
func (s *story) checkControlHub(ctx context.Context, manifestVersion int) error {
	org, err := s.control.organization(ctx, s.org.ID)
	if err != nil {
		return err
	}
	want := fmt.Sprintf("completed, manifest version %d, actions to %s/actions", manifestVersion, s.deployed.base)
	saw := "not installed"
	if i := org.Installation; i != nil {
		saw = fmt.Sprintf("%s, manifest version %d, actions to %s", i.ProvisioningState, i.ManifestVersion, i.ActionsURL)
		if !i.FullyProvisioned {
			saw += ", but not fully provisioned"
		}
	}
	return s.check("Control Hub", want, saw)
}

func (s *story) showConfigurations(ctx context.Context) error {
	for _, feature := range webex.Features {
		if err := s.checkConfiguration(ctx, feature); err != nil {
			return err
		}
		s.pushes[feature] = 1
	}
	if err := s.checkBoard(ctx, s.deployed.content[webex.DigitalSignage]); err != nil {
		return err
	}
	saw, err := s.control.deviceURL(ctx, s.org.ID, s.navigator.ID)
	if err != nil {
		return err
	}
	if err := s.check("Navigator", s.shows(s.deployed.content[webex.PersistentWebApp], s.navigator), saw); err != nil {
		return err
	}
	return s.checkPushes(ctx)
}

// expectConfiguration is an error unless Webex stores just what the deployment
// wants.
func (s *story) expectConfiguration(ctx context.Context, feature webex.Feature) error {
	org, err := s.control.organization(ctx, s.org.ID)
	if err != nil {
		return err
	}
	saw := nothing
	if stored, is := org.Configurations[feature]; is {
		saw = canonical(stored)
	}
	return expect(names[feature], canonical(s.deployed.configuration(feature)), saw)
}

// checkConfiguration is expectConfiguration that is told.
func (s *story) checkConfiguration(ctx context.Context, feature webex.Feature) error {
	if err := s.expectConfiguration(ctx, feature); err != nil {
		return err
	}
	s.show(names[feature], "stored, launches to "+s.deployed.base+"/crossLaunch/"+string(feature)+"/…")
	return nil
}

// expectBoard is an error unless the first board fetches an address, with the
// board's own values in it.
func (s *story) expectBoard(ctx context.Context, address string) error {
	saw, err := s.control.deviceURL(ctx, s.org.ID, s.boards[0].ID)
	if err != nil {
		return err
	}
	want := nothing
	if address != nothing {
		want = s.shows(address, s.boards[0])
	}
	return expect("Board", want, saw)
}

// checkBoard is expectBoard that is told.
func (s *story) checkBoard(ctx context.Context, address string) error {
	if err := s.expectBoard(ctx, address); err != nil {
		return err
	}
	if address != nothing {
		address = s.shows(address, s.boards[0])
	}
	s.show("Board", address)
	return nil
}

// checkAsFirst checks that the board shows what it did in the beginning, and
// what Webex counted.
func (s *story) checkAsFirst(ctx context.Context) error {
	if err := s.expectBoard(ctx, s.deployed.content[webex.DigitalSignage]); err != nil {
		return err
	}
	if err := s.expectPushes(ctx); err != nil {
		return err
	}
	s.show("Board", "as in step 2; pushes so far: "+s.pushes.String())
	return nil
}

// expectPushes is an error unless Webex counted what it should.
func (s *story) expectPushes(ctx context.Context) error {
	org, err := s.control.organization(ctx, s.org.ID)
	if err != nil {
		return err
	}
	return expect("Pushes so far", s.pushes.String(), org.Pushes.String())
}

// checkPushes is expectPushes that is told.
func (s *story) checkPushes(ctx context.Context) error {
	if err := s.expectPushes(ctx); err != nil {
		return err
	}
	s.show("Pushes so far", s.pushes.String())
	return nil
}
