package webextest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"signpost/shared/loopback"
)

// controlRoutes serve the control API of the simulator, which infra/docs/local.md
// describes. It asks for no credentials, since it is only for the machine that the
// simulator runs on; see [loopback.Only].
func (c *Cloud) controlRoutes() http.Handler {
	mux := http.NewServeMux()
	for pattern, do := range c.controlTable() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 8*maxBody)
			err := c.checkPath(r)
			var value any
			if err == nil {
				value, err = do(r)
			}
			if err != nil {
				jsonResponse(controlStatus(err), map[string]string{"error": err.Error()}).write(w)
				return
			}
			jsonResponse(http.StatusOK, value).write(w)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		jsonResponse(http.StatusNotFound, map[string]string{"error": "no such control"}).write(w)
	})
	return loopback.Only(mux, true)
}

// checkPath returns an error if the organization, its integration or the region of a
// request is unknown.
func (c *Cloud) checkPath(r *http.Request) error {
	if id := orgID(r); id != "" {
		if _, ok := c.Organization(id); !ok {
			return missing("no organization %q", id)
		}
		if appID := r.URL.Query().Get("appId"); appID != "" {
			if _, ok := c.Integration(id, appID); !ok {
				return missing("no integration %q", appID)
			}
		}
	}
	if name := r.PathValue("region"); name != "" && c.regions[name] == nil { // the map itself never changes
		return missing("no region %q", name)
	}
	return nil
}

// controlFunc handles one route of the control API.
type controlFunc func(*http.Request) (any, error)

func (c *Cloud) controlTable() map[string]controlFunc {
	const org = "/_control/organizations/{org}"
	return map[string]controlFunc{
		"GET /_control/state":          c.controlState,
		"GET /_control/organizations":  func(*http.Request) (any, error) { return c.describeAll(), nil },
		"POST /_control/organizations": withBody(c.controlAddOrganization),
		"GET " + org:                   c.controlDescribe,
		"DELETE " + org:                func(r *http.Request) (any, error) { return struct{}{}, c.RemoveOrganization(orgID(r)) },

		"GET " + org + "/integrations":    func(r *http.Request) (any, error) { return c.describeIntegrations(orgID(r)), nil },
		"POST " + org + "/integrations":   withBody(c.controlUploadManifest),
		"DELETE " + org + "/integrations": func(r *http.Request) (any, error) { return struct{}{}, c.integrationOf(r).Remove(orgID(r)) },

		"POST " + org + "/mint":                withBody(c.controlMint),
		"POST " + org + "/activate":            c.withReply((*Integration).Activate),
		"POST " + org + "/approveUpdate":       withBody(c.controlApproveUpdate),
		"POST " + org + "/move":                withBody(c.controlMove),
		"POST " + org + "/healthCheck":         c.withReply((*Integration).HealthCheck),
		"POST " + org + "/deprovision":         c.withReply((*Integration).Deprovision),
		"POST " + org + "/crossLaunch":         withBody(c.controlCrossLaunch),
		"POST " + org + "/mintAction":          withBody(c.controlMintAction),
		"POST " + org + "/dropNextAction":      withPathValue("org", c.DropNextAction),
		"POST " + org + "/duplicateNextAction": withPathValue("org", c.DuplicateNextAction),

		"GET " + org + "/devices":                     func(r *http.Request) (any, error) { return c.Devices(orgID(r)), nil },
		"POST " + org + "/devices":                    withBody(c.controlAddDevices),
		"POST " + org + "/factoryReset":               withBody(c.controlFactoryReset),
		"POST " + org + "/wipeWebAppStorage":          withPathValue("org", c.WipeWebAppStorage),
		"GET " + org + "/deviceUrl":                   c.controlDeviceURL,
		"GET " + org + "/configurations/{feature}":    c.controlGetConfiguration,
		"PUT " + org + "/configurations/{feature}":    withBody(c.controlPutConfiguration),
		"DELETE " + org + "/configurations/{feature}": c.controlDeleteConfiguration,
		"GET " + org + "/pushes":                      c.controlPushes,
		"GET " + org + "/refreshToken":                c.controlRefreshToken,
		"POST " + org + "/revokeRefreshToken":         c.withIntegration((*Integration).RevokeRefreshToken),
		"POST " + org + "/revokeAccessTokens":         c.withIntegration((*Integration).RevokeAccessTokens),
		"POST " + org + "/scopes":                     withBody(c.controlScopes),

		"POST /_control/actions/hold":                withoutInput(c.HoldActions),
		"POST /_control/actions/release":             withBody(c.controlRelease),
		"POST /_control/rotateRefreshTokens":         withBody(c.controlRotateRefreshTokens),
		"POST /_control/regions/{region}/rotateKeys": withPathValue("region", c.RotateKeys),
		"POST /_control/regions/{region}/pruneKeys":  withPathValue("region", c.PruneKeys),
		"POST /_control/sign":                        withBody(c.controlSign),
		"GET /_control/requests":                     c.controlRequests,
		"DELETE /_control/requests":                  withoutInput(c.ResetRequests),
		"GET /_control/faults":                       c.controlFaults,
		"POST /_control/faults":                      withBody(c.controlInject),
		"DELETE /_control/faults":                    withoutInput(c.ClearFaults),
	}
}

