package webextest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// description is an organization as the control API shows it, with what one
// integration has there.
type description struct {
	ID             string                    `json:"id"`
	Sub            string                    `json:"sub"`
	Name           string                    `json:"name"`
	Region         string                    `json:"region"`
	Devices        []Device                  `json:"devices"`
	Pushes         map[string]int            `json:"pushes"`
	Configurations map[string]map[string]any `json:"configurations"`
	Installation   *InstallationView         `json:"installation,omitempty"`
}

func (c *Cloud) describe(o *Organization, i *Integration) description {
	d := description{
		ID: o.ID(), Sub: o.Sub(), Name: o.Name(), Region: o.Region(),
		Devices:        c.Devices(o.ID()),
		Pushes:         map[string]int{},
		Configurations: map[string]map[string]any{},
	}
	for feature := range features {
		d.Pushes[feature] = i.Pushes(o.ID(), feature)
		if configuration, ok := i.Configuration(o.ID(), feature); ok {
			d.Configurations[feature] = configuration
		}
	}
	if view, ok := i.Installation(o.ID()); ok {
		d.Installation = &view
	}
	return d
}

func (c *Cloud) describeAll() []description {
	all := []description{}
	for _, o := range c.Organizations() {
		all = append(all, c.describe(o, c.defaultIntegration()))
	}
	return all
}

// replyView is a reply as the control API shows it.
type replyView struct {
	Status      int             `json:"status"`
	URL         string          `json:"url"`
	JWT         string          `json:"jwt"`
	Body        json.RawMessage `json:"body"` // a string if the body is not JSON
	RedirectURL string          `json:"redirectUrl,omitempty"`
	Dropped     bool            `json:"dropped,omitempty"`
	Held        bool            `json:"held,omitempty"`
	Repeated    *replyView      `json:"repeated,omitempty"`
}

func viewReply(r Reply) *replyView {
	view := &replyView{
		Status: r.Status, URL: r.URL, JWT: r.JWT, Body: json.RawMessage("null"),
		RedirectURL: r.RedirectURL, Dropped: r.Dropped, Held: r.Held,
	}
	switch {
	case len(r.Body) == 0:
	case json.Valid(r.Body):
		view.Body = json.RawMessage(r.Body)
	default:
		view.Body = json.RawMessage(encode(string(r.Body)))
	}
	if r.Repeated != nil {
		view.Repeated = viewReply(*r.Repeated)
	}
	return view
}

// replied returns a reply as the control API shows it.
func replied(r Reply, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return viewReply(r), nil
}

func asJWT(token string, err error) (any, error) {
	return map[string]string{"jwt": token}, err
}

func (c *Cloud) controlState(*http.Request) (any, error) {
	return map[string]any{
		"appId":           c.AppID(),
		"clientId":        c.ClientID(),
		"clientSecret":    c.ClientSecret(),
		"baseUrl":         c.BaseURL(),
		"provisioningUrl": c.ProvisioningURL(),
		"regions":         c.Regions(),
		"jwksUrls":        c.JWKSURLs(),
		"organizations":   c.describeAll(),
	}, nil
}

func (c *Cloud) controlAddOrganization(_ *http.Request, in struct{ Name, Region string }) (any, error) {
	if in.Name == "" {
		return nil, errors.New("name is missing")
	}
	if in.Region != "" && c.regions[in.Region] == nil {
		return nil, fmt.Errorf("no region %q", in.Region)
	}
	return c.describe(c.AddOrganization(in.Name, in.Region), c.defaultIntegration()), nil
}

func (c *Cloud) controlDescribe(r *http.Request) (any, error) {
	o, _ := c.Organization(orgID(r))
	return c.describe(o, c.integrationOf(r)), nil
}

func (c *Cloud) controlMint(r *http.Request, in struct{ Stranger bool }) (any, error) {
	if in.Stranger {
		return asJWT(c.MintStrangerActivation(orgID(r)))
	}
	return asJWT(c.integrationOf(r).MintActivation(orgID(r)))
}

