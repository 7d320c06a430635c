package webextest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// description is an organization as the control API shows it.
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

func (c *Cloud) describe(o *Organization) description {
	d := description{
		ID: o.ID(), Sub: o.Sub(), Name: o.Name(), Region: o.Region(),
		Devices:        c.Devices(o.ID()),
		Pushes:         map[string]int{},
		Configurations: map[string]map[string]any{},
	}
	for feature := range features {
		d.Pushes[feature] = c.Pushes(o.ID(), feature)
		if configuration, ok := c.Configuration(o.ID(), feature); ok {
			d.Configurations[feature] = configuration
		}
	}
	if view, ok := c.Installation(o.ID()); ok {
		d.Installation = &view
	}
	return d
}

func (c *Cloud) describeAll() []description {
	all := []description{}
	for _, o := range c.Organizations() {
		all = append(all, c.describe(o))
	}
	return all
}

// replyView is a reply as the control API shows it.
type replyView struct {
	Status      int             `json:"status"`
	URL         string          `json:"url"`
	JWT         string          `json:"jwt"`
	Body        json.RawMessage `json:"body"` // JSON, or a string of what is not
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

// replied turns a reply into what is answered.
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

func (c *Cloud) controlAddOrganization(r *http.Request) (any, error) {
	in, err := input[struct{ Name, Region string }](r)
	if err != nil {
		return nil, err
	}
	return c.addOrganization(in.Name, in.Region)
}

// addOrganization is AddOrganization for input that may be wrong.
func (c *Cloud) addOrganization(name, region string) (any, error) {
	if name == "" {
		return nil, errors.New("name is missing")
	}
	if region != "" && !slices.Contains(c.opts.Regions, region) {
		return nil, fmt.Errorf("no region %q", region)
	}
	return c.describe(c.AddOrganization(name, region)), nil
}

func (c *Cloud) controlDescribe(_ *http.Request, orgID string) (any, error) {
	o, _ := c.Organization(orgID)
	return c.describe(o), nil
}

func (c *Cloud) controlMint(r *http.Request, orgID string) (any, error) {
	in, err := input[struct{ Stranger bool }](r)
	if err != nil {
		return nil, err
	}
	if in.Stranger {
		return asJWT(c.MintStrangerActivation(orgID))
	}
	return asJWT(c.MintActivation(orgID))
}

func (c *Cloud) controlActivate(r *http.Request, orgID string) (any, error) {
	return replied(c.Activate(r.Context(), orgID))
}

func (c *Cloud) controlApproveUpdate(r *http.Request, orgID string) (any, error) {
	in, err := input[struct{ Features []string }](r)
	if err != nil {
		return nil, err
	}
	return replied(c.ApproveUpdate(r.Context(), orgID, in.Features))
}

func (c *Cloud) controlMove(r *http.Request, orgID string) (any, error) {
	in, err := input[struct {
		Region string
		MoveOptions
	}](r)
	if err != nil {
		return nil, err
	}
	return replied(c.Move(r.Context(), orgID, in.Region, in.MoveOptions))
}

func (c *Cloud) controlHealthCheck(r *http.Request, orgID string) (any, error) {
	return replied(c.HealthCheck(r.Context(), orgID))
}

func (c *Cloud) controlDeprovision(r *http.Request, orgID string) (any, error) {
	return replied(c.Deprovision(r.Context(), orgID))
}

func (c *Cloud) controlCrossLaunch(r *http.Request, orgID string) (any, error) {
	in, err := input[struct {
		Feature, Task string
		DeviceIDs     []string
	}](r)
	if err != nil {
		return nil, err
	}
	return replied(c.CrossLaunch(r.Context(), orgID, in.Feature, in.Task, in.DeviceIDs))
}

func (c *Cloud) controlMintAction(r *http.Request, orgID string) (any, error) {
	in, err := input[struct {
		Action string
		Extra  map[string]any
	}](r)
	if err != nil {
		return nil, err
	}
	return asJWT(c.MintAction(orgID, in.Action, in.Extra))
}

func (c *Cloud) controlDevices(_ *http.Request, orgID string) (any, error) {
	return c.Devices(orgID), nil
}

func (c *Cloud) controlAddDevices(r *http.Request, orgID string) (any, error) {
	in, err := input[struct {
		Device
		Count int
	}](r)
	if err != nil {
		return nil, err
	}
	if in.Count == 0 {
		return []Device{c.AddDevice(orgID, in.Device)}, nil
	}
	if in.Count < 0 || in.Count > 100_000 {
		return nil, errors.New("count must be between 1 and 100000")
	}
	devices := make([]Device, in.Count)
	for i := range devices {
		devices[i] = in.Device
		devices[i].ID, devices[i].Name = "", fmt.Sprintf("%s %05d", orElse(in.Name, "Simulated device"), i+1)
	}
	return c.AddDevices(orgID, devices), nil
}

func (c *Cloud) controlFactoryReset(r *http.Request, orgID string) (any, error) {
	in, err := input[struct{ Device string }](r)
	if err != nil {
		return nil, err
	}
	device, err := c.FactoryReset(orgID, in.Device)
	if err != nil {
		return nil, missingError{err}
	}
	return device, nil
}

func orElse(s, fallback string) string {
	defaultTo(&s, fallback)
	return s
}

func (c *Cloud) controlDeviceURL(r *http.Request, orgID string) (any, error) {
	u, ok := c.DeviceURL(orgID, r.URL.Query().Get("device"))
	if !ok {
		return nil, missing("the device shows nothing")
	}
	return map[string]string{"url": u}, nil
}

func (c *Cloud) controlGetConfiguration(r *http.Request, orgID string) (any, error) {
	configuration, ok := c.Configuration(orgID, r.PathValue("feature"))
	if !ok {
		return nil, missing("no configuration is stored")
	}
	return configuration, nil
}

func (c *Cloud) controlPutConfiguration(r *http.Request, orgID string) (any, error) {
	configuration, err := input[map[string]any](r)
	if err != nil {
		return nil, err
	}
	feature := r.PathValue("feature")
	if _, known := features[feature]; !known {
		return nil, missing("no feature %q", feature)
	}
	if _, ok := c.Installation(orgID); !ok {
		return nil, ErrNotInstalled
	}
	c.SetConfiguration(orgID, feature, configuration)
	return configuration, nil
}

func (c *Cloud) controlDeleteConfiguration(r *http.Request, orgID string) (any, error) {
	c.DeleteConfiguration(orgID, r.PathValue("feature"))
	return struct{}{}, nil
}

func (c *Cloud) controlPushes(_ *http.Request, orgID string) (any, error) {
	o, _ := c.Organization(orgID)
	return c.describe(o).Pushes, nil
}

func (c *Cloud) controlRefreshToken(_ *http.Request, orgID string) (any, error) {
	return map[string]string{"refreshToken": c.RefreshToken(orgID)}, nil
}

func (c *Cloud) controlScopes(r *http.Request, orgID string) (any, error) {
	in, err := input[struct{ Scopes []string }](r)
	if err != nil {
		return nil, err
	}
	c.SetScopes(orgID, in.Scopes)
	return struct{}{}, nil
}
