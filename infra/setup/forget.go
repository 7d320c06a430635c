package setup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/infra/awsconfig"
	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
)

// openTable opens a stage's table with the credentials of the AWS tools.
func openTable(ctx context.Context, name string) (*dynamo.Store, error) {
	if name == "" {
		return nil, errors.New("the table's name is unknown: signpost deploy writes it to the settings, as deployment.table")
	}
	settings, err := awsconfig.Load(ctx, "")
	if err != nil {
		return nil, err
	}
	return dynamo.New(dynamodb.NewFromConfig(settings), name), nil
}

// forgetKeys drops all keys except the primary one, unless a stored token still requires
// one of them. After [propagation], no function encrypts with an older one any more.
func (s *session) forgetKeys(ctx context.Context, d parts) (message string, err error) {
	count, newestIsPrimary, err := sealing.Keys(d["tokenKeyset"])
	switch {
	case err != nil:
		return "", err
	case count == 1:
		return "", errors.New("there is only one key, which cannot be dropped")
	case !newestIsPrimary:
		return "", fmt.Errorf("the newest key does not encrypt yet: run %s first", s.command("rotate", "keyset"))
	}
	keyset, err := sealing.Parse(d["tokenKeyset"])
	if err != nil {
		return "", err
	}
	store, err := s.table(ctx, s.settings.Deployment.Table)
	if err != nil {
		return "", err
	}
	needed, err := s.stillNeeded(ctx, store, keyset)
	if err != nil {
		return "", err
	}
	if needed.total() > 0 {
		return "", needed
	}
	if err := s.resealClientSecrets(ctx, store, keyset); err != nil {
		return "", err
	}
	d["tokenKeyset"], err = sealing.PruneDocument(d["tokenKeyset"])
	return "No stored token requires an older key. They were dropped.", err
}

// stillNeeded counts the stored tokens that require an older key.
func (s *session) stillNeeded(ctx context.Context, store *dynamo.Store, keyset *sealing.Keyset) (neededError, error) {
	needed := neededError{}
	for row, err := range store.Rows(ctx) {
		if err != nil {
			return needed, fmt.Errorf("look for tokens encrypted with older keys: %w", err)
		}
		if expired := row.Candidate != nil && !s.now().Before(row.Candidate.ForgetAt); !expired {
			needed.count(row, keyset.NeedsOlder)
		}
	}
	return needed, nil
}

// resealClientSecrets encrypts the client secrets of registered integrations again that
// require an older key. Nothing else rewrites them.
func (s *session) resealClientSecrets(ctx context.Context, store *dynamo.Store, keyset *sealing.Keyset) error {
	registered, err := store.Integrations(ctx, "", s.now())
	if err != nil {
		return err
	}
	for _, i := range registered {
		if !keyset.NeedsOlder(i.ClientSecret) {
			continue
		}
		clientSecret, err := keyset.Open(i.ClientSecret, i.SecretPlace())
		if err != nil {
			return fmt.Errorf("client secret of %s: %w", i.AppID, err)
		}
		if i.ClientSecret, err = keyset.Seal(clientSecret, i.SecretPlace()); err != nil {
			return err
		}
		if _, err := store.SaveIntegration(ctx, i, s.now()); err != nil {
			return fmt.Errorf("no key was dropped, run this again: %w", err)
		}
	}
	return nil
}

// neededError counts the rows that still require older keys.
type neededError struct {
	active, invalid, unproven int
	// org is an example.
	org string
}

func (n *neededError) count(row installation.Work, needs func(secret.Sealed) bool) {
	switch i, c := row.Installation, row.Candidate; {
	case c != nil && needs(c.Refresh):
		n.unproven, n.org = n.unproven+1, c.OrgKey
	case i == nil || !needs(i.Tokens.Refresh) && !needs(i.Tokens.Access):
	case i.State == installation.Active:
		n.active, n.org = n.active+1, i.OrgKey
	default:
		n.invalid, n.org = n.invalid+1, i.OrgKey
	}
}

func (n neededError) total() int { return n.active + n.invalid + n.unproven }

// Error returns how many rows require older keys, and until when.
func (n neededError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "nothing was changed: tokens of %d rows, such as %s, still require an older key", n.total(), n.org)
	for _, kind := range []struct {
		count int
		what  string
	}{
		{n.active, "active: encrypted again at their next verification, within VERIFY_INTERVAL"},
		{n.invalid, "token_invalid: encrypted again when their token is retried, once a day"},
		{n.unproven, "activations or moves that Webex has not confirmed yet: encrypted again at their next retry, within two hours"},
	} {
		if kind.count > 0 {
			fmt.Fprintf(&text, "\n  %d %s", kind.count, kind.what)
		}
	}
	text.WriteString("\nRun this again then.")
	return text.String()
}
