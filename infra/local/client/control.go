package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"signpost/shared/webex"
)

// Control is the simulator's control API: Control Hub's buttons, and what Webex
// stores.
type Control struct {
	client Client
	appID  string
}

// NewControl returns the control API of the simulator at an address, about the default
// integration.
func NewControl(base string) Control { return Control{client: New(base)} }

// For is the same about another integration.
func (c Control) For(appID string) Control { return Control{c.client, appID} }

// Cloud describes the simulator.
type Cloud struct {
	AppID, BaseURL, ProvisioningURL string
	Regions                         []string
}

// Organization is what Webex stores of a customer.
type Organization struct {
	ID, Sub, Name, Region string
	Devices               []Device
	Pushes                Pushes
	Configurations        map[webex.Feature]map[string]any
	Installation          *Installation
}

// Integration is an integration of an organization. The secret is in the answer to its
// first upload only.
type Integration struct {
	AppID, ClientID, ClientSecret    string
	Availability, ActivationGuideURL string
	Features                         []webex.Feature
}

// Device is a device of an organization.
type Device struct{ ID, Name, Model, Kind, OwnerID, OwnerName, PeripheralSerial string }

// Pushes counts, by feature, how often a configuration was set at Webex.
type Pushes map[webex.Feature]int

// String lists both features, also those without a push.
func (p Pushes) String() string {
	return fmt.Sprintf("signage %d, web app %d", p[webex.DigitalSignage], p[webex.PersistentWebApp])
}

// Installation is what Webex stores of the integration.
type Installation struct {
	ProvisioningState, OperationalState, TokensState string
	ActionsURL, AppURL, SignageURL, PWAURL           string
	ManifestVersion                                  int
	FullyProvisioned                                 bool
}

// Reply is Signpost's response to what Webex posted.
type Reply struct {
	Status      int
	JWT         string
	Body        json.RawMessage
	RedirectURL string
	Dropped     bool
}

// Answer returns the response without what Webex adds.
func (r Reply) Answer() Answer { return Answer{Status: r.Status, Body: r.Body} }

// String returns the status and, for a problem, its code.
func (r Reply) String() string {
	if r.Dropped {
		return "none: the action was lost"
	}
	return r.Answer().String()
}

// Ask calls the control API and decodes the response into out, unless it is nil.
func (c Control) Ask(ctx context.Context, method, path string, in, out any) error {
	got, err := c.client.Send(ctx, method, "/_control/"+c.about(path), in, nil)
	if err != nil {
		return err
	}
	if got.Status != http.StatusOK {
		var problem struct{ Error string }
		_ = json.Unmarshal(got.Body, &problem) // without one, the status is reported
		return &controlError{path, got.Status, problem.Error}
	}
	if out == nil {
		return nil
	}
	return got.Into(out)
}

// about adds the integration to a path.
func (c Control) about(path string) string {
	switch {
	case c.appID == "":
		return path
	case strings.Contains(path, "?"):
		return path + "&appId=" + url.QueryEscape(c.appID)
	default:
		return path + "?appId=" + url.QueryEscape(c.appID)
	}
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

// Cloud returns what describes the simulator.
func (c Control) Cloud(ctx context.Context) (Cloud, error) {
	return get[Cloud](ctx, c, http.MethodGet, "state", nil)
}

// AddOrganization adds a customer, in the simulator's first region if region is empty.
func (c Control) AddOrganization(ctx context.Context, name, region string) (Organization, error) {
	return get[Organization](ctx, c, http.MethodPost, "organizations", map[string]string{"name": name, "region": region})
}

// Organizations returns all customers.
func (c Control) Organizations(ctx context.Context) ([]Organization, error) {
	return get[[]Organization](ctx, c, http.MethodGet, "organizations", nil)
}

// Organization returns one customer.
func (c Control) Organization(ctx context.Context, id string) (Organization, error) {
	return get[Organization](ctx, c, http.MethodGet, "organizations/"+id, nil)
}

// Upload uploads a manifest.
func (c Control) Upload(ctx context.Context, orgID string, manifest json.RawMessage) (Integration, error) {
	return get[Integration](ctx, c, http.MethodPost, "organizations/"+orgID+"/integrations", manifest)
}

// Integrations returns what an organization can activate.
func (c Control) Integrations(ctx context.Context, orgID string) ([]Integration, error) {
	return get[[]Integration](ctx, c, http.MethodGet, "organizations/"+orgID+"/integrations", nil)
}

// RemoveIntegration removes the integration that the organization has uploaded.
func (c Control) RemoveIntegration(ctx context.Context, orgID string) error {
	return c.Ask(ctx, http.MethodDelete, "organizations/"+orgID+"/integrations", nil, nil)
}

// Press presses one of Control Hub's buttons, or has Webex act by itself.
func (c Control) Press(ctx context.Context, orgID, button string, in any) (Reply, error) {
	return get[Reply](ctx, c, http.MethodPost, "organizations/"+orgID+"/"+button, in)
}

// FailOnce has Webex answer the next request of this method for a feature's configuration
// of an organization with a status.
func (c Control) FailOnce(ctx context.Context, orgID, kind, method string, status int) error {
	fault := map[string]any{"orgId": orgID, "kind": kind, "method": method, "status": status, "times": 1}
	return c.Ask(ctx, http.MethodPost, "faults", fault, nil)
}

// DeviceURL returns what a device loads; empty if nothing.
func (c Control) DeviceURL(ctx context.Context, orgID, deviceID string) (string, error) {
	path := "organizations/" + orgID + "/deviceUrl?device=" + url.QueryEscape(deviceID)
	shown, err := get[struct{ URL string }](ctx, c, http.MethodGet, path, nil)
	if refused, is := errors.AsType[*controlError](err); is && refused.status == http.StatusNotFound {
		return "", nil
	}
	return shown.URL, err
}

// DeleteConfiguration makes Webex lose a configuration.
func (c Control) DeleteConfiguration(ctx context.Context, orgID string, feature webex.Feature) error {
	return c.Ask(ctx, http.MethodDelete, "organizations/"+orgID+"/configurations/"+string(feature), nil, nil)
}
