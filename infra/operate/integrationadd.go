package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/config"
	"signpost/shared/integration"
	"signpost/shared/secret"
	"signpost/shared/secret/document"
	"signpost/shared/webex"
)

// NewIntegration is an integration to register. Its client secret is read from In.
type NewIntegration struct {
	Registration
	ClientID         string
	Label, Reference string
}

// AddIntegration registers an integration. It refuses one that is registered already,
// and all wrong values together.
func (o *Operator) AddIntegration(ctx context.Context, wanted NewIntegration) error {
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	i, err := wanted.integration(ctx, o, p)
	if err != nil && terminal.IsTerminal(o.In) { // before somebody types the secret
		return err
	}
	clientSecret, secretErr := o.clientSecret(ctx)
	if err := errors.Join(err, secretErr); err != nil {
		return err
	}
	if err := o.register(ctx, p, i, clientSecret); err != nil {
		return err
	}
	added := registrationOf(i)
	if o.JSON {
		return o.Print(added)
	}
	o.Good(fmt.Sprintf("registered %s for %s; functions accept its tokens within %s", added.AppID, added.scope(), integration.CacheLife))
	return nil
}

// register seals the secret for the integration, and stores both.
func (o *Operator) register(ctx context.Context, p stack, i integration.Integration, clientSecret secret.String) error {
	sealer, err := p.Keys.Sealer(ctx)
	if err != nil {
		return err
	}
	if i.ClientSecret, err = sealer.Seal(clientSecret, i.SecretPlace()); err != nil {
		return err
	}
	_, err = p.Store.SaveIntegration(ctx, i, time.Now())
	return err
}

// integration returns what is to be registered, without its secret, or all that is wrong
// with it.
func (n NewIntegration) integration(ctx context.Context, o *Operator, p stack) (integration.Integration, error) {
	i := integration.Integration{AppID: strings.ToLower(n.AppID), ClientID: n.ClientID, Label: n.Label, Reference: n.Reference, CreatedAt: time.Now()}
	var wrong []error
	for _, rule := range []struct {
		holds bool
		text  string
	}{
		{config.IsUUID(n.AppID), fmt.Sprintf("%q is not an app id: a UUID, the manifest's id", n.AppID)},
		{webex.IsClientID(n.ClientID), fmt.Sprintf("--client-id %q is not an OAuth client id: letters, digits and . _ ~ - only, %d at most", n.ClientID, webex.MaxClientID)},
		{n.Org != "" || !p.Registry.IsDefault(i.AppID), n.AppID + " is the default integration, whose client is a setting: use --org for an organization that uploaded its manifest itself"},
		{integration.IsLabel(n.Label), fmt.Sprintf("--label must be one line of at most %d bytes", integration.MaxLabel)},
		{integration.IsLabel(n.Reference), fmt.Sprintf("--reference must be one line of at most %d bytes", integration.MaxLabel)},
	} {
		if !rule.holds {
			wrong = append(wrong, terminal.UsageError{Err: errors.New(rule.text)})
		}
	}
	orgKey, err := o.organizationKey(ctx, p, n.Org)
	i.OrgKey = orgKey
	if err = errors.Join(append(wrong, err)...); err != nil {
		return i, err
	}
	return i, o.requireUnregistered(ctx, p, i)
}

func (o *Operator) requireUnregistered(ctx context.Context, p stack, i integration.Integration) error {
	registered, err := p.Store.Integrations(ctx, i.AppID, time.Now())
	if err != nil || !slices.ContainsFunc(registered, func(one integration.Integration) bool { return one.OrgKey == i.OrgKey }) {
		return err
	}
	flags := o.stageFlag() + " " + i.AppID
	if i.OrgKey != "" {
		flags += " --org " + i.OrgKey
	}
	return terminal.Fixable(fmt.Errorf("%s is registered already for %s", i.AppID, registrationOf(i).scope()),
		"signpost integration rotate%s for a new client secret, or signpost integration remove%s", flags, flags)
}

// clientSecret reads a client secret from In, hidden if that is a terminal.
func (o *Operator) clientSecret(ctx context.Context) (secret.String, error) {
	if terminal.IsTerminal(o.In) {
		fmt.Fprint(o.Err, "OAuth client secret, as Control Hub shows it beside the client id (hidden): ")
	}
	line, err := o.Hidden(ctx)
	if err != nil && !errors.Is(err, io.EOF) {
		return secret.String{}, err
	}
	value := secret.New(strings.TrimSpace(line))
	if err := document.CheckSecret(value); err != nil {
		return secret.String{}, terminal.Usagef("the client secret, read from the standard input, %w", err)
	}
	return value, nil
}
