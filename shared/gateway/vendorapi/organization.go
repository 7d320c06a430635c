package vendorapi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"signpost/shared/channel"
	"signpost/shared/gateway"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

// find returns the installation that a request names: {org} is an organization's key or
// its `sub`, ?appId= chooses one of several. It returns [installation.ErrNotFound] or an
// [*installation.AmbiguousError].
func (a API) find(ctx context.Context, request gateway.Request) (installation.Installation, error) {
	orgKey, appID := webex.OrganizationKey(request.PathValue("org")), strings.ToLower(request.QueryValue("appId"))
	if len(orgKey) > webex.MaxSubject {
		return installation.Installation{}, fmt.Errorf("installation of %d bytes: %w", len(orgKey), installation.ErrNotFound)
	}
	rows, err := a.Store.Organization(ctx, orgKey, a.AppID, a.Now())
	if err != nil {
		return installation.Installation{}, err
	}
	rows = slices.DeleteFunc(rows, func(row installation.Installation) bool {
		return !row.Exists() || appID != "" && appID != row.AppID
	})
	switch len(rows) {
	case 0:
		return installation.Installation{}, fmt.Errorf("installation of %s: %w", orgKey, installation.ErrNotFound)
	case 1:
		request.Note(slog.String("org", orgKey), slog.String("app", rows[0].AppID))
		return rows[0], nil
	}
	ambiguous := &installation.AmbiguousError{OrgKey: orgKey}
	for _, row := range rows {
		ambiguous.AppIDs = append(ambiguous.AppIDs, row.AppID)
	}
	return installation.Installation{}, ambiguous
}

// get handles GET /installations/{org}.
func (a API) get(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	row, err := a.find(ctx, request)
	if err != nil {
		return gateway.Response{}, err
	}
	view, err := a.view(ctx, row)
	if err != nil {
		return gateway.Response{}, err
	}
	view.InstallationKey = row.DeviceKey.Reveal()
	request.Note(slog.String("action", "get"))
	return gateway.JSON(http.StatusOK, view)
}

// verify handles POST /installations/{org}/verify.
func (a API) verify(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	row, err := a.find(ctx, request)
	if err == nil {
		row, err = a.Vendor.Verify(ctx, row.Key)
	}
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", "verify"))
	return a.accepted(ctx, row)
}

// reload handles POST /installations/{org}/reload.
func (a API) reload(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	row, err := a.find(ctx, request)
	if err != nil {
		return gateway.Response{}, err
	}
	channels, err := a.Channels.Read(ctx)
	if err == nil {
		err = channels.CheckReload()
	}
	if err == nil {
		row, err = a.Vendor.Reload(ctx, row.Key)
	}
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", "reload"))
	return a.accepted(ctx, row)
}

// assignChannel handles PUT /installations/{org}/channel.
func (a API) assignChannel(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	var body struct {
		Channel json.RawMessage `json:"channel"`
	}
	if err := request.JSON(&body); err != nil {
		return gateway.Response{}, err
	}
	var named *string
	if json.Unmarshal(body.Channel, &named) != nil { // a body without it must not end an assignment
		return gateway.Response{}, gateway.Malformed(`The body must be {"channel": …}, with a name or null.`)
	}
	row, err := a.find(ctx, request)
	if err != nil {
		return gateway.Response{}, err
	}
	channels, err := a.Channels.Read(ctx)
	if err != nil {
		return gateway.Response{}, err
	}
	assigned := ""
	if named != nil {
		assigned = *named
		if !channels.Has(assigned) {
			return gateway.Response{}, gateway.Malformed("channel must be null, or one of " + strings.Join(channels.Names(), ", ") + ".")
		}
	}
	if assigned == channel.Default {
		assigned = ""
	}
	if row, err = a.Vendor.AssignChannel(ctx, row.Key, assigned); err != nil {
		return gateway.Response{}, err
	}
	view, err := a.view(ctx, row)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", "channel"), slog.String("channel", view.Channel))
	return gateway.JSON(http.StatusOK, view)
}
