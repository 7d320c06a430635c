package webextest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An Integration is one upload of a manifest, with an OAuth client of its own. Its
// methods act on its installation in one organization. Different uploads may have the
// same app id.
//
// The default integration, of the [Options], was uploaded by nobody, and every
// organization can activate it. The methods of [Cloud] act on it.
type Integration struct {
	cloud        *Cloud
	upload       *upload
	clientSecret string // empty unless UploadManifest returned this for the first upload
}

// upload is guarded by the cloud's lock. Its JSON is in the files of [Cloud.Persist].
type upload struct {
	OrgID        string          `json:"orgId"` // who uploaded it
	ClientID     string          `json:"clientId"`
	ClientSecret string          `json:"clientSecret"`
	Text         json.RawMessage `json:"manifest"` // as uploaded
	manifest     manifest        // of Text
}

var (
	// ErrNotAvailable: the integration is org_private of another organization, or was
	// removed.
	ErrNotAvailable = errors.New("the integration is private to another organization, or was removed")
	// ErrNotOwn: the organization has not uploaded the integration.
	ErrNotOwn = errors.New("only the organization that uploaded an integration can remove it")
)

// UploadManifest uploads a manifest in an organization, as an administrator does in
// Control Hub, and returns the integration with its client secret, which is not
// readable later. A manifest that is not valid is refused with all its problems.
//
// A manifest whose id the organization uploaded before is a new version of that
// integration, whose OAuth client stays; its manifestVersion has to be higher. The
// same id from another organization is an integration of its own [experience].
//
// An org_private integration can be activated by the organization that uploaded it, a
// global one by all.
func (c *Cloud) UploadManifest(orgID string, text []byte) (*Integration, error) {
	m, err := parseManifest(text)
	if err != nil {
		return nil, err
	}
	defer c.changeCloud()()
	if _, err := c.mustOrg(orgID); err != nil {
		return nil, err
	}
	for _, u := range c.uploads {
		if u.OrgID == orgID && u.is(m.ID) {
			if err := u.replace(m, text); err != nil {
				return nil, err
			}
			return &Integration{cloud: c, upload: u}, nil
		}
	}
	u := &upload{OrgID: orgID, ClientID: newClientID(), ClientSecret: newSecret(), Text: slices.Clone(text), manifest: m}
	c.uploads = append(c.uploads, u)
	return &Integration{cloud: c, upload: u, clientSecret: u.ClientSecret}, nil
}

// Remove removes the integration from Control Hub with its OAuth client, as the
// organization that uploaded it can [ours]. It returns [ErrInstalled] while it is
// installed anywhere. Removing it again does nothing.
func (i *Integration) Remove(orgID string) error {
	defer i.cloud.lock()()
	switch {
	case i.isDefault() || i.upload.OrgID != orgID:
		return ErrNotOwn
	case i.cloud.uses(i.upload):
		return ErrInstalled
	}
	i.cloud.uploads = slices.DeleteFunc(i.cloud.uploads, func(u *upload) bool { return u == i.upload })
	return i.cloud.saveCloud()
}

func newClientID() string { return "C" + strings.ReplaceAll(newUUID()+newUUID(), "-", "") }

func (u *upload) replace(m manifest, text []byte) error {
	if m.ManifestVersion <= u.manifest.ManifestVersion {
		return fmt.Errorf("manifestVersion %d: version %d is uploaded, use a higher number", m.ManifestVersion, u.manifest.ManifestVersion)
	}
	u.Text, u.manifest = slices.Clone(text), m
	return nil
}

func (u *upload) is(appID string) bool { return strings.EqualFold(u.manifest.ID, appID) }

// Integrations are those that an organization can activate, or has installed: the
// default one first, then in the order in which they were uploaded.
func (c *Cloud) Integrations(orgID string) []*Integration {
	defer c.lock()()
	all := []*Integration{c.defaultIntegration()}
	for _, u := range c.uploads {
		if i := (&Integration{cloud: c, upload: u}); i.availableTo(orgID) || i.installed(orgID) != nil {
			all = append(all, i)
		}
	}
	return all
}

