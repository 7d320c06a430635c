package story

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"signpost/shared/webex"
)

// launch presses the button of the signage feature for the three devices and
// returns what Control Hub opens.
func (s *story) launch(ctx context.Context) (reply, error) {
	var ids []string
	for _, d := range s.boards {
		ids = append(ids, d.ID)
	}
	return s.control.press(ctx, s.org.ID, "crossLaunch", map[string]any{
		"feature": webex.DigitalSignage, "task": webex.AssignContent, "deviceIds": ids,
	})
}

func (s *story) assignContent(ctx context.Context) error {
	reply, err := s.launch(ctx)
	if err != nil {
		return err
	}
	if err := expect("Our answer", "200", reply.String()); err != nil {
		return err
	}
	s.code = launchCode(reply.RedirectURL)
	want := withParameter(s.deployed.launches, "launch", s.code)
	if s.code == "" {
		want = withParameter(s.deployed.launches, "launch", "<code>")
	}
	if err := expect("Our answer", want, reply.RedirectURL); err != nil {
		return err
	}
	s.show("Our answer", "200, and Control Hub opens "+reply.RedirectURL)
	return nil
}

// launchCode is the code in an address that Control Hub opens.
func launchCode(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("launch")
}

// redeemCode asks for a launch as the vendor's content server does.
func (s *story) redeemCode(ctx context.Context, code, key string) (answer, error) {
	header := http.Header{"Authorization": {"Bearer " + key}}
	return s.api.send(ctx, http.MethodPost, "/launches/"+url.PathEscape(code), nil, header)
}

func (s *story) redeem(ctx context.Context) error {
	refused, err := s.redeemCode(ctx, s.code, "not the key")
	if err != nil {
		return err
	}
	if err := s.check("Wrong key", "401 unauthorized", refused.String()); err != nil {
		return err
	}
	redeemed, err := s.redeemCode(ctx, s.code, s.contentKey)
	if err != nil {
		return err
	}
	if err := s.checkLaunch(redeemed); err != nil {
		return err
	}
	again, err := s.redeemCode(ctx, s.code, s.contentKey)
	if err != nil {
		return err
	}
	return s.check("Once more", "404 unknown_launch", again.String())
}

// checkLaunch checks all that a redeemed launch says, but for its time.
func (s *story) checkLaunch(redeemed answer) error {
	if err := expect("Launch", "200", redeemed.String()); err != nil {
		return err
	}
	var saw map[string]any
	if err := redeemed.into(&saw); err != nil {
		return err
	}
	delete(saw, "issuedAt")
	var devices []map[string]string
	for _, d := range s.boards {
		devices = append(devices, map[string]string{"deviceId": d.ID, "displayName": d.Name})
	}
	want := map[string]any{
		"orgKey": s.org.ID, "orgId": s.org.Sub, "orgName": s.org.Name, "appId": s.cloud.AppID,
		"feature": webex.DigitalSignage, "task": webex.AssignContent, "devices": devices,
	}
	if err := expect("Launch", canonical(want), canonical(saw)); err != nil {
		return err
	}
	s.show("Launch", fmt.Sprintf("%s of %s for %s", webex.AssignContent, webex.DigitalSignage, list(s.boardNames()...)))
	return nil
}
