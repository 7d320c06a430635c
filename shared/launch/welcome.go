package launch

import (
	"context"
	"fmt"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// IssueWelcome stores a launch of task [Welcome] for a verified activation code that has
// been applied, and returns address with the launch's code in its query, for the
// administrator's browser. address is as for [NewIssuer].
func IssueWelcome(ctx context.Context, store Keeper, address string, token webex.Token, now time.Time) (string, error) {
	code := secret.NewCode()
	err := store.SaveLaunch(ctx, Launch{
		ID: secret.CodeID(code), Key: installation.KeyOf(token), OrgID: token.Subject,
		Task: Welcome, UserID: token.UserID, IssuedAt: now,
	})
	if err != nil {
		return "", fmt.Errorf("store the launch of an activation: %w", err)
	}
	return withLaunch(address, code), nil
}
