// Package manifest derives the integration's manifest, for upload in Control Hub,
// from the settings of a stage, so that it requests what the deployment provides.
// The manifest's id never changes, and its version only when the content does.
package manifest

import (
	"cmp"
	"strings"

	"signpost/infra/stage"
	"signpost/shared/webex"
)

// Manifest is the document that Control Hub accepts.
type Manifest struct {
	ID              string       `json:"id"`
	ManifestVersion int          `json:"manifestVersion"`
	DisplayName     string       `json:"displayName"`
	Vendor          string       `json:"vendor"`
	Email           string       `json:"email"`
	Description     string       `json:"description"`
	DescriptionURL  string       `json:"descriptionUrl,omitempty"`
	TermsURL        string       `json:"tocUrl,omitempty"`
	Availability    string       `json:"availability"`
	APIAccess       []Access     `json:"apiAccess"`
	XAPIAccess      *XAPIAccess  `json:"xapiAccess,omitempty"`
	Provisioning    Provisioning `json:"provisioning"`
	Features        []string     `json:"features"`
}

// Access is a scope that is requested from the customer.
type Access struct {
	Scope  string `json:"scope"`
	Access string `json:"access"`
	Role   string `json:"role,omitempty"`
}

// XAPIAccess lists the parts of the devices' API that are requested.
type XAPIAccess struct {
	Status   []Path `json:"status"`
	Commands []Path `json:"commands"`
	Events   []Path `json:"events"`
}

// Path is one part of the devices' API, such as Standby.State.
type Path struct {
	Path   string `json:"path"`
	Access string `json:"access"`
}

// Provisioning is how an activation code reaches the API.
type Provisioning struct {
	Type               string `json:"type"`
	URL                string `json:"url,omitempty"`
	ActivationGuideURL string `json:"activationGuideUrl,omitempty"`
}

// The scopes that can be requested.
const (
	scopeJSXAPI   = "spark-admin:devices_pwa_jsxapi"
	scopeStatus   = "spark:xapi_statuses"
	scopeCommands = "spark:xapi_commands"

	required = "required"
)

// contentVariables name the setting that makes a feature provided.
var contentVariables = map[webex.Feature]string{webex.DigitalSignage: "SIGNAGE_URL", webex.PersistentWebApp: "PWA_URL"}

// derive returns the manifest for the settings, without a version. The id is in
// lower case, so that a change of case does not require a new version.
func derive(s stage.Settings) Manifest {
	i := s.Integration
	m := Manifest{
		ID: strings.ToLower(s.Variables["WEBEX_APP_ID"]), DisplayName: i.DisplayName, Vendor: s.Variables["VENDOR_NAME"], Email: i.Email,
		Description: i.Description, DescriptionURL: i.DescriptionURL, TermsURL: i.TermsURL,
		Availability: cmp.Or(i.Availability, "org_private"),
		Provisioning: provisioning(s),
		Features:     []string{},
	}
	for _, feature := range webex.Features {
		if s.Variables[contentVariables[feature]] != "" {
			m.Features = append(m.Features, string(feature))
			m.APIAccess = append(m.APIAccess, Access{Scope: feature.Scope(), Access: required, Role: i.Role})
		}
	}
	if i.JSXAPI {
		m.APIAccess = append(m.APIAccess, Access{Scope: scopeJSXAPI, Access: required, Role: i.Role})
	}
	m.addXAPI(i.XAPI)
	return m
}

// addXAPI requests parts of the devices' API, with the scopes they require.
func (m *Manifest) addXAPI(x stage.XAPI) {
	if len(x.Status)+len(x.Commands)+len(x.Events) == 0 {
		return
	}
	if len(x.Status)+len(x.Events) > 0 {
		m.APIAccess = append(m.APIAccess, Access{Scope: scopeStatus, Access: required})
	}
	if len(x.Commands) > 0 {
		m.APIAccess = append(m.APIAccess, Access{Scope: scopeCommands, Access: required})
	}
	m.XAPIAccess = &XAPIAccess{Status: paths(x.Status), Commands: paths(x.Commands), Events: paths(x.Events)}
}

func paths(names []string) []Path {
	list := make([]Path, 0, len(names))
	for _, name := range names {
		list = append(list, Path{Path: name, Access: required})
	}
	return list
}

// provisioning returns the provisioning, with the API's address if that is known.
func provisioning(s stage.Settings) Provisioning {
	address := s.PublicURL()
	if address != "" {
		address += "/activation"
	}
	if s.Integration.Provisioning == "https" {
		return Provisioning{Type: "https", URL: address}
	}
	return Provisioning{Type: "manual", ActivationGuideURL: address}
}
