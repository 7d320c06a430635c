package console

import (
	"net/http"
	"net/url"

	"signpost/shared/webex/webextest"
)

// scope is what the page and its actions are about: an organization, and one of its
// integrations.
type scope struct {
	*webextest.Organization
	app *webextest.Integration
}

// scopeOf finds the scope that a request names. An empty org means the first
// organization, an empty client the default integration. Clients name integrations,
// since several may have the same app id.
func (c *Console) scopeOf(orgID, clientID string) (scope, bool) {
	org, ok := c.organization(orgID)
	if !ok {
		return scope{}, false
	}
	for _, app := range c.options.Webex.Integrations(org.ID()) {
		if clientID == "" || app.ClientID() == clientID {
			return scope{org, app}, true
		}
	}
	return scope{}, false
}

// organization finds an organization by id; an empty id means the first one.
func (c *Console) organization(id string) (*webextest.Organization, bool) {
	if id != "" {
		return c.options.Webex.Organization(id)
	}
	all := c.options.Webex.Organizations()
	if len(all) == 0 {
		return nil, false
	}
	return all[0], true
}

func clientOf(r *http.Request) string { return r.URL.Query().Get("client") }

// home is the page's address without the integration of a request, which may be gone.
func (c *Console) home(orgID string) string {
	if _, ok := c.options.Webex.Organization(orgID); !ok {
		return "/"
	}
	return target{OrgID: orgID}.Page()
}

// installed are the integrations that are installed in an organization.
func (c *Console) installed(orgID string) []*webextest.Integration {
	var all []*webextest.Integration
	for _, app := range c.options.Webex.Integrations(orgID) {
		if _, ok := app.Installation(orgID); ok {
			all = append(all, app)
		}
	}
	return all
}

// target is a scope in views and addresses.
type target struct {
	OrgID    string
	ClientID string // "" for the default integration
	// Of is the integration's name, "" if the organization has no other.
	Of string
}

func (c *Console) targetOf(s scope) target {
	t := target{OrgID: s.ID()}
	if s.app.View().OrgID != "" {
		t.ClientID = s.app.ClientID()
	}
	if len(c.options.Webex.Integrations(s.ID())) > 1 {
		t.Of = nameOf(s.app)
	}
	return t
}

// nameOf tells an integration from the others of an organization, which may have the
// same title.
func nameOf(app *webextest.Integration) string {
	if view := app.View(); view.OrgID != "" {
		return view.DisplayName
	}
	return "the default integration"
}

// titleOf is what Control Hub calls an integration. The default one has the vendor's name.
func (c *Console) titleOf(app *webextest.Integration) string {
	view := app.View()
	if view.OrgID != "" {
		return view.DisplayName
	}
	if variables, err := c.options.Environment(); err == nil && variables["VENDOR_NAME"] != "" {
		return variables["VENDOR_NAME"]
	}
	return "Signpost"
}

// Page is the address of the page that shows the target.
func (t target) Page() string {
	query := url.Values{"org": {t.OrgID}}
	if t.ClientID != "" {
		query.Set("client", t.ClientID)
	}
	return "/?" + query.Encode()
}

// To is the address of an action on the target.
func (t target) To(action string) string {
	address := prefix + "organizations/" + t.OrgID + "/" + action
	if t.ClientID != "" {
		address += "?client=" + url.QueryEscape(t.ClientID)
	}
	return address
}
