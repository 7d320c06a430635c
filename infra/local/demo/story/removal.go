package story

import (
	"context"
	"net/http"

	"signpost/shared/webex"
)

// keepsakes are from before the removal: Webex issues none afterwards.
type keepsakes struct {
	health, launch string // tokens
	code           string // of a launch that nobody redeemed
}

func (s *story) gather(ctx context.Context) (k keepsakes, err error) {
	for action, token := range map[webex.Action]*string{webex.HealthCheck: &k.health, webex.CrossLaunch: &k.launch} {
		minted, err := s.control.press(ctx, s.org.ID, "mintAction", map[string]any{"action": action})
		if err != nil {
			return k, err
		}
		*token = minted.JWT
	}
	launched, err := s.launch(ctx)
	k.code = launchCode(launched.RedirectURL)
	return k, err
}

func (s *story) deprovision(ctx context.Context) error {
	kept, err := s.gather(ctx)
	if err != nil {
		return err
	}
	if err := s.nextSecond(ctx); err != nil {
		return err
	}
	reply, err := s.control.press(ctx, s.org.ID, "deprovision", nil)
	if err != nil {
		return err
	}
	if err := expect("Our answer", "200", reply.String()); err != nil {
		return err
	}
	if err := s.checkGone(ctx); err != nil {
		return err
	}
	return s.checkRefused(ctx, kept)
}

// checkGone checks that Webex holds nothing any more.
func (s *story) checkGone(ctx context.Context) error {
	org, err := s.control.organization(ctx, s.org.ID)
	if err != nil {
		return err
	}
	saw := "holds nothing"
	if org.Installation != nil || len(org.Configurations) > 0 {
		saw = canonical(map[string]any{"installation": org.Installation, "configurations": org.Configurations})
	}
	if err := expect("Webex", "holds nothing", saw); err != nil {
		return err
	}
	if err := s.expectBoard(ctx, nothing); err != nil {
		return err
	}
	s.show("Our answer", "200, and Webex holds nothing, the board shows nothing")
	return nil
}

// checkRefused checks that the organization is nobody to us any more.
func (s *story) checkRefused(ctx context.Context, kept keepsakes) error {
	acted, err := s.act(ctx, kept.health)
	if err != nil {
		return err
	}
	if err := s.check("Health check", "404 unknown_installation", acted.String()); err != nil {
		return err
	}
	path := "/crossLaunch/" + string(webex.DigitalSignage) + "/assignContent"
	launched, err := s.api.send(ctx, http.MethodPost, path, map[string]any{"jwt": kept.launch, "devices": []any{}}, nil)
	if err != nil {
		return err
	}
	if err := s.check("A new launch", "404 unknown_installation", launched.String()); err != nil {
		return err
	}
	redeemed, err := s.redeemCode(ctx, kept.code, s.contentKey)
	if err != nil {
		return err
	}
	return s.check("An old launch", "404 unknown_launch", redeemed.String())
}
