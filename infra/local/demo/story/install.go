package story

import (
	"context"
	"fmt"
	"time"

	"signpost/infra/local/client"
	"signpost/shared/webex"
)

// labels of the features in the output.
var labels = map[webex.Feature]string{webex.DigitalSignage: "Signage", webex.PersistentWebApp: "Web app"}

func (s *story) activate(ctx context.Context) {
	s.checkActivated(s.press(ctx, "activate", nil).Answer())
	s.checkControlHub(ctx, 1)
}

// checkActivated checks the response to an activation code.
func (s *story) checkActivated(answer client.Answer) {
	s.activatedAt = time.Now()
	var body struct {
		State    string
		Features map[webex.Feature]string
	}
	s.decode(answer, &body)
	s.check("Response", "200 active, signage in_sync, web app in_sync",
		fmt.Sprintf("%s %s, signage %s, web app %s", answer, body.State, body.Features[webex.DigitalSignage], body.Features[webex.PersistentWebApp]))
}

// checkControlHub checks what Control Hub shows of a working integration.
func (s *story) checkControlHub(ctx context.Context, manifestVersion int) {
	want := fmt.Sprintf("completed, manifest version %d, actions to %s/actions", manifestVersion, s.deployed.base)
	saw := "not installed"
	if i := s.look(ctx).Installation; i != nil {
		saw = fmt.Sprintf("%s, manifest version %d, actions to %s", i.ProvisioningState, i.ManifestVersion, i.ActionsURL)
		if !i.FullyProvisioned {
			saw += ", but not fully provisioned"
		}
	}
	s.check("Control Hub", want, saw)
}

func (s *story) showConfigurations(ctx context.Context) {
	for _, feature := range webex.Features {
		s.checkConfiguration(ctx, feature)
		s.pushes[feature] = 1
	}
	s.checkBoard(ctx, s.deployed.content[webex.DigitalSignage])
	s.check("Navigator", s.shows(s.deployed.content[webex.PersistentWebApp], s.navigator), s.deviceURL(ctx, s.navigator))
	s.checkPushes(ctx)
}

// expectConfiguration requires that Webex stores exactly what the deployment
// wants.
func (s *story) expectConfiguration(ctx context.Context, feature webex.Feature) {
	saw := nothing
	if stored, is := s.look(ctx).Configurations[feature]; is {
		saw = canonical(stored)
	}
	s.expect(labels[feature], canonical(s.deployed.configuration(feature)), saw)
}

func (s *story) checkConfiguration(ctx context.Context, feature webex.Feature) {
	s.expectConfiguration(ctx, feature)
	s.show(labels[feature], "stored, launches to "+s.deployed.base+"/crossLaunch/"+string(feature)+"/…")
}

// expectBoard requires that the first board loads an address, with the board's
// own values filled in, or nothing. It returns that address.
func (s *story) expectBoard(ctx context.Context, address string) string {
	if address != nothing {
		address = s.shows(address, s.boards[0])
	}
	s.expect("Board", address, s.deviceURL(ctx, s.boards[0]))
	return address
}

func (s *story) checkBoard(ctx context.Context, address string) {
	s.show("Board", s.expectBoard(ctx, address))
}

// checkUnchanged checks that the board shows what it did in step 2, and the
// number of pushes.
func (s *story) checkUnchanged(ctx context.Context) {
	s.expectBoard(ctx, s.deployed.content[webex.DigitalSignage])
	s.expectPushes(ctx)
	s.show("Board", "as in step 2; pushes so far: "+s.pushes.String())
}

func (s *story) expectPushes(ctx context.Context) {
	s.expect("Pushes so far", s.pushes.String(), s.look(ctx).Pushes.String())
}

func (s *story) checkPushes(ctx context.Context) {
	s.expectPushes(ctx)
	s.show("Pushes so far", s.pushes.String())
}
