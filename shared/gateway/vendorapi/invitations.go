package vendorapi

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

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

// maxInvitations is how many invitations a page has, unless it is to have fewer: far below
// Lambda's limit for a response.
const maxInvitations = 1000

// invitations is a page of the list.
type invitations struct {
	Invitations []invitation.View `json:"invitations"`
	// Next is the cursor of the next page, "" if there is none.
	Next string `json:"next,omitempty"`
}

// listInvitations handles GET /invitations.
func (a API) listInvitations(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	var problems []string
	limit, ok := limitOf(request, maxInvitations, maxInvitations)
	if !ok {
		problems = append(problems, wrongLimit(maxInvitations))
	}
	created, id, ok := split(request.QueryValue("cursor"))
	if !ok {
		problems = append(problems, wrongCursor)
	}
	if len(problems) > 0 {
		return gateway.Response{}, malformedQuery(problems)
	}
	all, err := a.Invitations.List(ctx)
	if err != nil {
		return gateway.Response{}, err
	}
	all = slices.DeleteFunc(all, func(one invitation.Invitation) bool { return !place{created, id}.before(placeOf(one)) })
	page, now := invitations{Invitations: []invitation.View{}}, a.Now()
	if len(all) > limit {
		all, page.Next = all[:limit], joined(all[limit-1].CreatedAt.UnixMilli(), all[limit-1].ID)
	}
	for _, one := range all {
		page.Invitations = append(page.Invitations, one.View("", now))
	}
	request.Note(slog.String("action", "list invitations"), slog.Int("invitations", len(page.Invitations)))
	return gateway.JSON(http.StatusOK, page)
}

// place is a place in the list of invitations, the newest first; the zero value is its
// beginning.
type place struct {
	created int64 // milliseconds
	id      string
}

func placeOf(one invitation.Invitation) place { return place{one.CreatedAt.UnixMilli(), one.ID} }

func (p place) before(other place) bool {
	return p == place{} || other.created < p.created || other.created == p.created && other.id > p.id
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
