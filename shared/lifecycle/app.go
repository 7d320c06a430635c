package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// errAppDiffers: Webex approved a feature that we provide, but we have no address for
// it, because the updateApproved with the address was lost.
var errAppDiffers = errors.New("webex approved something that no action announced")

// missingEndpoints lists the features that we provide and the row has no address for.
func (s *Service) missingEndpoints(row installation.Installation) []webex.Feature {
	var missing []webex.Feature
	for _, name := range webex.Features {
		if _, provided := s.settings.provided(row)[name]; provided && row.Features[name].Endpoint == "" {
			missing = append(missing, name)
		}
	}
	return missing
}

// comparesApp reports whether Webex's record must be read to find a lost approval. Not
// on the first day, when actions may still arrive.
func (s *Service) comparesApp(row installation.Installation) bool {
	now := s.now()
	return len(s.missingEndpoints(row)) > 0 && row.RegisteredActionsURL != "" && row.App.Due(now) &&
		!now.Before(row.ActivatedAt.Add(installation.CompareAppEvery))
}

// nextAppComparison is when Webex's record is read next, the zero time for never.
func (s *Service) nextAppComparison(row installation.Installation) time.Time {
	if len(s.missingEndpoints(row)) == 0 || row.RegisteredActionsURL == "" {
		return time.Time{}
	}
	last := row.App.At
	if last.IsZero() {
		last = row.ActivatedAt
	}
	return last.Add(installation.CompareAppEvery)
}

// compareApp compares Webex's record of the installation with ours if a feature that
// we provide is not offered. A failure to read it is logged only, and retried a day
// later.
func (s *Service) compareApp(ctx context.Context, session *session, row installation.Installation) installation.AppCheck {
	switch {
	case len(s.missingEndpoints(row)) == 0:
		return installation.AppCheck{}
	case !s.comparesApp(row):
		return row.App
	}
	now := s.now()
	var app webex.App
	err := session.call(ctx, func(token secret.String) (err error) {
		app, err = s.terms(ctx).webex.GetApp(ctx, row.URLs.App, token)
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, msgAppNotCompared, append([]any{"org", row.OrgKey, "app", row.AppID, "outcome", "failed", "cause", err}, ResponseFields(err)...)...)
		row.App.At = now
		return row.App
	}
	check := row.App.Compared(s.appDifference(row, app), app.HealthState, now)
	if check.Difference != "" {
		s.log.WarnContext(ctx, MsgAppDiffers, "org", row.OrgKey, "app", row.AppID, "outcome", "feature_unavailable", "difference", check.Difference)
	}
	return check
}

// appDifference says what Webex has approved and no action announced, "" if
// there is nothing.
func (s *Service) appDifference(row installation.Installation, app webex.App) string {
	var parts []string
	for _, name := range s.missingEndpoints(row) {
		if slices.Contains(app.Features, string(name)) {
			parts = append(parts, fmt.Sprintf("%s is approved, its address unknown", name))
		}
	}
	// An activation code names no version, so it is unknown before the first approval.
	if row.ManifestVersion != 0 && app.ManifestVersion > row.ManifestVersion {
		parts = append(parts, fmt.Sprintf("manifest version %d is approved, %d known", app.ManifestVersion, row.ManifestVersion))
	}
	return strings.Join(parts, "; ")
}

// wrongRegion refuses an action for a known organization that another region signed.
// That may be the only sign of a lost move, so it is logged, and recorded in the row
// once a day at most.
func (s *Service) wrongRegion(ctx context.Context, row installation.Installation, token webex.Token) error {
	s.log.WarnContext(ctx, MsgWrongRegion, "org", row.OrgKey, "app", row.AppID, "outcome", "wrong_region", "action", string(token.Action),
		"region", row.Region, "key_region", token.KeyRegion)
	now := s.now()
	seen := row.ForeignRegion
	if row.Exists() && (seen.Region != token.KeyRegion || now.Sub(seen.At) >= installation.CompareAppEvery) {
		row.ForeignRegion = installation.ForeignRegion{Region: token.KeyRegion, At: now}
		if _, err := s.store.Save(ctx, row); err != nil && !errors.Is(err, installation.ErrConflict) {
			s.log.WarnContext(ctx, msgRegionNotKept, "org", row.OrgKey, "app", row.AppID, "outcome", "failed", "cause", err)
		}
	}
	return fmt.Errorf("%s of %s, signed by %s: %w", token.Action, row.Key.Text(), token.KeyRegion, installation.ErrWrongRegion)
}
