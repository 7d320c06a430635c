package story

import (
	"context"

	"signpost/shared/webex"
)

// deprovision removes the integration, and checks that tokens and a launch code
// from before the removal are refused. Webex issues none afterwards.
func (s *story) deprovision(ctx context.Context) {
	health := s.press(ctx, "mintAction", map[string]any{"action": webex.HealthCheck}).JWT
	launch := s.press(ctx, "mintAction", map[string]any{"action": webex.CrossLaunch}).JWT
	code := launchCode(s.launch(ctx).RedirectURL)
	s.keep(s.nextSecond(ctx))
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
