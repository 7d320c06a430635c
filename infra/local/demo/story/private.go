// The steps of a private integration: the customer gets a link, uploads the manifest in
// its own Control Hub, and activates.

package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"signpost/infra/local/client"
	"signpost/shared/invitation"
	"signpost/shared/webex"
)

// invited is the private integration and the link to it.
type invited struct {
	invitation.Invitation
	code     string
	uploaded client.Integration
}

// reference is the vendor's own id of the story's customer.
func (s *story) reference() string { return "demo-" + s.org.ID[:8] }

func (s *story) invite(ctx context.Context) {
	s.invited.Invitation = try(s, func() (created invitation.Invitation, err error) {
		created, s.invited.code, err = s.invitations.Create(ctx, invitation.Order{Private: true, Reference: s.reference(), Label: s.org.Name})
		return created, err
	})
	s.show("Link", s.link())
	page := s.page(ctx)
	s.check("Page", "200, offers the manifest, asks for client id and secret", page.String()+offered(page))
}

// offered describes the page of a private invitation.
func offered(page client.Answer) string {
	for _, part := range []string{"activation/manifest?invite=", `name="clientId"`, `name="clientSecret"`} {
		if !strings.Contains(string(page.Body), part) {
			return ", without " + part
		}
	}
	return ", offers the manifest, asks for client id and secret"
}

func (s *story) link() string {
	return s.deployed.base + "/activation?invite=" + url.QueryEscape(s.invited.code)
}

// page opens the page of the link.
func (s *story) page(ctx context.Context) client.Answer {
	return s.get(ctx, "/activation?invite="+url.QueryEscape(s.invited.code))
}

func (s *story) get(ctx context.Context, path string) client.Answer {
	return try(s, func() (client.Answer, error) { return s.api.Send(ctx, http.MethodGet, path, nil, nil) })
}

func (s *story) upload(ctx context.Context) {
	manifest := s.get(ctx, "/activation/manifest?invite="+url.QueryEscape(s.invited.code))
	s.expect("Manifest", "200", manifest.String())
	got := try(s, func() (client.Integration, error) {
		return s.control.Upload(ctx, s.org.ID, json.RawMessage(manifest.Body))
	})
	s.check("Manifest", "org_private, "+described(webex.Features), got.Availability+", "+described(got.Features))
	s.check("Guide", s.link(), got.ActivationGuideURL)
	s.expect("App", s.invited.AppID, got.AppID)
	if got.AppID == "" {
		return
	}
	s.invited.uploaded = got
	s.turnTo(got.AppID)
	s.check("Control Hub", "shows client id and secret, the secret once", s.shownOnce(ctx))
}

func described(features []webex.Feature) string {
	return fmt.Sprint("features ", slices.Sorted(slices.Values(features)))
}

// turnTo makes the story about another integration of the customer.
func (s *story) turnTo(appID string) {
	s.app, s.control, s.pushes = appID, s.control.For(appID), client.Pushes{}
}

func (s *story) shownOnce(ctx context.Context) string {
	listed := try(s, func() ([]client.Integration, error) { return s.control.Integrations(ctx, s.org.ID) })
	at := slices.IndexFunc(listed, func(i client.Integration) bool { return i.AppID == s.invited.AppID })
	switch first := s.invited.uploaded; {
	case at < 0:
		return "does not list the integration"
	case first.ClientID == "" || first.ClientSecret == "" || listed[at].ClientID != first.ClientID:
		return "does not show client id and secret"
	case listed[at].ClientSecret != "":
		return "shows the secret again"
	}
	return "shows client id and secret, the secret once"
}

func (s *story) activateInvited(ctx context.Context) {
	kept := s.submit(ctx, map[string]string{"clientId": s.invited.uploaded.ClientID, "clientSecret": s.invited.uploaded.ClientSecret})
	var body struct{ State string }
	s.decode(kept, &body)
	s.check("Client", "200 client_kept", kept.String()+" "+body.State)
	code := s.press(ctx, "mint", nil).JWT
	s.checkActivated(s.submit(ctx, map[string]string{"jwt": code}))
	s.checkControlHub(ctx, 1)
}

// submit sends fields of the page with the link.
func (s *story) submit(ctx context.Context, fields map[string]string) client.Answer {
	fields["invite"] = s.invited.code
	return s.post(ctx, "/activation", fields, nil)
}

// checkInvited checks the private integration as showConfigurations did the default one.
func (s *story) checkInvited(ctx context.Context) {
	for _, feature := range webex.Features {
		s.expectConfiguration(ctx, feature)
		s.pushes[feature] = 1
	}
	s.verify(ctx, "Verification", 0)
	s.checkBoard(ctx, s.deployed.content[webex.DigitalSignage])
	s.checkPushes(ctx)
	s.checkLaunch(s.redeemCode(ctx, client.LaunchCode(s.launch(ctx).RedirectURL), s.contentKey), s.reference())
	s.check("Link", "404 unknown_invitation", s.page(ctx).String())
}

// withdraw revokes an unused link and removes the uploaded integration.
func (s *story) withdraw(ctx context.Context) error {
	var errs []error
	if s.invited.ID != "" {
		_, err := s.invitations.Revoke(ctx, s.invited.ID)
		errs = append(errs, err)
	}
	if s.invited.uploaded.AppID != "" {
		errs = append(errs, s.control.RemoveIntegration(ctx, s.org.ID))
	}
	return errors.Join(errs...)
}
