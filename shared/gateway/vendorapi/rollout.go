package vendorapi

import (
	"context"
	"log/slog"
	"net/http"

	"signpost/shared/gateway"
	"signpost/shared/installation"
)

// noRollout is the state where there never was a rollout.
const noRollout = "none"

// rollout handles GET /rollout: the status of the last rollout, or which revision of the
// channels is current.
func (a API) rollout(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	channels, err := a.Channels.Read(ctx)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", "rollout"))
	if channels.Rollout == nil {
		return gateway.JSON(http.StatusOK, struct {
			State    string `json:"state"`
			Revision int    `json:"revision"`
		}{noRollout, channels.Revision})
	}
	passes, err := a.Store.Passes(ctx)
	if err != nil {
		return gateway.Response{}, err
	}
	return gateway.JSON(http.StatusOK, channels.Rollout.Status(installation.Estimate(passes), a.Now()))
}
