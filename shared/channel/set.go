// The channels with the environment's settings filled in.

package channel

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"signpost/shared/config"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Set is all channels under one environment, each complete.
type Set struct {
	channels map[string]config.Launch
	regions  map[string]string // the channel of a region that one claims
}

// Resolve fills the environment's settings into each channel. Without CONTENT_URL in the
// environment, as in functions that need none, a channel may be without it. The error
// holds every problem of every channel; one that is the environment's own is left out.
func (d Document) Resolve(environ map[string]string) (Set, error) {
	all := Set{channels: map[string]config.Launch{}, regions: map[string]string{}}
	var own *config.Error
	all.channels[Default], _ = load(environ)
	if _, err := load(environ); err != nil {
		errors.As(err, &own)
	}
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(d.Channels)) {
		channel := d.Channels[name]
		merged := maps.Clone(environ)
		if merged == nil {
			merged = map[string]string{}
		}
		maps.Copy(merged, channel.Settings)
		settings, err := load(merged)
		if found, isConfig := errors.AsType[*config.Error](err); isConfig {
			for _, problem := range found.Problems {
				if own == nil || !slices.Contains(own.Problems, problem) {
					wrong = append(wrong, fmt.Errorf("channel %s: %s", name, problem))
				}
			}
		}
		all.channels[name] = settings
		for _, region := range channel.Regions {
			all.regions[region] = name
		}
	}
	return all, errors.Join(wrong...)
}

// load reads what differs between channels.
func load(environ map[string]string) (config.Launch, error) {
	var settings config.Launch
	if environ["CONTENT_URL"] == "" {
		err := config.Load(environ, &settings.Features)
		return settings, err
	}
	err := config.Load(environ, &settings)
	return settings, err
}

// Names lists the channels, the default one first.
func (s Set) Names() []string {
	names := slices.Sorted(maps.Keys(s.channels))
	names = slices.DeleteFunc(names, func(name string) bool { return name == Default })
	return append([]string{Default}, names...)
}

// Of returns the settings of a channel, the default ones for an unknown name.
func (s Set) Of(name string) config.Launch {
	if settings, known := s.channels[name]; known {
		return settings
	}
	return s.channels[Default]
}

// Has reports whether there is a channel with this name.
func (s Set) Has(name string) bool { _, known := s.channels[name]; return known }

// Regions returns the channel of each region that one claims.
func (s Set) Regions() map[string]string { return maps.Clone(s.regions) }

// Name returns the name of an installation's channel.
func (s Set) Name(i installation.Installation) string { return i.ChannelOf(s.Has, s.regions) }

// ContentURL returns the vendor's page for administrators of a region. It does not depend
// on what an organization was assigned to, since a cross-launch does not read that.
func (s Set) ContentURL(region string) string {
	return s.Of(s.Name(installation.Installation{Statement: installation.Statement{Region: region}})).ContentURL
}

// Provides reports whether a channel provides the feature.
func (s Set) Provides(feature webex.Feature) bool {
	for _, settings := range s.channels {
		if settings.Provides(feature) {
			return true
		}
	}
	return false
}