// orgID is the organization in the path.
func orgID(r *http.Request) string { return r.PathValue("org") }

// withBody calls do with the request's body. No body at all means {}.
func withBody[T any](do func(r *http.Request, in T) (any, error)) controlFunc {
	return func(r *http.Request) (any, error) {
		var in T
		body, err := io.ReadAll(r.Body)
		if err == nil && len(bytes.TrimSpace(body)) > 0 {
			decoder := json.NewDecoder(bytes.NewReader(body))
			decoder.DisallowUnknownFields()
			err = decoder.Decode(&in)
		}
		if err != nil {
			return nil, err
		}
		return do(r, in)
	}
}

// integrationOf is the one that appId in the query names, or the default one.
func (c *Cloud) integrationOf(r *http.Request) *Integration {
	if i, ok := c.Integration(orgID(r), r.URL.Query().Get("appId")); ok {
		return i
	}
	return c.defaultIntegration()
}

// withReply calls do with the request's integration and the organization in the path.
func (c *Cloud) withReply(do func(i *Integration, ctx context.Context, orgID string) (Reply, error)) controlFunc {
	return func(r *http.Request) (any, error) { return replied(do(c.integrationOf(r), r.Context(), orgID(r))) }
}

// withIntegration calls do with the request's integration and the organization in the
// path.
func (c *Cloud) withIntegration(do func(i *Integration, orgID string)) controlFunc {
	return func(r *http.Request) (any, error) {
		do(c.integrationOf(r), orgID(r))
		return struct{}{}, nil
	}
}

// withPathValue calls do with the organization or region in the path.
func withPathValue(name string, do func(value string)) controlFunc {
	return func(r *http.Request) (any, error) {
		do(r.PathValue(name))
		return struct{}{}, nil
	}
}

func withoutInput(do func()) controlFunc {
	return func(*http.Request) (any, error) {
		do()
		return struct{}{}, nil
	}
}

// missingError becomes a 404.
type missingError struct{ error }

func missing(format string, args ...any) error { return missingError{fmt.Errorf(format, args...)} }

func controlStatus(err error) int {
	var unreachable *url.Error
	switch {
	case errors.As(err, &missingError{}):
		return http.StatusNotFound
	case errors.Is(err, ErrNotInstalled), errors.Is(err, ErrInstalled), errors.Is(err, ErrNoActionsURL),
		errors.Is(err, ErrNoCrossLaunch), errors.Is(err, ErrNoProvisioningURL), errors.Is(err, ErrNoUpdate), errors.Is(err, ErrNotOwn):
		return http.StatusConflict
	case errors.As(err, &unreachable):
		return http.StatusBadGateway
	}
	return http.StatusBadRequest
}
