package lifecycle

import (
	"context"
	"errors"
	"maps"
	"sync"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// synced is the result of updating Webex to our settings.
type synced struct {
	// registered is the actionsUrl registered at Webex, "" if there is none.
	registered string
	// features is the new state of each feature.
	features        map[webex.Feature]installation.Feature
	pushed, deleted int
	// app is the comparison of Webex's record with ours.
	app installation.AppCheck
	// idle: nothing was done except to postpone the row.
	idle bool
	// registerErr is why our actionsUrl could not be registered, nil if it is.
	registerErr error
	// featuresErr joins the features' errors.
	featuresErr error
	// err joins registerErr and featuresErr; nil means that everything is in sync.
	err error
}

// session makes calls to Webex for one installation with its access token, which it
// renews once if Webex refuses it [java].
type session struct {
	service *Service

	// gate guards the fields below. It is a channel so that waiting for a renewal ends
	// with the caller's context.
	gate    chan struct{}
	row     installation.Installation
	token   secret.String
	renewed bool
	// app is Webex's response to the registration.
	app webex.App
}

func (s *Service) openSession(ctx context.Context, row installation.Installation) (*session, error) {
	token, row, err := s.access(ctx, row)
	return &session{service: s, gate: make(chan struct{}, 1), row: row, token: token}, err
}

func (c *session) enter(ctx context.Context) error {
	select {
	case c.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errors.Join(webex.ErrUnavailable, ctx.Err())
	}
}

func (c *session) leave() { <-c.gate }

// call runs f with the token, and again with a new one if Webex returns 401.
func (c *session) call(ctx context.Context, f func(secret.String) error) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	token := c.token
	c.leave()
	err := f(token)
	if !errors.Is(err, webex.ErrUnauthorized) {
		return err
	}
	token, renewErr := c.renew(ctx, token)
	if renewErr != nil {
		return errors.Join(err, renewErr)
	}
	return f(token)
}

func (c *session) renew(ctx context.Context, refused secret.String) (secret.String, error) {
	if err := c.enter(ctx); err != nil {
		return secret.String{}, err
	}
	defer c.leave()
	if !c.token.Equal(refused) {
		return c.token, nil
	}
	if c.renewed {
		return secret.String{}, webex.ErrUnauthorized
	}
	c.renewed = true
	token, row, err := c.service.renew(ctx, c.row, c.row.Tokens.Access, c.row.URLs.OAuth)
	if err != nil {
		return secret.String{}, err
	}
	c.token, c.row = token, row
	return token, nil
}

// sync registers our actionsUrl if Webex has another, and updates the configurations of
// all features, in parallel.
func (s *Service) sync(ctx context.Context, row installation.Installation) (installation.Installation, synced) {
	session, err := s.openSession(ctx, row)
	if err == nil {
		row, err = s.invalidate(ctx, session, row)
	}
	result := synced{registered: row.RegisteredActionsURL, features: maps.Clone(row.Features), app: row.App}
	if err != nil {
		result.registerErr, result.err = err, err
		return session.row, result
	}
	result.registered, result.registerErr = s.register(ctx, session, row)

	synced := make([]syncedFeature, len(webex.Features))
	eachFeature(func(i int, name webex.Feature) { synced[i] = s.syncFeature(ctx, session, row, name) })
	for i, name := range webex.Features {
		if synced[i].feature != (installation.Feature{}) {
			result.features[name] = synced[i].feature
		}
		result.pushed += synced[i].pushed
		result.deleted += synced[i].deleted
		s.reportFeature(ctx, row, name, synced[i])
		result.featuresErr = errors.Join(result.featuresErr, synced[i].err)
	}
	if result.err = errors.Join(result.registerErr, result.featuresErr); result.err == nil {
		result.app = s.compareApp(ctx, session, row)
	} else {
		keepPending(result.features, row.Features)
	}
	return session.row, result
}

// keepPending makes each feature pending again that a failed verification found absent.
// Webex is not asked again about a feature that is not provided, and the region that a
// customer has left reports every configuration as absent too, while it fails all other
// calls [ours].
func keepPending(found, before map[webex.Feature]installation.Feature) {
	for name, feature := range found {
		if feature.Status == installation.NotProvided && before[name].Status != installation.NotProvided {
			found[name] = pending(before[name])
		}
	}
}

// invalidate stores that what Webex has is unknown, before the calls that change it,
// where a later verification would trust the row: the registered address, and features
// that Webex does not store. The outcome of such a call can be lost, and if the settings
// changed back no verification would ask Webex about it.
func (s *Service) invalidate(ctx context.Context, session *session, row installation.Installation) (installation.Installation, error) {
	next, changes := s.invalidated(row)
	if !changes {
		return row, nil
	}
	saved, err := s.update(ctx, session.row, func(row installation.Installation) installation.Installation {
		row, _ = s.invalidated(row)
		return row
	})
	if err != nil {
		return row, err
	}
	session.row = saved
	return next, nil
}

