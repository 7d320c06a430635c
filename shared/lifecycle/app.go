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

// errAppDiffers: Webex approved a feature that we provide, and we know no address
// for it: the updateApproved that named it was lost.
var errAppDiffers = errors.New("webex approved something that no action announced")

// lacking lists the features that we provide and the row has no address for.
func (s *Service) lacking(row installation.Installation) []webex.Feature {
	var lacking []webex.Feature
	for _, name := range webex.Features {
		if _, provided := s.settings.Provided[name]; provided && row.Features[name].Endpoint == "" {
			lacking = append(lacking, name)
		}
	}
	return lacking
}

// comparesApp reports whether Webex's record is to be read to find out whether an
// approval was lost. The actions of the first day may still be on their way.
func (s *Service) comparesApp(row installation.Installation) bool {
	now := s.now()
	return len(s.lacking(row)) > 0 && row.RegisteredActionsURL != "" && row.App.Due(now) &&
		!now.Before(row.ActivatedAt.Add(installation.CompareAppEvery))
}

// nextAppComparison is when Webex's record is read next, the zero time for never.
func (s *Service) nextAppComparison(row installation.Installation) time.Time {
	if len(s.lacking(row)) == 0 || row.RegisteredActionsURL == "" {
		return time.Time{}
	}
	last := row.App.At
	if last.IsZero() {
		last = row.ActivatedAt
	}
	return last.Add(installation.CompareAppEvery)
}

// compareApp compares Webex's record of the installation with ours, where a
// feature that we provide is not offered. That Webex could not be asked fails
// nothing: it is asked again in a day.
func (s *Service) compareApp(ctx context.Context, session *session, row installation.Installation) installation.AppCheck {
	switch {
	case len(s.lacking(row)) == 0:
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
		s.log.WarnContext(ctx, msgAppNotCompared, append([]any{"org", row.OrgKey, "outcome", "failed", "cause", err}, AnswerFields(err)...)...)
		unchanged := row.App
		unchanged.At = now
		return unchanged
	}
	check := row.App.Compared(s.appDifference(row, app), app.HealthState, now)
	if check.Difference != "" {
		s.log.WarnContext(ctx, MsgAppDiffers, "org", row.OrgKey, "outcome", "feature_unavailable", "difference", check.Difference)
	}
	return check
}

// appDifference says what Webex has approved and no action announced, "" if
// there is nothing.
func (s *Service) appDifference(row installation.Installation, app webex.App) string {
	var parts []string
	for _, name := range s.lacking(row) {
		if slices.Contains(app.Features, string(name)) {
			parts = append(parts, fmt.Sprintf("%s is approved, its address unknown", name))
		}
	}
	// An activation code names no version: until an approval did there is none.
	if row.ManifestVersion != 0 && app.ManifestVersion > row.ManifestVersion {
		parts = append(parts, fmt.Sprintf("manifest version %d is approved, %d known", app.ManifestVersion, row.ManifestVersion))
	}
	return strings.Join(parts, "; ")
}

// wrongRegion is the answer to an action for a known organization that another
// region signed, which may be all that shows of a lost move: it is logged, and
// kept with the row, once a day at most.
func (s *Service) wrongRegion(ctx context.Context, row installation.Installation, token webex.Token) error {
	s.log.WarnContext(ctx, MsgWrongRegion, "org", row.OrgKey, "outcome", "wrong_region", "action", string(token.Action),
		"region", row.Region, "key_region", token.KeyRegion)
	now := s.now()
	seen := row.SignedElsewhere
	if row.Exists() && (seen.Region != token.KeyRegion || now.Sub(seen.At) >= installation.CompareAppEvery) {
		row.SignedElsewhere = installation.ForeignRegion{Region: token.KeyRegion, At: now}
		if _, err := s.store.Save(ctx, row); err != nil && !errors.Is(err, installation.ErrConflict) {
			s.log.WarnContext(ctx, msgRegionNotKept, "org", row.OrgKey, "outcome", "failed", "cause", err)
		}
	}
	return fmt.Errorf("%s of %s, signed by %s: %w", token.Action, row.OrgKey, token.KeyRegion, installation.ErrWrongRegion)
}
