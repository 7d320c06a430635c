package story

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"signpost/shared/webex"
)

func (s *story) approveUpdate(ctx context.Context) error {
	reply, err := s.control.press(ctx, s.org.ID, "approveUpdate", nil)
	if err != nil {
		return err
	}
	if err := expect("Our answer", "200", reply.String()); err != nil {
		return err
	}
	repeated, err := s.act(ctx, reply.JWT)
	if err != nil {
		return err
	}
	if err := expect("Sent again", "409 token_replayed", repeated.String()); err != nil {
		return err
	}
	s.show("Our answer", "200, and "+repeated.String()+" when it is sent again")
	if err := s.checkControlHub(ctx, 2); err != nil {
		return err
	}
	return s.checkPushes(ctx)
}

// act posts a token to us as Webex posts management actions.
func (s *story) act(ctx context.Context, token string) (answer, error) {
	return s.api.send(ctx, http.MethodPost, "/actions", map[string]string{"jwt": token}, nil)
}

func (s *story) move(ctx context.Context) error {
	reply, err := s.control.press(ctx, s.org.ID, "move", map[string]string{"region": s.other})
	if err != nil {
		return err
	}
	if err := s.check("Our answer", "200", reply.String()); err != nil {
		return err
	}
	org, err := s.control.organization(ctx, s.org.ID)
	if err != nil {
		return err
	}
	s.org.Sub = org.Sub // it names the region's cluster
	if err := s.check("Endpoints", s.inRegion(s.other), s.endpoints(org)); err != nil {
		return err
	}
	for _, feature := range webex.Features {
		if err := s.expectConfiguration(ctx, feature); err != nil {
			return err
		}
	}
	if err := s.checkControlHub(ctx, 2); err != nil {
		return err
	}
	// The old region answers 410: who still asked there would fail.
	if err := s.verify(ctx, "Verification", 0); err != nil {
		return err
	}
	return s.checkPushes(ctx)
}

func (s *story) inRegion(region string) string {
	return fmt.Sprintf("in %s, where both configurations are stored", region)
}

// endpoints says in which region Webex has the installation's.
func (s *story) endpoints(org organization) string {
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

func (s *story) checkHealth(ctx context.Context) error {
	reply, err := s.control.press(ctx, s.org.ID, "healthCheck", nil)
	if err != nil {
		return err
	}
	var health struct{ OperationalState, TokensState string }
	if err := (answer{status: reply.Status, body: reply.Body}).into(&health); err != nil {
		return err
	}
	saw := fmt.Sprintf("%s %s, tokens %s", reply, health.OperationalState, health.TokensState)
	if err := s.check("Our answer", "200 operational, tokens valid", saw); err != nil {
		return err
	}
	org, err := s.control.organization(ctx, s.org.ID)
	if err != nil {
		return err
	}
	saw = "not installed"
	if i := org.Installation; i != nil {
		saw = fmt.Sprintf("%s, tokens %s", i.OperationalState, i.TokensState)
	}
	return s.check("Control Hub", "operational, tokens valid", saw)
}
