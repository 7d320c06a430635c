package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// OperationalState is the state of the integration, by Webex's name [java].
type OperationalState string

// The operational states that a health check returns.
const (
	Operational OperationalState = "operational"
	// Impaired: it works, but something is wrong or could not be checked.
	Impaired OperationalState = "impaired"
	// TokenInvalid: it must be activated again.
	TokenInvalid OperationalState = "token_invalid"
)

// TokensState is what is known of the tokens, by Webex's name [java].
type TokensState string

// The states of tokens that a health check returns.
const (
	TokensValid   TokensState = "valid"
	TokensInvalid TokensState = "invalid"
	TokensUnknown TokensState = "unknown"
)

// Health is the response to a health check.
type Health struct {
	OperationalState OperationalState `json:"operationalState"`
	TokensState      TokensState      `json:"tokensState"`
	// TokenHealth is our own field: Webex has no name for a refresh token that works
	// but expires soon.
	TokenHealth installation.TokenHealth `json:"tokenHealth"`
}

// CheckHealth asks Webex whether the access token is valid and the configurations are
// the wanted ones. If not, the row is due at once, unless it backs off already or a worker
// has it. It returns [installation.ErrNotFound] and [installation.ErrWrongRegion]; Webex's errors show in
// the result only, which is returned soon after ctx ends.
func (s *Service) CheckHealth(ctx context.Context, token webex.Token) (Health, error) {
	row, _, err := s.find(ctx, token)
	if err != nil {
		return Health{}, err
	}
	if token.KeyRegion != row.Region {
		return Health{}, s.wrongRegion(ctx, row, token)
	}
	if row.State == installation.TokenInvalid {
		return s.checkInvalid(ctx, row), nil
	}
	health, cause := s.examine(ctx, row)
	if health.OperationalState == Operational {
		return health, nil
	}
	s.log.WarnContext(ctx, msgHealth, append([]any{"org", row.OrgKey, "app", row.AppID, "outcome", string(health.OperationalState), "tokens", string(health.TokensState),
		"token_health", string(health.TokenHealth), "cause", cause}, ResponseFields(cause)...)...)
	if health.OperationalState == Impaired && !errors.Is(cause, errAppDiffers) {
		s.hasten(ctx, row, webex.RetryAfter(cause))
	}
	return health, nil
}

// checkInvalid tries the kept refresh token of a token_invalid installation, at most
// once per [healthRetryAfter]. If Webex accepts it, the row is due.
func (s *Service) checkInvalid(ctx context.Context, row installation.Installation) Health {
	ctx = s.withRetryAfter(ctx, healthRetryAfter)
	if !s.retryDue(ctx, row) {
		return invalidTokens
	}
	session, err := s.openSession(ctx, row)
	if err != nil {
		return invalidTokens
	}
	health, _ := s.examine(ctx, session.row)
	return health
}

// invalidTokens is the health of an installation that must be activated again.
var invalidTokens = Health{TokenInvalid, TokensInvalid, installation.TokensInvalid}

var (
	// errNotInSync: Webex does not store what we want.
	errNotInSync = errors.New("configuration is not in sync")
	// errExpiring: the refresh token expires within 14 days, and was not renewed.
	errExpiring = errors.New("refresh token expires soon")
)

// examine asks Webex for all features in parallel. It changes nothing at Webex, and may
// renew the access token.
func (s *Service) examine(ctx context.Context, row installation.Installation) (Health, error) {
	session, err := s.openSession(ctx, row)
	if err == nil {
		errs := make([]error, len(webex.Features))
		eachFeature(func(i int, name webex.Feature) { errs[i] = s.examineFeature(ctx, session, row, name) })
		err = errors.Join(errs...)
	} else if !errors.Is(err, ErrTokenInvalid) {
		return Health{Impaired, TokensUnknown, row.TokenHealth(s.now())}, err
	}
	refreshHealth := session.row.TokenHealth(s.now()) // after a renewal, if there was one
	if refreshHealth == installation.TokensExpiring {
		err = errors.Join(err, errExpiring)
	}
	if err == nil && row.App.Difference != "" && len(s.missingEndpoints(row)) > 0 {
		err = fmt.Errorf("%w: %s", errAppDiffers, row.App.Difference)
	}
	switch {
	case errors.Is(err, ErrTokenInvalid):
		return invalidTokens, err
	case errors.Is(err, webex.ErrUnauthorized):
		return Health{Impaired, TokensInvalid, refreshHealth}, err
	case err != nil || row.RegisteredActionsURL == "":
		return Health{Impaired, TokensValid, refreshHealth}, err
	default:
		return Health{Operational, TokensValid, refreshHealth}, nil
	}
}

func (s *Service) examineFeature(ctx context.Context, session *session, row installation.Installation, name webex.Feature) error {
	feature := row.Features[name]
	want, provided := s.settings.Wanted(name, row)
	if feature.Endpoint == "" || !provided {
		return nil
	}
	stored, err := s.stored(ctx, session, name, feature.Endpoint)
	if err == nil && (stored == nil || !stored.Equal(want)) {
		err = fmt.Errorf("%s: %w", name, errNotInSync)
	}
	return err
}

// hasten makes the row due after wait, the pause that Webex asked for. It makes
// one attempt: a worker that changes the row at the same moment will detect the problem.
func (s *Service) hasten(ctx context.Context, row installation.Installation, wait time.Duration) {
	saveCtx, cancel := Detached(ctx)
	defer cancel()
	now := s.now()
	due := now.Add(wait)
	current, err := s.reread(saveCtx, row)
	if err == nil && !current.Work.Held(now) && current.Schedule.Failures == 0 && (current.Schedule.DueAt.IsZero() || current.Schedule.DueAt.After(due)) {
		current.Schedule.DueAt = due
		_, err = s.store.Save(saveCtx, current)
	}
	if err != nil && !errors.Is(err, installation.ErrConflict) && !errors.Is(err, installation.ErrStale) {
		s.log.WarnContext(ctx, msgHasten, "org", row.OrgKey, "app", row.AppID, "cause", err)
	}
}