func (s *Service) invalidated(row installation.Installation) (_ installation.Installation, changes bool) {
	if row.RegisteredActionsURL != "" && row.RegisteredActionsURL != s.settings.actionsURL(row) {
		row.RegisteredActionsURL, changes = "", true
	}
	row.Features = maps.Clone(row.Features)
	for name, feature := range row.Features {
		if _, provided := s.settings.Wanted(name, row); provided && feature.Status == installation.NotProvided {
			feature.Status, changes = installation.Pending, true
			row.Features[name] = feature
		}
	}
	return row, changes
}

// eachFeature calls do for all features in parallel, with their indexes.
func eachFeature(do func(i int, name webex.Feature)) {
	var wait sync.WaitGroup
	for i, name := range webex.Features {
		wait.Go(func() { do(i, name) })
	}
	wait.Wait()
}

// register PATCHes the app if Webex does not have our current actionsUrl, and returns
// the registered one.
func (s *Service) register(ctx context.Context, session *session, row installation.Installation) (string, error) {
	actionsURL := s.settings.actionsURL(row)
	if row.RegisteredActionsURL == actionsURL {
		return actionsURL, nil
	}
	err := session.call(ctx, func(token secret.String) error {
		return s.terms(ctx).webex.UpdateApp(ctx, row.URLs.App, token, webex.AppUpdate{
			ProvisioningState: webex.ProvisioningCompleted, ActionsURL: actionsURL, Response: &session.app,
		})
	})
	if err != nil {
		return row.RegisteredActionsURL, err
	}
	return actionsURL, nil
}

// syncedFeature is the result for one feature.
type syncedFeature struct {
	feature         installation.Feature
	pushed, deleted int
	// drift is whether Webex stored something other than we want.
	drift bool
	err   error
}

// syncFeature does GET, compare, and PUT or DELETE only on a difference: each PUT
// reaches every device of the customer. For a new customer it skips the GET if Webex
// has just reported that it stores nothing.
func (s *Service) syncFeature(ctx context.Context, session *session, row installation.Installation, name webex.Feature) syncedFeature {
	verdict := s.settings.Judge(row, name, nil, s.now())
	if verdict.asksWebex && !(neverPushed(row) && session.app.StoresNone(name)) {
		stored, err := s.stored(ctx, session, name, row.Features[name].Endpoint)
		if err != nil {
			return failed(row.Features[name], err)
		}
		verdict = s.settings.Judge(row, name, stored, s.now())
	}
	result := syncedFeature{feature: verdict.feature}
	switch verdict.Verb {
	case Push:
		result = s.push(ctx, session, verdict)
	case Delete:
		result = s.deleteConfig(ctx, session, name, verdict)
	}
	if result.err != nil {
		// Count drift only after acting on it: Webex being unavailable must not make
		// later pushes less frequent.
		result = failed(row.Features[name], result.err)
	}
	result.drift = verdict.drift()
	return result
}

// neverPushed reports whether the table knows of no registration and no push for this
// generation of the installation. Only then does Webex's response to the registration
// prove that it stores no configuration.
func neverPushed(row installation.Installation) bool {
	for _, feature := range row.Features {
		if !feature.PushedAt.IsZero() || feature.Pushed != "" {
			return false
		}
	}
	return row.RegisteredActionsURL == "" && row.Schedule.VerifiedAt.IsZero()
}

// stored reads what Webex stores, nil if it stores nothing.
func (s *Service) stored(ctx context.Context, session *session, name webex.Feature, endpoint string) (*webex.FeatureConfig, error) {
	var stored webex.FeatureConfig
	err := session.call(ctx, func(token secret.String) (err error) {
		stored, err = s.terms(ctx).webex.GetConfig(ctx, name, endpoint, token)
		return err
	})
	if errors.Is(err, webex.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &stored, nil
}

func (s *Service) push(ctx context.Context, session *session, verdict Verdict) syncedFeature {
	feature := verdict.feature
	err := session.call(ctx, func(token secret.String) error {
		return s.terms(ctx).webex.PutConfig(ctx, feature.Endpoint, token, *verdict.Wanted)
	})
	if err != nil {
		return syncedFeature{err: err}
	}
	feature.Status, feature.PushedAt, feature.Pushed = installation.InSync, s.now(), verdict.digest
	return syncedFeature{feature: feature, pushed: 1}
}

func (s *Service) deleteConfig(ctx context.Context, session *session, name webex.Feature, verdict Verdict) syncedFeature {
	err := session.call(ctx, func(token secret.String) error {
		return s.terms(ctx).webex.DeleteConfig(ctx, name, verdict.feature.Endpoint, token)
	})
	if err != nil {
		return syncedFeature{err: err}
	}
	return syncedFeature{feature: absent(verdict.feature), deleted: 1}
}

func failed(feature installation.Feature, err error) syncedFeature {
	return syncedFeature{feature: pending(feature), err: err}
}

// pending is the feature with a verification ahead of it.
func pending(feature installation.Feature) installation.Feature {
	feature.Status = installation.Pending
	return feature
}
