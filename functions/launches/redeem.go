package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"signpost/shared/gateway"
	"signpost/shared/launch"
	"signpost/shared/secret"
	"signpost/shared/secret/document"
)

// budget leaves time to respond within 2 s.
const budget = 1800 * time.Millisecond

// documents returns the current secret document.
type documents interface {
	Current(context.Context) document.Document
}

// redeem returns the launch whose code is in the path, once. The caller's key is
// checked before the code is looked up; a body is ignored.
func redeem(secrets documents, store launch.Taker, now func() time.Time) gateway.Serve {
	return func(ctx context.Context, request gateway.Request) (gateway.Response, error) {
		ctx, cancel := context.WithTimeout(ctx, budget)
		defer cancel()
		if !secret.New(request.Bearer()).In(secrets.Current(ctx).ContentAPIKeys) {
			return gateway.Response{}, gateway.ErrUnauthorized
		}
		redeemed, err := launch.Redeem(ctx, store, request.PathValue("code"), now())
		if err != nil {
			return gateway.Response{}, err
		}
		request.Note(
			slog.String("action", "redeem"), slog.String("org", redeemed.OrgKey),
			slog.String("feature", string(redeemed.Feature)), slog.String("task", string(redeemed.Task)),
			slog.Int("devices", len(redeemed.Devices)), slog.String("outcome", "redeemed"),
		)
		return gateway.JSON(http.StatusOK, redeemed)
	}
}
