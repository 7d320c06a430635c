// Webex as a run calls it.

package schedule

import (
	"context"
	"sync/atomic"

	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// limitedClient is Webex as the work on one row of a run calls it: within the
// run's rate, and without the hosts whose breaker is open. Activations and
// actions, which somebody waits for, do not go through it.
type limitedClient struct {
	lifecycle.Webex
	run      *run
	org      string
	halfOpen string       // the host that its calls try again, "" for none
	prepaid  atomic.Int64 // calls that are taken from the rate already
}

// allow returns a [lifecycle.NotCalledError] while the host's breaker is open, and
// whether it is half-open and the caller tries it.
func (s *Schedule) allow(host string) (halfOpen bool, err error) {
	wait, halfOpen := s.breaker.allow(host, s.now())
	if wait > 0 {
		err = &lifecycle.NotCalledError{Reason: "the breaker of its host is open", RetryAfter: wait}
	}
	return halfOpen, err
}

// call is around every call.
func (c *limitedClient) call(ctx context.Context, address string, do func() error) error {
	host, s := lifecycle.HostOf(address), c.run.Schedule
	if host != c.halfOpen {
		if _, err := s.allow(host); err != nil {
			return err
		}
	}
	if c.prepaid.Add(-1) < 0 {
		c.run.limits.charge(1) // without waiting, which would keep a slot from others
	}
	err := do()
	if ctx.Err() != nil {
		return err // our own time was over
	}
	if open := s.breaker.record(host, c.org, err, s.now()); open > 0 {
		attributes := []any{"host", host, "outcome", "open", "seconds", open.Seconds(), "cause", err}
		s.log.WarnContext(ctx, msgBreakerOpened, append(attributes, lifecycle.AnswerFields(err)...)...)
	}
	return err
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
