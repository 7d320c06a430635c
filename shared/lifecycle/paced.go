package lifecycle

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"signpost/shared/secret"
	"signpost/shared/webex"
)

// errQuiet: the call was not made, since its host asked to be left alone.
var errQuiet = errors.New("webex asked that this host be left alone for now")

// paced is Webex as the work on one row of a run sees it: at the run's pace, and
// without the hosts that asked to be left alone. Activations and actions, which
// somebody waits for, do not go through it.
type paced struct {
	Webex
	service *Service
	pace    *pace
	paid    atomic.Int64 // calls that the pace has counted already
}

// at is the service for one row of a run, so many of whose calls are paid for.
func (s *Service) at(p *pace, paid int) *Service {
	calls := &paced{Webex: s.webex, service: s, pace: p}
	calls.paid.Store(int64(paid))
	service := *s
	service.webex = calls
	return &service
}

// call is around every call.
func (p *paced) call(ctx context.Context, address string, do func() error) error {
	host, s := hostOf(address), p.service
	if left := s.quiet.left(host, s.now()); left > 0 {
		return &webex.APIError{Op: "call", Status: http.StatusTooManyRequests, RetryAfter: left, Cause: errQuiet}
	}
	if p.paid.Add(-1) < 0 && !p.pace.nextCall(ctx) {
		return &webex.APIError{Op: "call", Cause: ctx.Err()}
	}
	err := do()
	if quiet := s.quiet.heard(host, err, s.now()); quiet > 0 {
		s.log.WarnContext(ctx, "host", "host", host, "outcome", "left_alone", "seconds", quiet.Seconds())
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
