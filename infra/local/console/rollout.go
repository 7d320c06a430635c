package console

import (
	"context"
	"time"

	"signpost/infra/panels"
	"signpost/shared/channel"
	"signpost/shared/installation"
)

// maxRolloutCustomers bounds the list: each is a read of the table.
const maxRolloutCustomers = 20

func (c *Console) viewRollout(ctx context.Context) panels.Rollout {
	ctx, cancel := context.WithTimeout(ctx, tableTimeout)
	defer cancel()
	view, err := c.readRollout(ctx)
	if err != nil {
		return panels.Rollout{Problem: err.Error()}
	}
	return view
}

func (c *Console) readRollout(ctx context.Context) (panels.Rollout, error) {
	variables, err := c.options.Environment()
	if err != nil {
		return panels.Rollout{}, err
	}
	channels, err := channel.NewSource(c.options.Table, variables, time.Now).Read(ctx)
	if err != nil || channels.Rollout == nil {
		return panels.Rollout{}, err
	}
	passes, err := c.options.Table.Passes(ctx)
	if err != nil {
		return panels.Rollout{}, err
	}
	view := panels.NewRollout(channels, installation.Estimate(passes), time.Now(), c.nameOfKey)
	return view, c.addCustomers(ctx, &view, channels)
}

// nameOfKey is what Control Hub calls an organization.
func (c *Console) nameOfKey(orgKey string) string {
	if org, ok := c.options.Webex.Organization(orgKey); ok {
		return org.Name()
	}
	return orgKey
}

// addCustomers lists those of the default integration.
func (c *Console) addCustomers(ctx context.Context, view *panels.Rollout, channels channel.Channels) error {
	for _, org := range c.options.Webex.Organizations() {
		s, _ := c.scopeOf(org.ID(), "")
		row, _, err := c.options.Table.Find(ctx, s.key(), time.Now())
		switch {
		case err != nil:
			return err
		case !row.Exists():
			continue
		case len(view.Customers) == maxRolloutCustomers:
			view.More++
			continue
		}
		set, revision := channels.For(row)
		view.Customers = append(view.Customers, panels.RolloutCustomer{
			Name: org.Name(), Channel: set.Name(row), Revision: revision, New: revision == channels.Rollout.Revision,
		})
	}
	return nil
}
