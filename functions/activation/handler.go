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
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// budget leaves time to store the result and to respond within 10 s.
const budget = 8500 * time.Millisecond

// activation handles both methods of the route.
type activation struct {
	service   *lifecycle.Service
	verifier  *webex.Verifier
	publicURL string
	pages     *page.Pages
}

func (a activation) serve(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	if request.Method() != http.MethodPost {
		return a.pages.Form()
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
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
	return gateway.JSON(http.StatusOK, activated)
}

// address returns the base address of this API, to be registered at Webex. API
// Gateway sets the domain name; a caller could put any name into a header.
// Under `sam local` it is this machine's, which Webex cannot reach.
func (a activation) address(request gateway.Request) (string, error) {
	if a.publicURL != "" {
		return a.publicURL, nil
	}
	name := request.DomainName()
	host, _, _ := strings.Cut(name, ":")
	if host == "" || config.IsLoopback(host) {
		return "", fmt.Errorf("PUBLIC_URL is not set, and Webex cannot reach this API's domain name %q: set PUBLIC_URL to an address that Webex can reach", name)
	}
	return "https://" + name, nil
}
