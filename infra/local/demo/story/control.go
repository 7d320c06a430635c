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

// control is the simulator's control API: Control Hub's buttons, and a look at
// what Webex holds.
type control struct{ client }

// cloud is what the simulator is.
type cloud struct {
	AppID           string
	ClientID        string
	BaseURL         string
	ProvisioningURL string
	Regions         []string
}

// organization is what Webex holds of a customer.
type organization struct {
	ID, Sub, Name, Region string
	Devices               []device
	Pushes                pushes
	Configurations        map[webex.Feature]map[string]any
	Installation          *installation
}

type device struct{ ID, Name, Model, Kind, OwnerID, OwnerName, PeripheralSerial string }

// pushes counts, by feature, how often Webex pushed to the devices.
type pushes map[webex.Feature]int

// String names both features always.
func (p pushes) String() string {
	return fmt.Sprintf("signage %d, web app %d", p[webex.DigitalSignage], p[webex.PersistentWebApp])
}

// installation is what Webex holds of the integration.
type installation struct {
	Region            string
	ProvisioningState string
	OperationalState  string
	TokensState       string
	ActionsURL        string
	AppURL            string
	SignageURL        string
	PWAURL            string
	ManifestVersion   int
	FullyProvisioned  bool
}

// reply is what the integration answered to what Webex posted.
type reply struct {
	Status      int
	JWT         string
	Body        json.RawMessage
	RedirectURL string
	Dropped     bool
}

// String is the status, and the code of a problem.
func (r reply) String() string {
	if r.Dropped {
		return "nothing: the action was lost"
	}
	return outcome(r.Status, r.Body)
}

// ask calls the control API, whose answer it reads into out.
func (c control) ask(ctx context.Context, method, path string, in, out any) error {
	got, err := c.send(ctx, method, "/_control/"+path, in, nil)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		var problem struct{ Error string }
		_ = json.Unmarshal(got.body, &problem) // then the status has to do
		return &controlError{path, got.status, problem.Error}
	}
	if out == nil {
		return nil
	}
	return got.into(out)
}

// controlError is an answer of the control API other than 200.
type controlError struct {
	path   string
	status int
	text   string
}

// Error implements error.
func (e *controlError) Error() string {
	return fmt.Sprintf("the simulator answers %s with %d: %s", e.path, e.status, e.text)
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

// press does what an admin's button, or Webex by itself, does.
func (c control) press(ctx context.Context, orgID, button string, in any) (reply, error) {
	return get[reply](ctx, c, http.MethodPost, "organizations/"+orgID+"/"+button, in)
}

// deviceURL is what a device fetches, or says that it shows nothing.
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

// loseConfiguration deletes a configuration behind the integration's back.
func (c control) loseConfiguration(ctx context.Context, orgID string, feature webex.Feature) error {
	return c.ask(ctx, http.MethodDelete, "organizations/"+orgID+"/configurations/"+string(feature), nil, nil)
}
