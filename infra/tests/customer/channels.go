package customer

import (
	"context"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
)

// ApplyChannels makes a document the next revision of the deployment's channels. Functions
// that have read the channels before learn of it within [channel.CacheLife].
func (c *Customer) ApplyChannels(document string) {
	c.Helper()
	c.addRevision(document, channel.Current.Apply)
}

// StartRollout makes a document the next revision of the channels, in stages that are not
// held.
func (c *Customer) StartRollout(document string, stages ...installation.Stage) {
	c.Helper()
	c.addRevision(document, func(current channel.Current) (channel.Current, error) {
		return current.Start(channel.Plan{Stages: stages, HaltAt: channel.DefaultHaltAt}, time.Now())
	})
}

// SetChannels changes what is current, past the commands.
func (c *Customer) SetChannels(change func(channel.Current) (channel.Current, error)) {
	c.Helper()
	ctx := context.WithoutCancel(c.Context()) // also after the test
	current, err := c.Store().CurrentChannels(ctx)
	if err == nil {
		current, err = change(current)
	}
	if err == nil {
		_, err = c.Store().SaveCurrentChannels(ctx, current)
	}
	if err != nil {
		c.Fatal(err)
	}
}

func (c *Customer) addRevision(document string, change func(channel.Current) (channel.Current, error)) {
	c.Helper()
	parsed, err := channel.Parse([]byte(document))
	if err != nil {
		c.Fatal(err)
	}
	current, err := c.Store().CurrentChannels(c.Context())
	if err == nil {
		current, err = change(current)
	}
	if err == nil {
		_, err = c.Store().AddChannelRevision(c.Context(), current, parsed, time.Now())
	}
	if err != nil {
		c.Fatal(err)
	}
}
