package story

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"signpost/infra/local/client"
	"signpost/shared/webex"
)

// launch assigns content to the three boards in Control Hub and returns the
// response, with the address that Control Hub opens.
func (s *story) launch(ctx context.Context) client.Reply {
	var ids []string
	for _, d := range s.boards {
		ids = append(ids, d.ID)
	}
	return s.press(ctx, "crossLaunch", map[string]any{
		"feature": webex.DigitalSignage, "task": webex.AssignContent, "deviceIds": ids,
	})
}

func (s *story) assignContent(ctx context.Context) {
	reply := s.launch(ctx)
	s.expect("Response", "200", reply.String())
	s.code = client.LaunchCode(reply.RedirectURL)
	want := withParameter(s.deployed.launches, "launch", s.code)
	if s.code == "" {
		want = withParameter(s.deployed.launches, "launch", "<code>")
	}
	s.expect("Response", want, reply.RedirectURL)
	s.show("Response", "200, and Control Hub opens "+reply.RedirectURL)
}

// redeemCode redeems a launch as the vendor's content server does.
func (s *story) redeemCode(ctx context.Context, code, key string) client.Answer {
	return s.post(ctx, "/launches/"+url.PathEscape(code), nil, http.Header{"Authorization": {"Bearer " + key}})
}

func (s *story) redeem(ctx context.Context) {
	s.check("Wrong key", "401 unauthorized", s.redeemCode(ctx, s.code, "not the key").String())
	s.checkLaunch(s.redeemCode(ctx, s.code, s.contentKey), "")
	s.check("Second time", "404 unknown_launch", s.redeemCode(ctx, s.code, s.contentKey).String())
}

// checkLaunch checks all members of a redeemed launch except issuedAt. Only an invited
// customer has a reference.
func (s *story) checkLaunch(redeemed client.Answer, reference string) {
	s.expect("Launch", "200", redeemed.String())
	var saw map[string]any
	s.decode(redeemed, &saw)
	delete(saw, "issuedAt")
	var devices []map[string]string
	for _, d := range s.boards {
		devices = append(devices, map[string]string{"deviceId": d.ID, "displayName": d.Name})
	}
	want := map[string]any{
		"orgKey": s.org.ID, "orgId": s.org.Sub, "orgName": s.org.Name, "appId": s.app,
		"feature": webex.DigitalSignage, "task": webex.AssignContent, "devices": devices,
	}
	customer := ""
	if reference != "" {
		want["reference"], customer = reference, ", reference "+reference
	}
	s.expect("Launch", canonical(want), canonical(saw))
	s.show("Launch", fmt.Sprintf("%s of %s for %s%s", webex.AssignContent, webex.DigitalSignage, strings.Join(s.boardNames(), ", "), customer))
}
