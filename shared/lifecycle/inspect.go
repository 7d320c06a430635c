package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// ErrAccessExpired: the access token has expired. A new one changes the installation, so
// it is renewed by a verification, or by [Service.Inspect] with refresh.
var ErrAccessExpired = errors.New("the access token has expired: run signpost verify, or signpost show --refresh")

// Inspection is an installation as the table holds it, compared with what Webex stores.
type Inspection struct {
	Installation installation.Installation
	Candidates   []installation.Candidate
	// Verdicts say, by feature, what a verification would do now.
	Verdicts map[webex.Feature]Verdict
	// Failures say, by feature, why Webex could not be read.
	Failures map[webex.Feature]error
}

// Inspect returns what a verification of an organization's installation would do. It
// writes nothing, here or at Webex, except that with refresh an expired access token is
// renewed. Without a valid one the failures are [ErrAccessExpired] or
// [ErrTokenInvalid]. It returns [installation.ErrNotFound].
func (s *Service) Inspect(ctx context.Context, key installation.Key, refresh bool) (Inspection, error) {
	row, candidates, err := s.store.Find(ctx, key, s.now())
	if err != nil {
		return Inspection{}, err
	}
	if row.Version == 0 && len(candidates) == 0 {
		return Inspection{}, fmt.Errorf("installation of %s: %w", key.Text(), installation.ErrNotFound)
	}
	inspection := Inspection{
		Installation: row, Candidates: candidates,
		Verdicts: map[webex.Feature]Verdict{}, Failures: map[webex.Feature]error{},
	}
	if row.Exists() {
		s.inspectFeatures(ctx, &inspection, refresh)
	}
	return inspection, nil
}

// openReadOnly is openSession that never renews the stored access token.
func (s *Service) openReadOnly(ctx context.Context, row installation.Installation) (*session, error) {
	switch {
	case row.State == installation.TokenInvalid:
		return nil, ErrTokenInvalid
	case !usable(row, s.now()):
		return nil, ErrAccessExpired
	}
	token, err := s.open(ctx, row.Tokens.Access, installation.AccessPlace(row.Key))
	return &session{service: s, gate: make(chan struct{}, 1), row: row, token: token, renewed: true}, err
}

func (s *Service) inspectFeatures(ctx context.Context, inspection *Inspection, refresh bool) {
	row, open := inspection.Installation, s.openReadOnly
	if refresh {
		open = s.openSession
	}
	session, err := open(ctx, row)
	var mu sync.Mutex
	eachFeature(func(_ int, name webex.Feature) {
		verdict, failure := s.inspectFeature(ctx, session, err, row, name)
		mu.Lock()
		defer mu.Unlock()
		inspection.Verdicts[name] = verdict
		if failure != nil {
			inspection.Failures[name] = failure
		}
	})
}

func (s *Service) inspectFeature(ctx context.Context, session *session, noToken error, row installation.Installation, name webex.Feature) (Verdict, error) {
	verdict := s.settings.Judge(row, name, nil, s.now())
	if !verdict.asksWebex {
		return verdict, nil
	}
	if noToken != nil {
		return verdict, noToken
	}
	stored, err := s.stored(ctx, session, name, row.Features[name].Endpoint)
	if err != nil {
		return verdict, err
	}
	return s.settings.Judge(row, name, stored, s.now()), nil
}
