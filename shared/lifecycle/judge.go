package lifecycle

import (
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Verb is what a verification does about one feature.
type Verb string

// The verbs. Hold and Leave both change nothing at Webex.
const (
	// Leave: it is as it should be, or not ours to touch.
	Leave Verb = "leave"
	// Push: PUT what is wanted.
	Push Verb = "push"
	// Delete: we no longer provide the feature.
	Delete Verb = "delete"
	// Hold: Webex keeps reading back something else than was PUT, so pushing,
	// which reaches every device, is put off.
	Hold Verb = "hold"
)

// Verdict is the three-way view of one feature: what our settings want, what
// was last pushed, what Webex stores; and what follows from it.
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

	// digest names what is wanted, "" if nothing is.
	digest string
	// feature is the row's record of it as it is once the verb is carried out.
	feature installation.Feature
	// asksWebex is whether what Webex stores matters for the verdict.
	asksWebex bool
}

// Status is where the feature stands by this verdict, before its verb is
// carried out.
func (v Verdict) Status() installation.FeatureStatus { return v.feature.Status }

// drift reports whether Webex stores something else than is wanted.
func (v Verdict) drift() bool {
	return v.Wanted != nil && v.Stored != nil && !v.Stored.Equal(*v.Wanted)
}

// Judge says what a verification at now does about a feature of which Webex
// stores stored, or nothing. It is the one place where that is decided.
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

// holdFrom is the verification in a row that finds the same difference from
// which on pushing is put off.
const holdFrom = 3

// drifted records one more find of a difference and says whether to push.
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
	// The first hold postpones the current push, each later one follows
	// the push that its end allowed.
	first := feature.HoldUntil.IsZero()
	feature.HoldUntil = now.Add(s.hold(feature.DriftCount))
	if first {
		return feature, Hold
	}
	return feature, Push
}

func absent(feature installation.Feature) installation.Feature {
	return installation.Feature{Endpoint: feature.Endpoint, Status: installation.NotProvided}
}

func undrifted(feature installation.Feature) installation.Feature {
	return installation.Feature{
		Endpoint: feature.Endpoint, Status: feature.Status, PushedAt: feature.PushedAt, Pushed: feature.Pushed,
	}
}
