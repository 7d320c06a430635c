package setup

import (
	"context"
	"errors"
	"strings"

	"signpost/infra/oauthclient"
	"signpost/shared/integration"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
)

// tryClientSecret checks a new client secret of the default integration before any
// function uses it, by exchanging one customer's refresh token. The message says which,
// or that there is no customer to try it with.
func (s *session) tryClientSecret(ctx context.Context, value string, d parts) (message string, err error) {
	keyset, err := sealing.Parse(d["tokenKeyset"])
	if err != nil {
		return "", err
	}
	store, err := s.table(ctx, s.settings.Deployment.Table)
	if err != nil {
		return "", err
	}
	usual := integration.Integration{AppID: strings.ToLower(s.settings.Variables["WEBEX_APP_ID"]), ClientID: s.settings.Variables[clientID]}
	if usual.AppID == "" || usual.ClientID == "" {
		return "", errors.New("the client secret cannot be tried: WEBEX_APP_ID or WEBEX_CLIENT_ID is not set")
	}
	registry, err := integration.NewRegistry(usual.AppID, store, s.now)
	if err != nil {
		return "", err
	}
	return oauthclient.Trial{
		Store: store, Client: webex.Credentials{ClientID: usual.ClientID, ClientSecret: secret.New(value)}, Sealer: keyset, Now: s.now,
	}.Run(ctx, oauthclient.Users(ctx, store, registry, usual))
}