func (c *Cloud) controlApproveUpdate(r *http.Request, in struct{ Features []string }) (any, error) {
	return replied(c.integrationOf(r).approveUpdate(r.Context(), orgID(r), in.Features))
}

func (c *Cloud) controlMove(r *http.Request, in struct {
	Region string
	MoveOptions
}) (any, error) {
	return replied(c.integrationOf(r).Move(r.Context(), orgID(r), in.Region, in.MoveOptions))
}

func (c *Cloud) controlCrossLaunch(r *http.Request, in struct {
	Feature, Task string
	DeviceIDs     []string
}) (any, error) {
	return replied(c.integrationOf(r).CrossLaunch(r.Context(), orgID(r), in.Feature, in.Task, in.DeviceIDs))
}

func (c *Cloud) controlMintAction(r *http.Request, in struct {
	Action string
	Extra  map[string]any
}) (any, error) {
	return asJWT(c.integrationOf(r).MintAction(orgID(r), in.Action, in.Extra))
}

func (c *Cloud) controlAddDevices(r *http.Request, in struct {
	Device
	Count int
}) (any, error) {
	if in.Count == 0 {
		return []Device{c.AddDevice(orgID(r), in.Device)}, nil
	}
	if in.Count < 0 || in.Count > 100_000 {
		return nil, errors.New("count must be between 1 and 100000")
	}
	devices := make([]Device, in.Count)
	for i := range devices {
		devices[i] = in.Device
		devices[i].ID, devices[i].Name = "", fmt.Sprintf("%s %05d", cmp.Or(in.Name, "Simulated device"), i+1)
	}
	return c.AddDevices(orgID(r), devices), nil
}

func (c *Cloud) controlFactoryReset(r *http.Request, in struct{ Device string }) (any, error) {
	device, err := c.FactoryReset(orgID(r), in.Device)
	if err != nil {
		return nil, missingError{err}
	}
	return device, nil
}

func (c *Cloud) controlDeviceURL(r *http.Request) (any, error) {
	u, ok := c.DeviceURL(orgID(r), r.URL.Query().Get("device"))
	if !ok {
		return nil, missing("the device shows nothing")
	}
	return map[string]string{"url": u}, nil
}

func (c *Cloud) controlGetConfiguration(r *http.Request) (any, error) {
	configuration, ok := c.integrationOf(r).Configuration(orgID(r), r.PathValue("feature"))
	if !ok {
		return nil, missing("no configuration is stored")
	}
	return configuration, nil
}

func (c *Cloud) controlPutConfiguration(r *http.Request, configuration map[string]any) (any, error) {
	feature := r.PathValue("feature")
	if _, known := features[feature]; !known {
		return nil, missing("no feature %q", feature)
	}
	if _, ok := c.integrationOf(r).Installation(orgID(r)); !ok {
		return nil, ErrNotInstalled
	}
	c.integrationOf(r).SetConfiguration(orgID(r), feature, configuration)
	return configuration, nil
}

func (c *Cloud) controlDeleteConfiguration(r *http.Request) (any, error) {
	c.integrationOf(r).DeleteConfiguration(orgID(r), r.PathValue("feature"))
	return struct{}{}, nil
}

func (c *Cloud) controlPushes(r *http.Request) (any, error) {
	o, _ := c.Organization(orgID(r))
	return c.describe(o, c.integrationOf(r)).Pushes, nil
}

func (c *Cloud) controlRefreshToken(r *http.Request) (any, error) {
	return map[string]string{"refreshToken": c.integrationOf(r).RefreshToken(orgID(r))}, nil
}

func (c *Cloud) controlScopes(r *http.Request, in struct{ Scopes []string }) (any, error) {
	c.integrationOf(r).SetScopes(orgID(r), in.Scopes)
	return struct{}{}, nil
}
