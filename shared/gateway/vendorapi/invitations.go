package vendorapi

import (
	"context"
	"log/slog"
	"net/http"

	"signpost/shared/gateway"
	"signpost/shared/invitation"
)

// invite handles POST /invitations.
func (a API) invite(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	var order invitation.Order
	if err := request.JSON(&order); err != nil {
		return gateway.Response{}, err
	}
	if order.Private && !a.PrivateOffered {
		return gateway.Response{}, gateway.Malformed("Private integrations are not offered: WEBEX_MANIFEST is not set.")
	}
	base, err := a.Address(request.DomainName())
	if err != nil {
		return gateway.Response{}, err
	}
	created, code, err := a.Invitations.Create(ctx, order)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", "invite"), slog.String("invitation", created.ID))
	return gateway.JSON(http.StatusCreated, created.View(created.URL(base, code), a.Now()))
}

// listInvitations handles GET /invitations.
func (a API) listInvitations(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	all, err := a.Invitations.List(ctx)
	if err != nil {
		return gateway.Response{}, err
	}
	now, views := a.Now(), []invitation.View{}
	for _, one := range all {
		views = append(views, one.View("", now))
	}
	request.Note(slog.String("action", "list invitations"), slog.Int("invitations", len(views)))
	return gateway.JSON(http.StatusOK, map[string][]invitation.View{"invitations": views})
}

// revoke handles DELETE /invitations/{id}. The response shows the invitation as it is now:
// one that was used stays used.
func (a API) revoke(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	revoked, err := a.Invitations.Revoke(ctx, request.PathValue("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", "revoke invitation"), slog.String("invitation", revoked.ID))
	return gateway.JSON(http.StatusOK, revoked.View("", a.Now()))
}
