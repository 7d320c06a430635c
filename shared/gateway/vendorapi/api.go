// Package vendorapi owns the HTTP side of the vendor API, by which the vendor's own
// systems see and manage their customers without access to the table: installations,
// invitations and the rollout. It never calls Webex: what it changes is due, and the
// schedule carries it out.
package vendorapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"signpost/shared/channel"
	"signpost/shared/gateway"
	"signpost/shared/installation"
	"signpost/shared/invitation"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
)

// budget leaves time to respond within 5 s.
const budget = 4500 * time.Millisecond

// Store reads what the API shows.
type Store interface {
	// Page lists the installations of a shard after a place, eventually consistent.
	Page(ctx context.Context, shard int, place string, limit int) (installation.Page, error)
	// Organization reads the rows of an organization's installations, and that of the app
	// id usual.
	Organization(ctx context.Context, orgKey, usual string, now time.Time) ([]installation.Installation, error)
	Passes(ctx context.Context) ([]installation.Pass, error)
	CountRequest(ctx context.Context, caller string, now time.Time) (int, error)
}

// Channels returns the channels as they are now.
type Channels interface {
	Read(context.Context) (channel.Channels, error)
}

// API is the vendor API. All fields are required.
type API struct {
	// Keys returns the valid keys by their labels.
	Keys        func(context.Context) map[string][]secret.String
	Store       Store
	Channels    Channels
	Vendor      *lifecycle.Vendor
	Invitations *invitation.Service
	// Settings returns what installations are wanted to be under these channels.
	Settings func(channel.Channels) lifecycle.Settings
	// AppID is that of the default integration.
	AppID string
	// PrivateOffered reports whether customers can be invited to private integrations.
	PrivateOffered bool
	// Address returns the base address of the API, which was called by this domain name.
	Address func(domainName string) (string, error)
	Now     func() time.Time
}

// routes are the requests that require a key, by their route.
var routes = map[string]func(API, context.Context, gateway.Request) (gateway.Response, error){
	"GET /installations":               API.list,
	"GET /installations/{org}":         API.get,
	"POST /installations/{org}/verify": API.verify,
	"POST /installations/{org}/reload": API.reload,
	"PUT /installations/{org}/channel": API.assignChannel,
	"GET /invitations":                 API.listInvitations,
	"POST /invitations":                API.invite,
	"DELETE /invitations/{id}":         API.revoke,
	"GET /rollout":                     API.rollout,
}

// Serve handles the routes of the API. The caller's key is checked before anything else is
// looked at.
func (a API) Serve(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	if request.RouteKey() == "GET /openapi.json" {
		return openAPI()
	}
	label, err := a.authorize(ctx, request)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("key", label))
	serve, known := routes[request.RouteKey()]
	if !known {
		return gateway.Response{}, gateway.Malformed("There is no such route.")
	}
	return serve(a, ctx, request)
}

// accepted is the response to a change that the schedule carries out.
func (a API) accepted(ctx context.Context, row installation.Installation) (gateway.Response, error) {
	view, err := a.view(ctx, row)
	if err != nil {
		return gateway.Response{}, err
	}
	return gateway.JSON(http.StatusAccepted, view)
}
