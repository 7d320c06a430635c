package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"signpost/shared/assembly"
	"signpost/shared/config"
	"signpost/shared/gateway"
	"signpost/shared/gateway/page"
	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/invitation"
	"signpost/shared/launch"
	"signpost/shared/manifest"
	"signpost/shared/webex"
)

// budget leaves time to store the result and to respond within 10 s.
const budget = 8500 * time.Millisecond

// activation handles the pages and the activation codes.
type activation struct {
	services    *assembly.Services
	verifier    *webex.Verifier
	registry    *integration.Registry
	invitations *invitation.Service
	// private describes the manifests of private integrations.
	private  manifest.Private
	settings config.Provider
	welcomes launch.Keeper
	pages    *page.Pages
	now      func() time.Time
}

func (a activation) serve(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	switch invite := request.QueryValue("invite"); {
	case request.RouteKey() == "GET /activation/manifest":
		return a.manifest(ctx, request)
	case request.Method() != http.MethodPost && invite != "":
		return a.invitedPage(ctx, invite)
	case request.Method() != http.MethodPost:
		return a.pages.Form()
	}
	if invite := cmp.Or(request.Field("invite"), request.QueryValue("invite")); invite != "" {
		return a.postInvited(ctx, request, invite)
	}
	return a.post(ctx, request)
}

// post activates without an invitation at hand. A private integration names its own.
func (a activation) post(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	token, err := a.verified(ctx, request)
	if err != nil {
		return gateway.Response{}, err
	}
	registered, _, err := a.registry.Find(ctx, token.AppID, webex.OrganizationKey(token.Subject))
	if err != nil {
		return gateway.Response{}, err
	}
	by, err := a.invitations.Of(ctx, registered)
	if err != nil {
		return gateway.Response{}, err
	}
	return a.activate(ctx, request, token, by)
}

// verified returns the posted activation code, verified.
func (a activation) verified(ctx context.Context, request gateway.Request) (webex.Token, error) {
	raw, err := request.PastedToken()
	if err != nil {
		return webex.Token{}, err
	}
	token, err := a.verifier.Verify(ctx, raw, webex.Provision)
	if err == nil {
		request.Note(slog.String("action", string(token.Action)), slog.String("org", webex.OrganizationKey(token.Subject)))
	}
	return token, err
}

func (a activation) activate(ctx context.Context, request gateway.Request, token webex.Token, by installation.Invited) (gateway.Response, error) {
	address, err := a.settings.Address(request.DomainName())
	if err != nil {
		return gateway.Response{}, err
	}
	service, err := a.services.Current(ctx)
	if err != nil {
		return gateway.Response{}, err
	}
	activated, err := service.ActivateInvited(ctx, token, address, by)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("outcome", "activated"), slog.Any("features", activated.Features))
	if request.WantsHTML() {
		return a.pages.Activated(activated.State, activated.Features, a.welcome(ctx, request, token, activated.State))
	}
	return gateway.JSON(http.StatusOK, activated)
}

// welcome returns where the administrator goes on, "" for nowhere, as after a repeated code
// of an installation that has lost its access. The activation has succeeded whether or not
// the launch can be stored.
func (a activation) welcome(ctx context.Context, request gateway.Request, token webex.Token, state installation.State) string {
	if a.settings.WelcomeURL == "" || state != installation.Active {
		return ""
	}
	address, err := launch.IssueWelcome(ctx, a.welcomes, a.settings.WelcomeURL, token, a.now())
	if err != nil {
		request.Note(slog.String("welcome", "failed"), slog.String("cause", err.Error()))
	}
	return address
}
