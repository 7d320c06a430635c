// Package crosslaunch owns the HTTP side of cross-launches: what Webex posts when
// an administrator has selected devices in Control Hub, and the redirect in the
// response. Two functions serve it, one for each task.
package crosslaunch

import (
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

// Serve handles POST /crossLaunch/{feature}/… for task. After the form of the body
// it verifies the token, before it checks anything else: a caller without a valid
// token learns nothing, not even which features are provided.
func Serve(verifier *webex.Verifier, issuer *launch.Issuer, task webex.Task, now func() time.Time) gateway.Serve {
	return func(ctx context.Context, request gateway.Request) (gateway.Response, error) {
		ctx, cancel := context.WithTimeout(ctx, budget)
		defer cancel()
		var posted body
		raw, err := request.Token(&posted)
		if err != nil {
			return gateway.Response{}, err
		}
		token, err := verifier.Verify(ctx, raw, webex.CrossLaunch)
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
		redirect, err := issuer.Issue(ctx, token, order, now())
		if err != nil {
			return gateway.Response{}, err
		}
		request.Note(slog.String("feature", string(order.Feature)), slog.String("outcome", "launched"))
		return gateway.JSON(http.StatusOK, struct {
			RedirectURL string `json:"redirectUrl"`
		}{redirect})
	}
}
