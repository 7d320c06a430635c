package webextest

import "slices"

// An Integration is one upload of a manifest, with an OAuth client of its own. Its
// methods act on its installation in one organization. Different uploads may have the
// same app id.
//
// The default integration, of the [Options], was uploaded by nobody, and every
// organization can activate it. The methods of [Cloud] act on it.
type Integration struct {
	cloud  *Cloud
	upload *upload
}

// upload is guarded by the cloud's lock.
type upload struct {
	ClientID     string
	ClientSecret string
	manifest     manifest
}

// manifest has the members of a manifest that change what Webex does.
type manifest struct {
	ID              string
	ManifestVersion int
	Availability    string
	APIAccess       []apiAccess
	Features        []string
}

type apiAccess struct {
	Scope string
}

// scopes are all that the manifest names: an administrator grants them together.
func (m manifest) scopes() []string {
	scopes := make([]string, len(m.APIAccess))
	for i, access := range m.APIAccess {
		scopes[i] = access.Scope
	}
	return scopes
}

// upload is the manifest of the Options with an OAuth client.
func (o Options) upload(clientID, clientSecret string) *upload {
	m := manifest{ID: o.AppID, ManifestVersion: 1, Availability: "org_private", Features: slices.Clone(o.Features)}
	for _, scope := range o.Scopes {
		m.APIAccess = append(m.APIAccess, apiAccess{scope})
	}
	return &upload{ClientID: clientID, ClientSecret: clientSecret, manifest: m}
}

// client finds an integration by its OAuth client. It is called with the lock held.
func (c *Cloud) client(id string) *upload {
	for _, u := range []*upload{c.main, c.stranger} {
		if u.ClientID == id {
			return u
		}
	}
	return nil
}

// ProvisioningURL is where [Integration.Activate] posts, empty for manual provisioning.
func (i *Integration) ProvisioningURL() string { return i.cloud.opts.ProvisioningURL }
