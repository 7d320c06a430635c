package manifest

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"signpost/shared/config"
	"signpost/shared/webex"
)

// problems collects what is wrong with a manifest.
type problems []error

func (p *problems) require(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf("manifest: "+format, args...))
	}
}

// Check returns everything that is wrong with m by the rules of Control Hub.
func (m Manifest) Check() error {
	var p problems
	for _, field := range []struct{ name, value, fix string }{
		{"id", m.ID, "WEBEX_APP_ID"}, {"displayName", m.DisplayName, "integration.displayName"},
		{"vendor", m.Vendor, "VENDOR_NAME"}, {"email", m.Email, "integration.email"},
		{"description", m.Description, "integration.description"},
	} {
		p.require(field.value != "", "%s is missing: set %s", field.name, field.fix)
	}
	p.require(m.ID == "" || config.IsUUID(m.ID), "id is not a UUID")
	p.require(m.Email == "" || IsEmail(m.Email), "email %q is not an address", m.Email)
	p.require(m.ManifestVersion >= 0, "manifestVersion must be a positive number")
	p.require(m.Availability == OrgPrivate || m.Availability == Global, "availability is %q: it must be org_private or global", m.Availability)
	p.require(m.Availability != Global || m.TermsURL != "", "a global integration requires terms of use: set integration.tocUrl")
	p.address("descriptionUrl", m.DescriptionURL)
	p.address("tocUrl", m.TermsURL)
	p.provisioning(m.Provisioning)
	p.features(m)
	p.xapi(m)
	return errors.Join(p...)
}

// address requires that an administrator's browser can open a value, if there is
// one.
func (p *problems) address(name, value string) {
	if err := config.CheckAddress(value); value != "" && err != nil {
		p.require(false, "%s %q %v", name, value, err)
	}
}

func (p *problems) provisioning(v Provisioning) {
	p.require(v.URL == "" || v.ActivationGuideURL == "", "provisioning has both url and activationGuideUrl: use one of them")
	switch v.Type {
	case "https":
		p.require(v.URL != "", "provisioning is https, but the API's address is not known yet: set a domain, or use manual until the first deployment")
		p.require(v.ActivationGuideURL == "", "provisioning is https and has an activationGuideUrl")
	case "manual":
		p.require(v.URL == "", "provisioning is manual and has a url")
	default:
		p.require(false, "provisioning type %q is neither https nor manual", v.Type)
	}
	p.address("provisioning.url", v.URL)
	p.address("provisioning.activationGuideUrl", v.ActivationGuideURL)
}

// features requires each feature's scope, and each scope's feature.
func (p *problems) features(m Manifest) {
	p.require(len(m.Features) > 0, "no feature: set SIGNAGE_URL, PWA_URL or both")
	for _, feature := range webex.Features {
		provided := slices.Contains(m.Features, string(feature))
		p.require(provided == m.requests(feature.Scope()), "feature %s and scope %s go together", feature, feature.Scope())
	}
	pwa := slices.Contains(m.Features, string(webex.PersistentWebApp))
	p.require(pwa || !m.requests(scopeJSXAPI), "scope %s has no effect without a persistent web app", scopeJSXAPI)
	for _, a := range m.APIAccess {
		p.require(a.Access == "required" || a.Access == "optional", "scope %s: access is %q", a.Scope, a.Access)
	}
}

// xapi requires the scope of each list of the devices' API, and the list of each scope.
func (p *problems) xapi(m Manifest) {
	var x XAPIAccess
	if m.XAPIAccess != nil {
		x = *m.XAPIAccess
	}
	p.require(m.requests(scopeStatus) == (len(x.Status)+len(x.Events) > 0), "scope %s and the lists of xAPI status and events go together", scopeStatus)
	p.require(m.requests(scopeCommands) == (len(x.Commands) > 0), "scope %s and the list of xAPI commands go together", scopeCommands)
	for _, path := range slices.Concat(x.Status, x.Commands, x.Events) {
		p.require(path.Path != "", "an xAPI path is empty")
		p.require(path.Path != "*", "an xAPI path is *: list the paths that are required")
	}
}

func (m Manifest) requests(scope string) bool {
	return slices.ContainsFunc(m.APIAccess, func(a Access) bool { return a.Scope == scope })
}

// IsEmail reports whether address is an e-mail address without a display name.
func IsEmail(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address && strings.Contains(address[strings.LastIndex(address, "@"):], ".")
}
