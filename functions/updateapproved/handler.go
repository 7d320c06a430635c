package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"signpost/shared/assembly"
	"signpost/shared/gateway"
	"signpost/shared/webex"
)

// The response is due within 5 s, to a health check within 2 s. Both budgets include
// verifying the token.
const (
	actionBudget = 4 * time.Second
	healthBudget = 1400 * time.Millisecond
)

// actions handles the four management actions.
type actions struct {
	services *assembly.Services
	verifier *webex.Verifier
}

func (a actions) serve(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, actionBudget)
	defer cancel()
	raw, err := request.Token(nil)
	if err != nil {
		return gateway.Response{}, err
	}
	// The action is known only after this, so the shorter budget applies to it.
	verifyCtx, cancelVerify := context.WithTimeout(ctx, healthBudget)
	defer cancelVerify()
	token, err := a.verifier.Verify(verifyCtx, raw, webex.ManagementActions...)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", string(token.Action)), slog.String("org", webex.OrganizationKey(token.Subject)))
	if token.Action == webex.HealthCheck {
		ctx, cancel := context.WithDeadline(ctx, began.Add(healthBudget))
		defer cancel()
		return a.health(ctx, request, token)
	}
	service, err := a.services.Current(ctx)
	if err == nil {
		err = service.Act(ctx, token)
	}
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("outcome", "accepted"))
	return gateway.JSON(http.StatusOK, struct{}{})
}

func (a actions) health(ctx context.Context, request gateway.Request, token webex.Token) (gateway.Response, error) {
	service, err := a.services.Current(ctx)
	if err != nil {
		return gateway.Response{}, err
	}
	health, err := service.CheckHealth(ctx, token)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("outcome", string(health.OperationalState)), slog.String("token_health", string(health.TokenHealth)))
	return gateway.JSON(http.StatusOK, health)
}
