package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"signpost/shared/gateway"
	"signpost/shared/gateway/page"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// budget is what Webex may take: the answer must leave within 10 s, and what
// happened must be written down before.
const budget = 8500 * time.Millisecond

type activation struct {
	service   *lifecycle.Service
	verifier  *webex.Verifier
	publicURL string
	pages     *page.Pages
}

// answer is what a program gets.
type answer struct {
	OrgID    string                                       `json:"orgId"`
	AppID    string                                       `json:"appId"`
	State    installation.State                           `json:"state"`
	Features map[webex.Feature]installation.FeatureStatus `json:"features"`
}

func (a activation) serve(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	if request.Method() == http.MethodGet {
		return a.pages.Form()
	}
	ctx, cancel := gateway.WithBudget(ctx, budget)
	defer cancel()
	raw, err := request.Token(nil)
	if err != nil {
		return gateway.Response{}, err
	}
	token, err := a.verifier.Verify(ctx, raw, webex.Provision)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", string(token.Action)), slog.String("org", webex.OrganizationKey(token.Subject)))
	// The name comes from API Gateway itself: a header could name anybody's.
	activated, err := a.service.Activate(ctx, token, cmp.Or(a.publicURL, "https://"+request.DomainName()))
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("outcome", "activated"), slog.Any("features", activated.Features))
	if request.WantsHTML() {
		return a.pages.Activated(activated.Features)
	}
	return gateway.JSON(http.StatusOK, answer(activated))
}
