// The list of an organization's integrations, and the upload of manifests.

package console

import (
	"fmt"
	"net/http"
	"strings"

	"signpost/infra/panels"
)

type integrationsView struct {
	target
	Rows []integrationRow
	// Empty: nothing is installed, so the organization can be removed.
	Empty bool
	Name  string // of the organization
}

type integrationRow struct {
	Title, Vendor, Availability string
	Version                     int
	Href                        string
	Current                     bool
	State                       panels.Pill
}

func (c *Console) viewIntegrations(s scope) integrationsView {
	view := integrationsView{target: c.targetOf(s), Name: s.Name(), Empty: len(c.installed(s.ID())) == 0}
	for _, app := range c.options.Webex.Integrations(s.ID()) {
		described := app.View()
		row := integrationRow{
			Title: c.titleOf(app), Href: c.targetOf(scope{s.Organization, app}).Page(), Current: app.ClientID() == s.app.ClientID(),
			State: stateOf(app.Installation(s.ID())),
		}
		if described.OrgID != "" {
			row.Vendor, row.Version, row.Availability = described.Vendor, described.ManifestVersion, described.Availability
		}
		view.Rows = append(view.Rows, row)
	}
	return view
}

// upload uploads a manifest. The first version yields an OAuth client, whose secret is
// shown once.
func (c *Console) upload(r *http.Request, s scope) (outcome, error) {
	app, err := c.options.Webex.UploadManifest(s.ID(), []byte(r.FormValue("manifest")))
	if err != nil {
		return outcome{Title: "The manifest was not accepted", Problems: strings.Split(err.Error(), "\n"), Failed: true}, nil
	}
	view := app.View()
	result := outcome{Go: c.targetOf(scope{s.Organization, app}).Page()}
	if app.ClientSecret() == "" {
		result.Title = fmt.Sprintf("Version %d of %s was uploaded", view.ManifestVersion, view.DisplayName)
		return result, nil
	}
	result.Title, result.Detail = view.DisplayName+" was uploaded", "Its OAuth client is shown only now."
	result.ClientID, result.ClientSecret = app.ClientID(), app.ClientSecret()
	return result, nil
}

// removeIntegration removes an integration that the organization has uploaded.
func (c *Console) removeIntegration(_ *http.Request, s scope) (outcome, error) {
	if err := s.app.Remove(s.ID()); err != nil {
		return outcome{}, err
	}
	return outcome{Title: "Integration removed", Go: target{OrgID: s.ID()}.Page()}, nil
}
