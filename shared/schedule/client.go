// The client of Webex that a run uses.

package schedule

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/time/rate"

	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// limitedClient is the client for one row of a run: it keeps to the run's rate and does
// not call hosts whose breaker is open. Activations and actions, which have a
// response budget, do not go through it.
type limitedClient struct {
	lifecycle.Webex
	run *run
	org string
	// probedHost is called although its breaker is open, "" for none; probeSucceeded is
	// set once it responds.
	probedHost     string
	probeSucceeded *atomic.Bool
	// limiter is a further limit beside that of the run, nil for none.
	limiter *rate.Limiter
	// pause is the response by which Webex asked for a pause: until the row is done, its
	// host is not called again.
	pause atomic.Pointer[askedPause]
}

type askedPause struct {
	host string
	err  error
}

// client returns a client for one organization's row.
func (r *run) client(org string) *limitedClient {
	return &limitedClient{Webex: r.webex, run: r, org: org}
}

// call wraps every call.
func (c *limitedClient) call(ctx context.Context, address string, do func() error) error {
	host, r := lifecycle.HostOf(address), c.run
	if err := c.allow(host); err != nil {
		return err // without using up the rate
	}
	if err := errors.Join(wait(ctx, c.limiter, r.now()), r.limits.wait(ctx)); err != nil {
		return errors.Join(webex.ErrUnavailable, err)
	}
	if err := c.allow(host); err != nil {
		return err
	}
	err := do()
	if webex.RetryAfter(err) > 0 {
		c.pause.Store(&askedPause{host, err})
	}
	switch {
	case ctx.Err() != nil: // not the host's fault
	case host == c.probedHost:
		if !errors.Is(err, webex.ErrUnavailable) {
			c.probeSucceeded.Store(true)
		}
	case r.breaker.record(host, c.org, err, r.now()):
		attributes := []any{"host", host, "outcome", "open", "cause", err}
		r.log.WarnContext(ctx, msgBreakerOpened, append(attributes, lifecycle.ResponseFields(err)...)...)
	}
	return err
}

func (c *limitedClient) allow(host string) error {
	if asked := c.pause.Load(); asked != nil && asked.host == host {
		return asked.err
	}
	if host == c.probedHost {
		return nil
	}
	return c.run.breaker.allow(host, c.run.now())
}

// Exchange implements [lifecycle.Webex].
func (c *limitedClient) Exchange(ctx context.Context, oauthURL string, client webex.Credentials, refresh secret.String) (tokens webex.Tokens, err error) {
	err = c.call(ctx, oauthURL, func() error {
		tokens, err = c.Webex.Exchange(ctx, oauthURL, client, refresh)
		return err
	})
	return tokens, err
}

// GetApp implements [lifecycle.Webex].
func (c *limitedClient) GetApp(ctx context.Context, appURL string, token secret.String) (app webex.App, err error) {
	err = c.call(ctx, appURL, func() error {
		app, err = c.Webex.GetApp(ctx, appURL, token)
		return err
	})
	return app, err
}

// UpdateApp implements [lifecycle.Webex].
func (c *limitedClient) UpdateApp(ctx context.Context, appURL string, token secret.String, update webex.AppUpdate) error {
	return c.call(ctx, appURL, func() error { return c.Webex.UpdateApp(ctx, appURL, token, update) })
}

// DeleteApp implements [lifecycle.Webex].
func (c *limitedClient) DeleteApp(ctx context.Context, appURL string, token secret.String) error {
	return c.call(ctx, appURL, func() error { return c.Webex.DeleteApp(ctx, appURL, token) })
}

// GetConfig implements [lifecycle.Webex].
func (c *limitedClient) GetConfig(ctx context.Context, feature webex.Feature, endpoint string, token secret.String) (config webex.FeatureConfig, err error) {
	err = c.call(ctx, endpoint, func() error {
		config, err = c.Webex.GetConfig(ctx, feature, endpoint, token)
		return err
	})
	return config, err
}

// PutConfig implements [lifecycle.Webex].
func (c *limitedClient) PutConfig(ctx context.Context, endpoint string, token secret.String, config webex.FeatureConfig) error {
	return c.call(ctx, endpoint, func() error { return c.Webex.PutConfig(ctx, endpoint, token, config) })
}

// DeleteConfig implements [lifecycle.Webex].
func (c *limitedClient) DeleteConfig(ctx context.Context, feature webex.Feature, endpoint string, token secret.String) error {
	return c.call(ctx, endpoint, func() error { return c.Webex.DeleteConfig(ctx, feature, endpoint, token) })
}
