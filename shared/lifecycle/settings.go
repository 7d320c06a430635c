package lifecycle

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Settings are a deployment's settings for all installations.
type Settings struct {
	// ClientID is the OAuth client of the default integration. It only counts
	// in the fingerprint; calls use the client of [Keys].
	ClientID string
	// Provided holds the features that the deployment provides in its default channel.
	Provided map[webex.Feature]Content
	// Channels are the other channels.
	Channels Channels
	// Revision is the number of the channels' revision. It does not affect what devices
	// show.
	Revision int `json:"-"`
	// Rollout is the change of the channels that is under way, nil for none. It is not in
	// the fingerprint: it changes an installation's settings once it includes it.
	Rollout *Rollout `json:"-"`
	// PublicURL is our base URL without a trailing slash; empty means the one
	// under which each installation was activated.
	PublicURL string
	// VerifyInterval is how often each installation is verified.
	VerifyInterval time.Duration
}

// Channels are the channels beside the default one.
type Channels struct {
	// Contents holds the features that each channel provides, by its name, and Regions the
	// channel of each Webex region that one claims; see [installation.Installation.ChannelOf].
	Contents map[string]map[webex.Feature]Content
	Regions  map[string]string
}

// Rollout is another revision of the channels, which some installations are to hold.
type Rollout struct {
	Revision int
	Channels Channels
	Includes func(installation.Installation) bool
}

// Content is what devices show for one feature: the deployment's part of its
// configuration.
type Content struct {
	// DeviceURL may have `{…}` values that we fill in, see [installation.DeviceValues],
	// and `$(…)` values that Webex does.
	DeviceURL string
	// XAPIAllowList is the web app's directXapiAccessAllowListOverride.
	XAPIAllowList string
}

func (s Settings) check() error {
	if s.ClientID == "" || len(s.Provided) == 0 && len(s.Channels.Contents) == 0 || s.VerifyInterval <= 0 {
		return errors.New("lifecycle: client id, a provided feature and the verify interval are required")
	}
	return nil
}

// provided returns the features that the installation's channel provides.
func (s Settings) provided(row installation.Installation) map[webex.Feature]Content {
	channels, _ := s.channelsFor(row)
	if contents, known := channels.Contents[channels.name(row)]; known {
		return contents
	}
	return s.Provided
}

// channelsFor returns the channels that the installation is to hold, and their revision.
func (s Settings) channelsFor(row installation.Installation) (Channels, int) {
	if s.Rollout != nil && s.Rollout.Includes(row) {
		return s.Rollout.Channels, s.Rollout.Revision
	}
	return s.Channels, s.Revision
}

// name returns the name of an installation's channel.
func (c Channels) name(row installation.Installation) string {
	return row.ChannelOf(func(name string) bool { return c.Contents[name] != nil }, c.Regions)
}

// View returns the installation as the vendor's systems see it at now.
func (s Settings) View(row installation.Installation, now time.Time) installation.View {
	channels, revision := s.channelsFor(row)
	return row.View(channels.name(row), revision, now)
}

// baseURL is our public address towards this installation.
func (s Settings) baseURL(row installation.Installation) string {
	return cmp.Or(s.PublicURL, row.BaseURL)
}

// actionsURL is where Webex is to post management actions.
func (s Settings) actionsURL(row installation.Installation) string {
	return s.baseURL(row) + "/actions"
}

// Wanted returns the configuration that Webex should store for feature, and whether the
// feature is provided. It always has both cross-launch URLs, which differ by feature
// because nothing else in a cross-launch names the feature.
func (s Settings) Wanted(feature webex.Feature, row installation.Installation) (webex.FeatureConfig, bool) {
	content, provided := s.provided(row)[feature]
	if !provided {
		return webex.FeatureConfig{}, false
	}
	crossLaunch := s.baseURL(row) + "/crossLaunch/" + string(feature)
	return webex.FeatureConfig{
		Feature: feature, DeviceURL: row.DeviceURL(content.DeviceURL), XAPIAllowList: content.XAPIAllowList,
		AssignContentURL: crossLaunch + "/assignContent", ManageContentURL: crossLaunch + "/manageContent",
	}, true
}

// digestOf returns a digest of a value's JSON, 16 hexadecimal digits.
func digestOf(value any) string {
	document, err := json.Marshal(value)
	if err != nil {
		panic("lifecycle: " + err.Error()) // plain structs of strings always marshal
	}
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:8])
}

const (
	firstBackoff = 30 * time.Second
	maxBackoff   = time.Hour
	// A row that has failed for a week is retried less often.
	longFailing    = 7 * 24 * time.Hour
	longMaxBackoff = 6 * time.Hour
	maxHold        = 24 * time.Hour
)

// backoff is the time to the next attempt after so many failures in a row, the first of
// which was the duration failing ago.
func (s Settings) backoff(failures int, failing time.Duration) time.Duration {
	limit := maxBackoff
	if failing >= longFailing {
		limit = longMaxBackoff
	}
	return doubled(min(firstBackoff, s.VerifyInterval), failures-1, limit)
}

// hold is how long a configuration that keeps drifting is not pushed again.
func (s Settings) hold(driftCount int) time.Duration {
	return doubled(s.VerifyInterval, driftCount-holdFrom+1, maxHold)
}

// doubled is base doubled a number of times, up to limit.
func doubled(base time.Duration, times int, limit time.Duration) time.Duration {
	for ; times > 0 && base < limit; times-- {
		base *= 2
	}
	return min(base, limit)
}
