package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/config"
	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/webex"
)

// registration is a registered integration as commands show it: without its secret.
type registration struct {
	Label         string `json:"label,omitempty"`
	AppID         string `json:"appId"`
	ClientID      string `json:"clientId"`
	Org           string `json:"org,omitempty"`
	Reference     string `json:"reference,omitempty"`
	Created       string `json:"created"`
	State         string `json:"state"` // registered or unproven
	UnprovenUntil string `json:"unprovenUntil,omitempty"`
}

func registrationOf(i integration.Integration) registration {
	r := registration{
		Label: i.Label, AppID: i.AppID, ClientID: i.ClientID, Org: i.OrgKey, Reference: i.Reference,
		Created: installation.Timestamp(i.CreatedAt), State: "registered", UnprovenUntil: installation.Timestamp(i.UnprovenUntil),
	}
	if !i.UnprovenUntil.IsZero() {
		r.State = "unproven"
	}
	return r
}

// scope says which organizations a registration is for.
func (r registration) scope() string { return cmp.Or(r.Org, "any organization") }

// ListIntegrations prints the registered integrations.
func (o *Operator) ListIntegrations(ctx context.Context) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	found, err := p.Store.Integrations(ctx, "", time.Now())
	if err != nil {
		return err
	}
	list, cells := []registration{}, [][]string{}
	for _, one := range found {
		r := registrationOf(one)
		list = append(list, r)
		cells = append(cells, []string{cmp.Or(r.Label, "-"), r.AppID, r.ClientID, cmp.Or(r.Org, "any"), cmp.Or(r.Reference, "-"), r.Created, r.State})
	}
	switch {
	case o.JSON:
		return o.Print(list)
	case len(list) == 0:
		o.Note("no integrations are registered beside the default one, " + p.AppID)
	default:
		o.Table([]string{"LABEL", "APP ID", "CLIENT ID", "ORGANIZATION", "REFERENCE", "CREATED", "STATE"}, cells)
	}
	return nil
}

// ShowIntegration prints the registrations of an app id, those for one organization with
// its installation.
func (o *Operator) ShowIntegration(ctx context.Context, appID string) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	found, err := o.registrations(ctx, p, appID)
	if err != nil {
		return err
	}
	type shown struct {
		registration
		Installation *summary `json:"installation,omitempty"`
	}
	list := []shown{}
	for n, one := range found {
		installed, err := installationOf(ctx, p, one)
		if err != nil {
			return err
		}
		list = append(list, shown{registrationOf(one), installed})
		if n > 0 && !o.JSON {
			o.Blank()
		}
		if !o.JSON {
			o.showRegistration(list[n].registration, installed)
		}
	}
	if o.JSON {
		return o.Print(list)
	}
	return nil
}

// installationOf is the installation of the only organization that a registration is
// for, nil if there is none.
func installationOf(ctx context.Context, p stack, of integration.Integration) (*summary, error) {
	if of.OrgKey == "" {
		return nil, nil
	}
	row, _, err := p.Store.Find(ctx, installation.Key{OrgKey: of.OrgKey, AppID: of.AppID}, time.Now())
	if err != nil || !row.Exists() {
		return nil, err
	}
	rows, err := withPasses(ctx, p, row)
	if err != nil {
		return nil, err
	}
	s := p.summarize(rows[0], time.Now())
	return &s, nil
}

func (o *Operator) showRegistration(r registration, installed *summary) {
	o.Title(cmp.Or(r.Label, r.AppID))
	state := r.State
	if r.UnprovenUntil != "" {
		state += ", dropped at " + r.UnprovenUntil + " unless its client is proven"
	}
	o.Table(nil, [][]string{
		{"  app id", r.AppID}, {"  client id", r.ClientID}, {"  for", r.scope()},
		{"  reference", cmp.Or(r.Reference, "-")}, {"  created", r.Created}, {"  state", state},
	})
	switch {
	case installed != nil:
		o.table([]summary{*installed}, time.Now())
	case r.Org != "":
		o.Note("not installed")
	}
}

// Registration names a registered integration.
type Registration struct {
	AppID string
	// Org is the organization that it is for, named as in other commands. "" is the
	// registration for any organization, or else the only one of the app id.
	Org string
}

// find returns the registration.
func (r Registration) find(ctx context.Context, o *Operator, p stack) (integration.Integration, error) {
	all, err := o.registrations(ctx, p, r.AppID)
	if err != nil {
		return integration.Integration{}, err
	}
	orgKey, err := o.organizationKey(ctx, p, r.Org)
	if err != nil {
		return integration.Integration{}, err
	}
	list := ""
	for _, one := range all {
		if one.OrgKey == orgKey {
			return one, nil
		}
		list += "\n  " + registrationOf(one).scope()
	}
	if r.Org == "" && len(all) == 1 {
		return all[0], nil
	}
	return integration.Integration{}, terminal.Usagef("no registration of %s matches; select one of these with --org, or without it the one for any organization:%s", r.AppID, list)
}

// registered assembles the stack, and finds a registration in it.
func (o *Operator) registered(ctx context.Context, of Registration) (stack, integration.Integration, error) {
	p, err := o.assemble(ctx)
	if err != nil {
		return stack{}, integration.Integration{}, err
	}
	i, err := of.find(ctx, o, p)
	return p, i, err
}

// registrations returns those of an app id, at least one.
func (o *Operator) registrations(ctx context.Context, p stack, appID string) ([]integration.Integration, error) {
	appID = strings.ToLower(appID)
	found, err := p.Store.Integrations(ctx, appID, time.Now())
	switch {
	case err != nil || len(found) > 0:
		return found, err
	case p.Registry.IsDefault(appID):
		return nil, terminal.Usagef("%s is the default integration: its client is a setting, see signpost config, and its secret changes with signpost rotate client-secret", appID)
	}
	return nil, terminal.Fixable(fmt.Errorf("%s: %w", appID, integration.ErrUnknown), "signpost integration list%s", o.stageFlag())
}

// organizationKey returns an organization's key, "" for "". One that is no customer yet
// must be named by its key, a UUID, or its orgId.
func (o *Operator) organizationKey(ctx context.Context, p stack, org string) (string, error) {
	key := webex.OrganizationKey(org)
	if org == "" || key != org || config.IsUUID(org) {
		return key, nil
	}
	rows, err := o.find(ctx, p, Selection{Orgs: []string{org}})
	if errors.Is(err, installation.ErrNotFound) {
		return "", terminal.Usagef("--org: no customer is called %q: name an organization that is no customer yet by its key, a UUID, or by its orgId", org)
	}
	if err != nil {
		return "", err
	}
	return rows[0].OrgKey, nil
}
