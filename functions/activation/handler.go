package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"signpost/shared/config"
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
	if request.Method() != http.MethodPost {
		return a.pages.Form() // what only looks does nothing
	}
	ctx, cancel := gateway.WithBudget(ctx, budget)
	defer cancel()
	raw, err := request.PastedToken()
	if err != nil {
		return gateway.Response{}, err
	}
	token, err := a.verifier.Verify(ctx, raw, webex.Provision)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", string(token.Action)), slog.String("org", webex.OrganizationKey(token.Subject)))
	address, err := a.address(request)
	if err != nil {
		return gateway.Response{}, err
	}
	activated, err := a.service.Activate(ctx, token, address)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("outcome", "activated"), slog.Any("features", activated.Features))
	if request.WantsHTML() {
		return a.pages.Activated(activated.Features)
	}
	return gateway.JSON(http.StatusOK, answer(activated))
}

// address is our own, for Webex to call. The name comes from API Gateway itself:
// a header could name anybody's. Under `sam local` it is the machine's own,
// without a port: Webex would be told of it, and never reach it.
func (a activation) address(request gateway.Request) (string, error) {
	if a.publicURL != "" {
		return a.publicURL, nil
	}
	name := request.DomainName()
	host, _, _ := strings.Cut(name, ":")
	if host == "" || config.IsLoopback(host) {
		return "", fmt.Errorf("PUBLIC_URL is not set, and Webex cannot call the domain name of this API, %q: set PUBLIC_URL to an address of it that Webex reaches", name)
	}
	return "https://" + name, nil
}
