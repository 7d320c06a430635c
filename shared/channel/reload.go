package channel

import (
	"errors"
	"fmt"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// ErrNoRoom: an address is so long that devices would not accept it with the parameter of
// a reload.
var ErrNoRoom = errors.New("leaves no room for the parameter of a reload")

// CheckReload returns an [ErrNoRoom] that names the channel, unless each address of the
// channels can be reloaded, also of the revision that a rollout gives out.
func (c Channels) CheckReload() error {
	err := c.Set.checkReload()
	if err == nil && c.Next != nil {
		err = c.Next.checkReload()
	}
	return err
}

func (s Set) checkReload() error {
	for _, name := range s.Names() {
		for feature, address := range s.Of(name).DeviceURLs {
			longest, _ := installation.LongestDeviceURL(address) // checked before
			if length, err := feature.LongestDeviceURL(longest); err == nil && length+installation.ReloadLength > webex.MaxDeviceURL {
				return fmt.Errorf("the address of %s in channel %s %w: shorten it by %d characters",
					feature, name, ErrNoRoom, length+installation.ReloadLength-webex.MaxDeviceURL)
			}
		}
	}
	return nil
}
