package operate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"signpost/infra/vendorpage"
	"signpost/shared/channel"
	"signpost/shared/webex"
)

// fetches is how many pages are fetched at a time.
const fetches = 8

// pagesOf lists the pages of the channels, with our values filled in.
func pagesOf(set channel.Set) map[vendorpage.Page]bool {
	all := map[vendorpage.Page]bool{}
	for _, name := range set.Names() {
		region := webex.DefaultRegions[0]
		for claimed, channel := range set.Regions() {
			if channel == name {
				region = claimed
			}
		}
		settings := set.Of(name)
		for feature, address := range settings.DeviceURLs {
			all[vendorpage.Page{What: fmt.Sprintf("%s of channel %s", feature, name), Address: vendorpage.DeviceAddress(feature, address, vendorpage.Sample(region))}] = true
		}
		if settings.ContentURL != "" {
			all[vendorpage.Page{What: "CONTENT_URL of channel " + name, Address: settings.ContentURL, SignIn: true}] = true
		}
	}
	return all
}

// unanswered fetches pages as a device or a browser would, and returns an error for each
// that does not answer, in the order of their names.
func (o *Operator) unanswered(ctx context.Context, all map[vendorpage.Page]bool) []error {
	defer o.Waiting(fmt.Sprintf("fetching %d pages", len(all)))()
	sorted := slices.SortedFunc(maps.Keys(all), func(a, b vendorpage.Page) int { return cmp.Compare(a.What, b.What) })
	failures := make([]error, len(sorted))
	var fetching errgroup.Group
	fetching.SetLimit(fetches)
	for n, one := range sorted {
		fetching.Go(func() error {
			if err := one.Fetch(ctx); err != nil {
				failures[n] = fmt.Errorf("%s, %s: %w", one.What, one.Address, err)
			}
			return nil
		})
	}
	_ = fetching.Wait() // the errors are in failures
	return slices.DeleteFunc(failures, func(err error) bool { return err == nil })
}
