// Package crosslaunch owns the HTTP side of cross-launches: what Webex posts when
// an administrator has selected devices in Control Hub, and the redirect in the
// response. Two functions serve it, one for each task.
package crosslaunch

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"signpost/shared/gateway"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// budget leaves time to respond within 2 s. Tests that count requests raise it, since
// a busy machine may be slower.
var budget = 1800 * time.Millisecond

// body is what Webex posts beside the token, none of it signed.
type body struct {
	gateway.Envelope
	Task    string          `json:"task"`
	Devices []launch.Device `json:"devices"`
}

// Issuers returns the issuer for the launch of a verified token.
type Issuers func(ctx context.Context, token webex.Token) (*launch.Issuer, error)

// Serve handles POST /crossLaunch/{feature}/… for task. After the form of the body
// it verifies the token, before it checks anything else: a caller without a valid
// token learns nothing, not even which features are provided.
func Serve(verifier *webex.Verifier, issuers Issuers, task webex.Task, now func() time.Time) gateway.Serve {
	return func(ctx context.Context, request gateway.Request) (gateway.Response, error) {
		ctx, cancel := context.WithTimeout(ctx, budget)
		defer cancel()
		var posted body
		raw, err := request.Token(&posted)
		if err != nil {
			return gateway.Response{}, err
		}
		token, err := verifier.VerifyDeferringApp(ctx, raw, webex.CrossLaunch)
		if err != nil {
			return gateway.Response{}, err
		}
		request.Note(
			slog.String("action", string(token.Action)), slog.String("org", webex.OrganizationKey(token.Subject)),
			slog.String("task", string(task)), slog.Int("devices", len(posted.Devices)),
		)
		order := launch.Order{
			Feature: webex.Feature(request.PathValue("feature")), Task: task,
			PostedTask: posted.Task, Devices: posted.Devices,
		}
		redirect, err := issue(ctx, issuers, token, order, now())
		if err != nil {
			// The launch would have proven the app id: an installation is kept by it.
			return gateway.Response{}, cmp.Or(verifier.CheckApp(ctx, token), err)
		}
		request.Note(slog.String("feature", string(order.Feature)), slog.String("outcome", "launched"))
		return gateway.JSON(http.StatusOK, struct {
			RedirectURL string `json:"redirectUrl"`
		}{redirect})
	}
}

func issue(ctx context.Context, issuers Issuers, token webex.Token, order launch.Order, now time.Time) (string, error) {
	issuer, err := issuers(ctx, token)
	if err != nil {
		return "", err
	}
	return issuer.Issue(ctx, token, order, now)
}
