// Package manifest owns the form of an integration's manifest, for upload in Control
// Hub: what it requests for what a deployment provides, and the rules that Control Hub
// holds it to. It does no I/O.
package manifest

import (
	"cmp"
	"strings"

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

// The availabilities.
const (
	OrgPrivate = "org_private"
	Global     = "global"
)

// Description is the part of a manifest that does not follow from what the deployment
// provides.
type Description struct {
	DisplayName    string `json:"displayName"`
	Email          string `json:"email"`
	Description    string `json:"description"`
	DescriptionURL string `json:"descriptionUrl,omitempty"`
	TermsURL       string `json:"tocUrl,omitempty"`
	Availability   string `json:"availability"`
	// Provisioning is "https" (Control Hub posts the activation code) or "manual"
	// (an administrator pastes it).
	Provisioning string `json:"provisioning"`
	// Role is requested with each admin scope, if set.
	Role string `json:"role,omitempty"`
	// JSXAPI requests direct access to the device's xAPI for the web app.
	JSXAPI bool `json:"jsxapi,omitempty"`
	// XAPI lists the other xAPI paths that the integration uses, by kind.
	XAPI XAPI `json:"xapi,omitzero"`
}

// XAPI lists paths of the devices' own API.
type XAPI struct {
	Status   []string `json:"status,omitempty"`
	Commands []string `json:"commands,omitempty"`
	Events   []string `json:"events,omitempty"`
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

// Subject is whose manifest it is.
type Subject struct {
	AppID  string
	Vendor string
	// Features are those that the deployment provides, in the order of [webex.Features].
	Features []webex.Feature
	// Availability is "org_private", the default, or "global".
	Availability string
	Provisioning Provisioning
}

// Derive returns a manifest without a version. Its id is in lower case, so that a change
// of case does not require a new version. Check it before it is used.
func (d Description) Derive(of Subject) Manifest {
	m := Manifest{
		ID: strings.ToLower(of.AppID), DisplayName: d.DisplayName, Vendor: of.Vendor, Email: d.Email,
		Description: d.Description, DescriptionURL: d.DescriptionURL, TermsURL: d.TermsURL,
		Availability: cmp.Or(of.Availability, OrgPrivate), Provisioning: of.Provisioning,
		Features: []string{},
	}
	for _, feature := range of.Features {
		m.Features = append(m.Features, string(feature))
		m.APIAccess = append(m.APIAccess, Access{Scope: feature.Scope(), Access: required, Role: d.Role})
	}
	if d.JSXAPI {
		m.APIAccess = append(m.APIAccess, Access{Scope: scopeJSXAPI, Access: required, Role: d.Role})
	}
	m.addXAPI(d.XAPI)
	return m
}

// addXAPI requests parts of the devices' API, with the scopes they require.
func (m *Manifest) addXAPI(x XAPI) {
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
