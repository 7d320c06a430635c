package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"signpost/infra/oauthclient"
	"signpost/shared/integration"
	"signpost/shared/webex"
)

// RotateIntegration replaces the client secret of a registered integration, which is read
// from In. It is tried at Webex first, and nothing is changed if Webex refuses it.
func (o *Operator) RotateIntegration(ctx context.Context, of Registration) error {
	p, i, err := o.registered(ctx, of)
	if err != nil {
		return err
	}
	clientSecret, err := o.clientSecret(ctx)
	if err != nil {
		return err
	}
	sealer, err := p.Keys.Sealer(ctx)
	if err != nil {
		return err
	}
	tried, err := oauthclient.Trial{
		Store: p.Store, Client: webex.Credentials{ClientID: i.ClientID, ClientSecret: clientSecret}, Sealer: sealer, Now: time.Now,
	}.Run(ctx, oauthclient.Users(ctx, p.Store, p.Registry, i))
	if err != nil {
		return err
	}
	if err := o.register(ctx, p, i, clientSecret); err != nil {
		return err
	}
	if o.JSON {
		return o.Print(map[string]any{"rotated": registrationOf(i), "step": tried})
	}
	o.Good(fmt.Sprintf("%s Functions use it within %s.", tried, integration.CacheLife))
	return nil
}

// RemoveIntegration removes a registered integration. Unless confirmed, the user must
// type its app id. It refuses while installations use it, unless forced: then they fail
// until the app id is registered again, and their organization activates it again.
func (o *Operator) RemoveIntegration(ctx context.Context, of Registration, force, confirmed bool) error {
	p, i, err := o.registered(ctx, of)
	if err != nil {
		return err
	}
	if !force {
		err = o.requireUnused(ctx, p, i)
	}
	if err != nil {
		return err
	}
	removed := registrationOf(i)
	if !confirmed {
		question := fmt.Sprintf("This removes the OAuth client %s of %s for %s, whose secret cannot be read back. In a script, use --yes.", i.ClientID, i.AppID, removed.scope())
		if err := o.Confirm(ctx, question, i.AppID); err != nil {
			return err
		}
	}
	if err := p.Store.DeleteIntegration(ctx, i); err != nil {
		return err
	}
	if o.JSON {
		return o.Print(map[string]any{"removed": removed})
	}
	o.Good(fmt.Sprintf("removed %s for %s; functions refuse its tokens within %s", i.AppID, removed.scope(), integration.CacheLife))
	return nil
}

// requireUnused returns an error that names the installations that use an integration, or
// cannot be read.
func (o *Operator) requireUnused(ctx context.Context, p stack, i integration.Integration) error {
	defer o.Waiting("looking for installations")()
	var using []error
	for row, err := range oauthclient.Users(ctx, p.Store, p.Registry, i) {
		if err == nil {
			err = fmt.Errorf("  %s  %s", row.OrgKey, displayName(row))
		}
		using = append(using, err)
	}
	if len(using) == 0 {
		return nil
	}
	return fmt.Errorf("nothing was changed: installations still use %s; remove them first with signpost remove%s ORG --app %s:\n%w",
		i.AppID, o.stageFlag(), i.AppID, errors.Join(using...))
}
