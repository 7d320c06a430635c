package installation

// DefaultChannel is the name of the channel of the environment's settings.
const DefaultChannel = "default"

// ChannelOf returns the name of the channel of an installation: the one that it was
// assigned to, else the one that claims its region, else [DefaultChannel]. has reports
// whether there is a channel of a name; regions holds the channels of claimed regions.
func (i Installation) ChannelOf(has func(name string) bool, regions map[string]string) string {
	if i.Channel != "" && has(i.Channel) {
		return i.Channel
	}
	if claiming, claimed := regions[i.Region]; claimed {
		return claiming
	}
	return DefaultChannel
}
