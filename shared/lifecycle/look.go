// A pass's look at an installation: it only reads, and leaves everything that needs
// work to the worker that claims the row.

package lifecycle

import (
	"context"
	"errors"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Finding is the result of [Service.Look].
type Finding int

const (
	// InOrder: Webex stores what our settings want, and the row needs no change.
	InOrder Finding = iota
	// Differs: the row must be claimed and worked on.
	Differs
	// Skipped: our own limits did not allow a call to Webex.
	Skipped
	// AlreadyHandled: another worker or the queue of due work handles the row, or it was
	// verified since the pass began.
	AlreadyHandled
)

// Look compares an installation, as a pass read it, with our settings and with what
// Webex stores, through client; it writes nothing. The row may be older than the stored
// one, so only a worker that has claimed it may act on the finding. A row verified
// after began, the start of the pass, is not looked at. A row that failed is
// left to the queue, unless the settings have changed since and Webex did not ask to wait.
// With again, a row that failed
// before differs without waiting for its back-off. For [Skipped] the error is the
// [NotCalledError].
func (s *Service) Look(ctx context.Context, row installation.Installation, client Webex, began time.Time, again bool) (Finding, error) {
	now := s.now()
	switch {
	case s.alreadyHandled(row, now) || row.Schedule.Failures == 0 && !row.Schedule.VerifiedAt.Before(began):
		return AlreadyHandled, nil
	case row.Schedule.Failures > 0 && !again && (row.Schedule.Settings == s.fingerprint || now.Before(row.Schedule.Failure.RetryAt)):
		return AlreadyHandled, nil
	case row.Schedule.Failures > 0 || s.differs(ctx, row, now):
		return Differs, nil
	}
	ask, same := s.featuresToAsk(row, now)
	if !same {
		return Differs, nil
	}
	ctx = context.WithValue(ctx, termsKey{}, terms{webex: client})
	session, err := s.openReadOnly(ctx, row)
	if err != nil {
		return Differs, nil
	}
	for _, name := range ask {
		if same, err := s.sameAtWebex(ctx, session, row, name); err != nil {
			return Skipped, err
		} else if !same {
			return Differs, nil
		}
	}
	return InOrder, nil
}

// alreadyHandled reports whether the queue or another worker handles the row.
func (s *Service) alreadyHandled(row installation.Installation, now time.Time) bool {
	due := row.Schedule.DueAt
	return row.State != installation.Active || row.Work.Held(now) ||
		row.Schedule.Failures == 0 && !due.IsZero() && !due.After(now)
}

// differs reports whether the row needs work, as far as can be known without asking
// Webex, of all but the features: a new token, another registered address, a comparison
// of the app, tokens to be sealed with today's key.
func (s *Service) differs(ctx context.Context, row installation.Installation, now time.Time) bool {
	if !usable(row, now) || ageing(row, now) || row.RegisteredActionsURL != s.settings.actionsURL(row) || s.comparesApp(row) {
		return true
	}
	sealer, err := s.keys.Sealer(ctx)
	return err == nil && !row.Tokens.Renewal.Held(now) && (stale(sealer, row.Tokens.Refresh) || stale(sealer, row.Tokens.Access))
}

// featuresToAsk lists the features for which Webex must be asked what it stores. It
// returns false if a feature needs work whatever Webex stores.
func (s *Service) featuresToAsk(row installation.Installation, now time.Time) (ask []webex.Feature, same bool) {
	for _, name := range webex.Features {
		verdict := s.settings.Judge(row, name, nil, now)
		switch {
		case verdict.changes(row.Features[name]):
			return nil, false
		case verdict.asksWebex:
			ask = append(ask, name)
		}
	}
	return ask, true
}

// sameAtWebex reports whether a verification would leave a feature unchanged, here and
// at Webex. A failed call counts as a difference, unless our own limits prevented it:
// then it returns that error.
func (s *Service) sameAtWebex(ctx context.Context, session *session, row installation.Installation, name webex.Feature) (bool, error) {
	stored, err := s.stored(ctx, session, name, row.Features[name].Endpoint)
	if refused, ok := errors.AsType[*NotCalledError](err); ok {
		return false, refused
	}
	if err != nil {
		return false, nil
	}
	verdict := s.settings.Judge(row, name, stored, s.now())
	unchanged := verdict.feature == row.Features[name]
	return unchanged && (verdict.Verb == Leave || verdict.Verb == Hold), nil
}

// Hosts lists the hosts of Webex that the verification of an installation calls.
func Hosts(row installation.Installation) []string {
	var hosts []string
	for _, name := range webex.Features {
		if endpoint := row.Features[name].Endpoint; endpoint != "" {
			hosts = append(hosts, HostOf(endpoint))
		}
	}
	return hosts
}
