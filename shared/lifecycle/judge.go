package lifecycle

import (
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Verb is what a verification does with one feature.
type Verb string

// The verbs. Hold and Leave both change nothing at Webex.
const (
	// Leave: Webex stores what is wanted, or the feature is not ours to change.
	Leave Verb = "leave"
	// Push: PUT what is wanted.
	Push Verb = "push"
	// Delete: we no longer provide the feature.
	Delete Verb = "delete"
	// Hold: Webex keeps returning something other than was PUT, so pushing, which
	// reaches every device, is postponed.
	Hold Verb = "hold"
)

// Verdict compares one feature three ways (what our settings want, what was last
// pushed, what Webex stores) and says what to do.
type Verdict struct {
	Verb Verb
	// Wanted is nil if we do not provide the feature.
	Wanted *webex.FeatureConfig
	// Stored is nil if Webex stores nothing.
	Stored *webex.FeatureConfig
	// PushedAt is when a configuration was last pushed, the zero time if never;
	// PushedWanted, whether it was the one that is wanted now.
	PushedAt     time.Time
	PushedWanted bool

	// digest is that of Wanted, "" if it is nil.
	digest string
	// feature is the row's record of the feature after the verb is carried out.
	feature installation.Feature
	// asksWebex is whether the verdict depends on what Webex stores.
	asksWebex bool
}

// Status is the feature's status by this verdict, before its verb is carried out.
func (v Verdict) Status() installation.FeatureStatus { return v.feature.Status }

// drift reports whether Webex stores something other than is wanted.
func (v Verdict) drift() bool {
	return v.Wanted != nil && v.Stored != nil && !v.Stored.Equal(*v.Wanted)
}

// changes reports, for a verdict without what Webex stores, whether the feature needs
// work whatever that is: something else is wanted than what was last pushed or found.
func (v Verdict) changes(feature installation.Feature) bool {
	if v.asksWebex {
		return !v.PushedWanted
	}
	return v.feature != feature
}

// Judge decides what a verification at now does with a feature for which Webex stores
// stored, nil for nothing. It is the only place that decides this.
func (s Settings) Judge(row installation.Installation, name webex.Feature, stored *webex.FeatureConfig, now time.Time) Verdict {
	feature := row.Features[name]
	verdict := Verdict{Verb: Leave, Stored: stored, PushedAt: feature.PushedAt, feature: feature, asksWebex: true}
	if want, provided := s.Wanted(name, row); provided {
		verdict.Wanted, verdict.digest = &want, digestOf(want)
		verdict.PushedWanted = feature.Pushed == verdict.digest
	}
	switch {
	case feature.Endpoint == "":
		verdict.asksWebex = false
		if verdict.Wanted != nil {
			verdict.feature = installation.Feature{Status: installation.NotOffered}
		}
	case verdict.Wanted == nil && stored != nil:
		verdict.Verb = Delete
	case verdict.Wanted == nil:
		verdict.asksWebex = feature.Status != installation.NotProvided
		verdict.feature = absent(feature)
	case stored == nil:
		verdict.Verb, verdict.feature = Push, undrifted(feature)
	case stored.Equal(*verdict.Wanted):
		verdict.feature = undrifted(feature)
		verdict.feature.Status, verdict.feature.Pushed = installation.InSync, verdict.digest
	default:
		verdict.feature, verdict.Verb = s.drifted(feature, digestOf([]webex.FeatureConfig{*verdict.Wanted, *stored}), now)
	}
	return verdict
}

// holdFrom is how many verifications in a row must find the same difference before
// pushing is postponed.
const holdFrom = 3

// drifted records that a verification found the difference, and decides whether to
// push.
func (s Settings) drifted(feature installation.Feature, drift string, now time.Time) (installation.Feature, Verb) {
	if feature.Drift != drift {
		feature = undrifted(feature)
		feature.Drift = drift
	}
	feature.Status = installation.Drifting
	if now.Before(feature.HoldUntil) {
		return feature, Hold
	}
	feature.DriftCount++
	if feature.DriftCount < holdFrom {
		return feature, Push
	}
	// The first hold postpones the current push. At the end of each hold one push
	// is allowed, and the next hold begins.
	first := feature.HoldUntil.IsZero()
	feature.HoldUntil = now.Add(s.hold(feature.DriftCount))
	if first {
		return feature, Hold
	}
	return feature, Push
}

// absent is the record of a feature that we do not provide and Webex does not store.
func absent(feature installation.Feature) installation.Feature {
	return installation.Feature{Endpoint: feature.Endpoint, Status: installation.NotProvided}
}

// undrifted is the feature without its record of a drift.
func undrifted(feature installation.Feature) installation.Feature {
	return installation.Feature{
		Endpoint: feature.Endpoint, Status: feature.Status, PushedAt: feature.PushedAt, Pushed: feature.Pushed,
	}
}
