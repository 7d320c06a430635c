package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"signpost/shared/webex"
)

// control is the simulator's control API: Control Hub's buttons, and what Webex
// stores.
type control struct{ client }

// cloud describes the simulator.
type cloud struct {
	AppID, BaseURL, ProvisioningURL string
	Regions                         []string
}

// organization is what Webex stores of a customer.
type organization struct {
	ID, Sub, Name, Region string
	Devices               []device
	Pushes                pushes
	Configurations        map[webex.Feature]map[string]any
	Installation          *installation
}

type device struct{ ID, Name, Model, Kind, OwnerID, OwnerName, PeripheralSerial string }

// pushes counts, by feature, how often a configuration was set at Webex.
type pushes map[webex.Feature]int

// String lists both features, also those without a push.
func (p pushes) String() string {
	return fmt.Sprintf("signage %d, web app %d", p[webex.DigitalSignage], p[webex.PersistentWebApp])
}

// installation is what Webex stores of the integration.
type installation struct {
	ProvisioningState, OperationalState, TokensState string
	ActionsURL, AppURL, SignageURL, PWAURL           string
	ManifestVersion                                  int
	FullyProvisioned                                 bool
}

// reply is Signpost's response to what Webex posted.
type reply struct {
	Status      int
	JWT         string
	Body        json.RawMessage
	RedirectURL string
	Dropped     bool
}

// String returns the status and, for a problem, its code.
func (r reply) String() string {
	if r.Dropped {
		return "none: the action was lost"
	}
	return outcome(r.Status, r.Body)
}

// ask calls the control API and decodes the response into out, unless it is nil.
func (c control) ask(ctx context.Context, method, path string, in, out any) error {
	got, err := c.send(ctx, method, "/_control/"+path, in, nil)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		var problem struct{ Error string }
		_ = json.Unmarshal(got.body, &problem) // without one, the status is reported
		return &controlError{path, got.status, problem.Error}
	}
	if out == nil {
		return nil
	}
	return got.into(out)
}

// controlError is a response of the control API other than 200.
type controlError struct {
	path   string
	status int
	text   string
}

// Error implements error.
func (e *controlError) Error() string {
	return fmt.Sprintf("the simulator responded to %s with %d: %s", e.path, e.status, e.text)
}

func (c control) cloud(ctx context.Context) (cloud, error) {
	return get[cloud](ctx, c, http.MethodGet, "state", nil)
}

func (c control) addOrganization(ctx context.Context, name, region string) (organization, error) {
	return get[organization](ctx, c, http.MethodPost, "organizations", map[string]string{"name": name, "region": region})
}

func (c control) organization(ctx context.Context, id string) (organization, error) {
	return get[organization](ctx, c, http.MethodGet, "organizations/"+id, nil)
}

func (c control) press(ctx context.Context, orgID, button string, in any) (reply, error) {
	return get[reply](ctx, c, http.MethodPost, "organizations/"+orgID+"/"+button, in)
}

// deviceURL returns what a device loads, or nothing.
func (c control) deviceURL(ctx context.Context, orgID, deviceID string) (string, error) {
	path := "organizations/" + orgID + "/deviceUrl?device=" + url.QueryEscape(deviceID)
	shown, err := get[struct{ URL string }](ctx, c, http.MethodGet, path, nil)
	if refused, is := errors.AsType[*controlError](err); is && refused.status == http.StatusNotFound {
		return nothing, nil
	}
	return shown.URL, err
}

// nothing is what a device without a configuration shows.
const nothing = "nothing"

func (c control) deleteConfiguration(ctx context.Context, orgID string, feature webex.Feature) error {
	return c.ask(ctx, http.MethodDelete, "organizations/"+orgID+"/configurations/"+string(feature), nil, nil)
}
