// The activation of a customer that was invited.

package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"signpost/shared/gateway"
	"signpost/shared/gateway/page"
	"signpost/shared/installation"
	"signpost/shared/invitation"
	"signpost/shared/webex"
)

// invitedPage returns the page of an invitation, with the step that is next.
func (a activation) invitedPage(ctx context.Context, code string) (gateway.Response, error) {
	invited, err := a.invitations.Open(ctx, code)
	if err != nil {
		return gateway.Response{}, err
	}
	shown, err := a.shown(ctx, invited, code)
	if err != nil {
		return gateway.Response{}, err
	}
	return a.pages.Invitation(shown)
}

// shown returns what the page of an invitation shows.
func (a activation) shown(ctx context.Context, invited invitation.Invitation, code string) (page.Invited, error) {
	client, _, err := a.invitations.Client(ctx, invited)
	return page.Invited{
		Code: code, Private: invited.Private, ClientID: client.ClientID,
		Until: invited.ExpiresAt.UTC().Format("2 January 2006"),
	}, err
}

// postInvited handles what was posted with an invitation: the OAuth client of a private
// integration, the activation code, or both.
func (a activation) postInvited(ctx context.Context, request gateway.Request, code string) (gateway.Response, error) {
	invited, err := a.invitations.Find(ctx, code)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("invitation", invited.ID))
	response, err := a.invitedStep(ctx, request, invited, code)
	if err == nil || errors.Is(err, invitation.ErrUnknown) || errors.Is(err, installation.ErrInvited) {
		return response, err
	}
	shown, failed := a.shown(ctx, invited, code)
	if failed != nil {
		return gateway.Response{}, errors.Join(err, failed)
	}
	return gateway.Response{}, &page.InvitedError{Invited: shown, Cause: err}
}

func (a activation) invitedStep(ctx context.Context, request gateway.Request, invited invitation.Invitation, code string) (gateway.Response, error) {
	clientID, clientSecret := request.Field("clientId"), request.Field("clientSecret")
	if clientID != "" || clientSecret != "" {
		if _, err := a.invitations.Open(ctx, code); err != nil {
			return gateway.Response{}, err
		}
		if err := a.invitations.KeepClient(ctx, invited, clientID, clientSecret); err != nil {
			return gateway.Response{}, err
		}
		a.registry.Forget(invited.AppID)
		request.Note(slog.String("outcome", "client kept"))
		if request.Field("jwt") == "" {
			return a.clientKept(request, invited, code)
		}
	}
	return a.activateInvited(ctx, request, invited)
}

// clientKept sends a browser to the next step, so that a reload does not post again.
func (a activation) clientKept(request gateway.Request, invited invitation.Invitation, code string) (gateway.Response, error) {
	if request.WantsHTML() {
		next := "activation?invite=" + url.QueryEscape(code)
		return gateway.Response{Status: http.StatusSeeOther, Headers: map[string]string{"Location": next}}, nil
	}
	return gateway.JSON(http.StatusOK, map[string]string{"appId": invited.AppID, "state": "client_kept"})
}

// activateInvited activates with an invitation, which must be open, or used by the same
// installation: a code that is posted again gets the same answer.
func (a activation) activateInvited(ctx context.Context, request gateway.Request, invited invitation.Invitation) (gateway.Response, error) {
	state, by := invited.State(a.now()), invited.Invited()
	if state != invitation.Open && state != invitation.Used {
		return gateway.Response{}, invitation.ErrUnknown
	}
	a.registry.Forget(invited.AppID) // another process may have kept the client just now
	token, err := a.verified(ctx, request)
	switch {
	case state == invitation.Used && (err != nil || installation.KeyOf(token) != invited.UsedBy):
		return gateway.Response{}, invitation.ErrUnknown
	case err != nil:
		return gateway.Response{}, err
	case token.AppID != invited.AppID:
		return gateway.Response{}, webex.ErrWrongApp
	case state == invitation.Used:
		by.Invitation = ""
	}
	return a.activate(ctx, request, token, by)
}

// manifest returns the manifest of a private invitation's integration, with the features that
// the deployment or a channel provides: each time the same, as long as these stay.
func (a activation) manifest(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	invited, err := a.invitations.Open(ctx, request.QueryValue("invite"))
	if err == nil && !invited.Private {
		err = invitation.ErrUnknown
	}
	if err != nil {
		return gateway.Response{}, err
	}
	if a.private.Vendor == "" {
		return gateway.Response{}, &invitation.InvalidError{Problems: []string{"The vendor has not set up private integrations."}}
	}
	base, err := a.settings.Address(request.DomainName())
	if err != nil {
		return gateway.Response{}, err
	}
	channels, err := a.services.Channels.Read(ctx)
	if err != nil {
		return gateway.Response{}, err
	}
	private := a.private
	private.Features = channels.Provided()
	guide := base + "/activation?invite=" + url.QueryEscape(request.QueryValue("invite"))
	response, err := gateway.JSON(http.StatusOK, private.Manifest(invited.AppID, guide))
	if err == nil {
		response.Headers["Content-Disposition"] = `attachment; filename="manifest.json"`
	}
	return response, err
}
