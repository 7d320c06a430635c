package installation

import (
	"cmp"

	"signpost/shared/webex"
)

// Statement is what a token that Webex signed says of an installation, as far as
// it is stored: the one place to add a claim that is to be stored. An empty field
// says nothing.
type Statement struct {
	// Subject is `sub` as it came, see [webex.OrganizationKey].
	Subject string
	OrgName string
	// Region is where the installation lives.
	Region          string
	ManifestVersion int
	Scopes          []string
	URLs            URLs
}

// URLs are Webex's addresses for one installation.
type URLs struct {
	OAuth, App, Manifest, APIBase string
}

// NewStatement returns what token says.
func NewStatement(token webex.Token) Statement {
	return Statement{
		Subject: token.Subject, OrgName: token.OrgName,
		Region: token.Region, ManifestVersion: token.ManifestVersion, Scopes: token.Scopes,
		URLs: URLs{OAuth: token.OAuthURL, App: token.AppURL, Manifest: token.ManifestURL, APIBase: token.APIBaseURL},
	}
}

// updated returns s with what newer says. A manifest's version never goes back.
func (s Statement) updated(newer Statement) Statement {
	next := Statement{
		Subject: cmp.Or(newer.Subject, s.Subject), OrgName: cmp.Or(newer.OrgName, s.OrgName),
		Region: cmp.Or(newer.Region, s.Region), ManifestVersion: max(newer.ManifestVersion, s.ManifestVersion), Scopes: s.Scopes,
		URLs: URLs{
			OAuth: cmp.Or(newer.URLs.OAuth, s.URLs.OAuth), App: cmp.Or(newer.URLs.App, s.URLs.App),
			Manifest: cmp.Or(newer.URLs.Manifest, s.URLs.Manifest), APIBase: cmp.Or(newer.URLs.APIBase, s.URLs.APIBase),
		},
	}
	if len(newer.Scopes) > 0 {
		next.Scopes = newer.Scopes
	}
	return next
}
