// Package wanted converts a deployment's settings and channels to what installations are
// wanted to be. It links neither Tink nor the client of Secrets Manager.
package wanted

import (
	"signpost/shared/channel"
	"signpost/shared/config"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// Settings converts the provider's settings and the channels for the use cases.
func Settings(provider config.Provider, channels channel.Channels) lifecycle.Settings {
	settings := lifecycle.Settings{
		ClientID: provider.ClientID, PublicURL: provider.PublicURL, VerifyInterval: provider.VerifyInterval,
		Provided: contents(provider.Features), Channels: allContents(channels.Set), Revision: channels.Revision,
	}
	if channels.Next != nil {
		settings.Rollout = &lifecycle.Rollout{Revision: channels.Rollout.Revision, Channels: allContents(*channels.Next), Includes: channels.Rollout.Includes}
	}
	return settings
}

// allContents returns the channels beside the default one.
func allContents(set channel.Set) lifecycle.Channels {
	all := lifecycle.Channels{Contents: map[string]map[webex.Feature]lifecycle.Content{}, Regions: set.Regions()}
	for _, name := range set.Names() {
		if name != channel.Default {
			all.Contents[name] = contents(set.Of(name).Features)
		}
	}
	return all
}

// contents returns what devices show for each feature that is provided.
func contents(features config.Features) map[webex.Feature]lifecycle.Content {
	all := map[webex.Feature]lifecycle.Content{}
	for feature, url := range features.DeviceURLs {
		content := lifecycle.Content{DeviceURL: url}
		if feature == webex.PersistentWebApp {
			content.XAPIAllowList = features.XAPIAllowList
		}
		all[feature] = content
	}
	return all
}