// Integration finds one of [Cloud.Integrations] by its app id. Of several with the same
// id it is the organization's own upload, or else the first.
func (c *Cloud) Integration(orgID, appID string) (*Integration, bool) {
	var found *Integration
	for _, i := range c.Integrations(orgID) {
		if i.upload.OrgID == orgID && strings.EqualFold(i.AppID(), appID) {
			return i, true
		}
		if found == nil && strings.EqualFold(i.AppID(), appID) {
			found = i
		}
	}
	return found, found != nil
}

// client finds an integration by its OAuth client. It is called with the lock held.
func (c *Cloud) client(id string) *upload {
	for _, u := range append([]*upload{c.main, c.stranger}, c.uploads...) {
		if u.ClientID == id {
			return u
		}
	}
	return nil
}

// uses reports whether an integration is installed in some organization.
func (c *Cloud) uses(u *upload) bool {
	return slices.ContainsFunc(c.orgs, func(o *organization) bool { return o.installed[u.ClientID] != nil })
}

func (i *Integration) isDefault() bool { return i.upload == i.cloud.main }

func (i *Integration) availableTo(orgID string) bool {
	public := i.upload.OrgID == orgID || i.upload.manifest.Availability == availabilityGlobal
	return i.isDefault() || public && slices.Contains(i.cloud.uploads, i.upload)
}

// AppID is the id of the manifest, the appId of every token.
func (i *Integration) AppID() string {
	defer i.cloud.lock()()
	return i.upload.manifest.ID
}

// ClientID is the integration's OAuth client.
func (i *Integration) ClientID() string { return i.upload.ClientID }

// ClientSecret is the secret of the integration's OAuth client. It is readable once: of
// the Integration that the first upload returned. Of others it is empty.
func (i *Integration) ClientSecret() string { return i.clientSecret }

// Manifest is the manifest as it was uploaded last, nil for the default integration.
func (i *Integration) Manifest() []byte {
	defer i.cloud.lock()()
	return slices.Clone(i.upload.Text)
}

// ProvisioningURL is where [Integration.Activate] posts, empty for manual provisioning.
func (i *Integration) ProvisioningURL() string { return i.View().ProvisioningURL }

// IntegrationView is an integration as Control Hub lists it.
type IntegrationView struct {
	AppID              string   `json:"appId"`
	ClientID           string   `json:"clientId"`
	ClientSecret       string   `json:"clientSecret,omitempty"` // see [Integration.ClientSecret]
	OrgID              string   `json:"orgId,omitempty"`        // who uploaded it, empty for the default one
	DisplayName        string   `json:"displayName"`
	Vendor             string   `json:"vendor,omitempty"`
	Description        string   `json:"description,omitempty"`
	ManifestVersion    int      `json:"manifestVersion"`
	Availability       string   `json:"availability"`
	Features           []string `json:"features"`
	Scopes             []string `json:"scopes"`
	ProvisioningURL    string   `json:"provisioningUrl,omitempty"` // empty for manual provisioning
	ActivationGuideURL string   `json:"activationGuideUrl,omitempty"`
}

// View is the integration by the manifest that was uploaded last.
func (i *Integration) View() IntegrationView {
	defer i.cloud.lock()()
	m := i.upload.manifest
	if i.isDefault() {
		m.Provisioning.URL = i.cloud.opts.ProvisioningURL
	}
	return IntegrationView{
		AppID: m.ID, ClientID: i.upload.ClientID, ClientSecret: i.clientSecret, OrgID: i.upload.OrgID, DisplayName: m.DisplayName, Vendor: m.Vendor,
		Description: m.Description, ManifestVersion: m.ManifestVersion, Availability: m.Availability,
		Features: nonNil(m.Features), Scopes: m.scopes(),
		ProvisioningURL: m.Provisioning.URL, ActivationGuideURL: m.Provisioning.ActivationGuideURL,
	}
}
