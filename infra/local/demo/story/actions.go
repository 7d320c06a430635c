package story

import (
	"context"
	"fmt"
	"strings"

	"signpost/infra/local/client"
	"signpost/shared/webex"
)

func (s *story) approveUpdate(ctx context.Context) {
	reply := s.press(ctx, "approveUpdate", nil)
	s.expect("Response", "200", reply.String())
	repeated := s.act(ctx, reply.JWT)
	s.expect("Sent again", "409 token_replayed", repeated.String())
	s.show("Response", "200, and "+repeated.String()+" when it is sent again")
	s.checkControlHub(ctx, 2)
	s.checkPushes(ctx)
}

func (s *story) move(ctx context.Context) {
	reply := s.press(ctx, "move", map[string]string{"region": s.other})
	s.check("Response", "200", reply.String())
	org := s.look(ctx)
	s.org.Sub = org.Sub // it names the region's cluster
	s.check("Endpoints", s.inRegion(s.other), s.endpoints(org))
	for _, feature := range webex.Features {
		s.expectConfiguration(ctx, feature)
	}
	s.checkControlHub(ctx, 2)
	s.verify(ctx, "Verification", 0) // fails at the old region, which answers 410
	s.checkPushes(ctx)
}

func (s *story) inRegion(region string) string {
	return fmt.Sprintf("in %s, where both configurations are stored", region)
}

// endpoints describes the region of the installation's addresses at Webex.
func (s *story) endpoints(org client.Organization) string {
	if org.Installation == nil {
		return "none"
	}
	prefix := s.cloud.BaseURL + "/" + org.Region + "/"
	for _, address := range []string{org.Installation.AppURL, org.Installation.SignageURL, org.Installation.PWAURL} {
		if !strings.HasPrefix(address, prefix) {
			return fmt.Sprintf("%q", address)
		}
	}
	return s.inRegion(org.Region)
}

func (s *story) checkHealth(ctx context.Context) {
	reply := s.press(ctx, "healthCheck", nil)
	var health struct{ OperationalState, TokensState string }
	s.decode(reply.Answer(), &health)
	s.check("Response", "200 operational, tokens valid", fmt.Sprintf("%s %s, tokens %s", reply, health.OperationalState, health.TokensState))
	saw := "not installed"
	if i := s.look(ctx).Installation; i != nil {
		saw = fmt.Sprintf("%s, tokens %s", i.OperationalState, i.TokensState)
	}
	s.check("Control Hub", "operational, tokens valid", saw)
}

// deprovision removes the integration, and checks that tokens and a launch code
// from before the removal are refused. Webex issues none afterwards.
func (s *story) deprovision(ctx context.Context) {
	health := s.press(ctx, "mintAction", map[string]any{"action": webex.HealthCheck}).JWT
	launch := s.press(ctx, "mintAction", map[string]any{"action": webex.CrossLaunch}).JWT
	code := client.LaunchCode(s.launch(ctx).RedirectURL)
	s.record(s.nextSecond(ctx))
	s.expect("Response", "200", s.press(ctx, "deprovision", nil).String())
	s.expectNothingStored(ctx)
	s.expectBoard(ctx, nothing)
	s.show("Response", "200; Webex stores nothing, the board shows nothing")
	s.check("Health check", "404 unknown_installation", s.act(ctx, health).String())
	launched := s.post(ctx, "/crossLaunch/"+string(webex.DigitalSignage)+"/assignContent", map[string]any{"jwt": launch, "devices": []any{}}, nil)
	s.check("New launch", "404 unknown_installation", launched.String())
	s.check("Old launch", "404 unknown_launch", s.redeemCode(ctx, code, s.contentKey).String())
}

func (s *story) expectNothingStored(ctx context.Context) {
	org, saw := s.look(ctx), "stores nothing"
	if org.Installation != nil || len(org.Configurations) > 0 {
		saw = canonical(map[string]any{"installation": org.Installation, "configurations": org.Configurations})
	}
	s.expect("Webex", "stores nothing", saw)
}
