package lifecycle

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	"signpost/shared/secret"
	"signpost/shared/webex"
)

var (
	// errQuiet: the call is not made, since its host is left alone.
	errQuiet = errors.New("this host is left alone for now")
	// errNoPlace: it is not, since as many rows as may be are at its host.
	errNoPlace = errors.New("too many calls wait for this host")
)

// paced is Webex as the work on one row of a run sees it: at the run's pace, and
// without the hosts that are left alone. Activations and actions, which somebody
// waits for, do not go through it.
type paced struct {
	Webex
	service *Service
	pace    *pace
	org     string
	probe   string       // the host that its calls find out about, "" for none
	paid    atomic.Int64 // calls that are taken from the rate already
}

// at is the service for one row of a run, which has a place at the host, and so
// many of whose calls are taken from its rate. It may be the one to find out
// whether the host answers again.
func (s *Service) at(p *pace, org, host string, probe bool, paid int) *Service {
	calls := &paced{Webex: s.webex, service: s, pace: p, org: org}
	if probe {
		calls.probe = host
	}
	calls.paid.Store(int64(paid))
	service := *s
	service.webex, service.called = calls, sync.OnceFunc(func() { p.leave(host) })
	return &service
}

// admit is why the host is not to be called now, nil if it may be, and whether
// that finds out if it answers again.
func (s *Service) admit(host string) (probe bool, err error) {
	left, probe := s.quiet.admit(host, s.now())
	if left > 0 {
		err = &webex.APIError{Op: "call", Status: http.StatusTooManyRequests, RetryAfter: left, Cause: errQuiet}
	}
	return probe, err
}

// call is around every call.
func (p *paced) call(ctx context.Context, address string, do func() error) error {
	host, s := hostOf(address), p.service
	if host != p.probe {
		if _, err := s.admit(host); err != nil {
			return err
		}
	}
	if p.paid.Add(-1) < 0 {
		p.pace.charge(1) // it does not wait, in a place that others want
	}
	err := do()
	if ctx.Err() != nil {
		return err // it was our time that was over
	}
	if rest := s.quiet.heard(host, p.org, err, s.now()); rest > 0 {
		s.log.WarnContext(ctx, "host", append([]any{"host", host, "outcome", "left_alone", "seconds", rest.Seconds(), "cause", err}, answerOf(err)...)...)
	}
	return err
}

// Exchange implements [Webex].
func (p *paced) Exchange(ctx context.Context, oauthURL string, client webex.Credentials, refresh secret.String) (tokens webex.Tokens, err error) {
	err = p.call(ctx, oauthURL, func() error {
		tokens, err = p.Webex.Exchange(ctx, oauthURL, client, refresh)
		return err
	})
	return tokens, err
}

// GetApp implements [Webex].
func (p *paced) GetApp(ctx context.Context, appURL string, token secret.String) (app webex.App, err error) {
	err = p.call(ctx, appURL, func() error {
		app, err = p.Webex.GetApp(ctx, appURL, token)
		return err
	})
	return app, err
}

// UpdateApp implements [Webex].
func (p *paced) UpdateApp(ctx context.Context, appURL string, token secret.String, update webex.AppUpdate) error {
	return p.call(ctx, appURL, func() error { return p.Webex.UpdateApp(ctx, appURL, token, update) })
}

// DeleteApp implements [Webex].
func (p *paced) DeleteApp(ctx context.Context, appURL string, token secret.String) error {
	return p.call(ctx, appURL, func() error { return p.Webex.DeleteApp(ctx, appURL, token) })
}

// GetConfig implements [Webex].
func (p *paced) GetConfig(ctx context.Context, feature webex.Feature, endpoint string, token secret.String) (config webex.FeatureConfig, err error) {
	err = p.call(ctx, endpoint, func() error {
		config, err = p.Webex.GetConfig(ctx, feature, endpoint, token)
		return err
	})
	return config, err
}

// PutConfig implements [Webex].
func (p *paced) PutConfig(ctx context.Context, endpoint string, token secret.String, config webex.FeatureConfig) error {
	return p.call(ctx, endpoint, func() error { return p.Webex.PutConfig(ctx, endpoint, token, config) })
}

// DeleteConfig implements [Webex].
func (p *paced) DeleteConfig(ctx context.Context, feature webex.Feature, endpoint string, token secret.String) error {
	return p.call(ctx, endpoint, func() error { return p.Webex.DeleteConfig(ctx, feature, endpoint, token) })
}
