package operate

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

const (
	// fetchTimeout bounds the response of a vendor's page.
	fetchTimeout = 10 * time.Second
	// fetches is how many pages are fetched at a time.
	fetches = 8
)

// sample is the installation whose values are filled in where an address is not fetched
// for a real one.
func sample(region string) installation.Installation {
	return installation.Installation{
		Key:       installation.Key{OrgKey: "00000000-0000-0000-0000-000000000000"},
		Statement: installation.Statement{Region: region}, DeviceKey: secret.New("signpost-check"),
	}
}

// devicePage returns an address as a device of the installation opens it, with
// Webex's values replaced by a text.
func devicePage(feature webex.Feature, address string, i installation.Installation) string {
	filled, err := feature.Fill(i.DeviceURL(address), func(string) string { return "signpost-check" })
	if err != nil {
		return address // the settings are checked before
	}
	return filled
}

// page is one of the vendor's pages.
type page struct {
	what, address string
	// signIn is set for a page that may refuse a visitor without a launch.
	signIn bool
}

// pagesOf lists the pages of the channels, with our values filled in.
func pagesOf(set channel.Set) map[page]bool {
	all := map[page]bool{}
	for _, name := range set.Names() {
		region := webex.DefaultRegions[0]
		for claimed, channel := range set.Regions() {
			if channel == name {
				region = claimed
			}
		}
		settings := set.Of(name)
		for feature, address := range settings.DeviceURLs {
			all[page{fmt.Sprintf("%s of channel %s", feature, name), devicePage(feature, address, sample(region)), false}] = true
		}
		if settings.ContentURL != "" {
			all[page{"CONTENT_URL of channel " + name, settings.ContentURL, true}] = true
		}
	}
	return all
}

// unanswered fetches pages as a device or a browser would, and returns an error for each
// that does not answer, in the order of their names.
func (o *Operator) unanswered(ctx context.Context, all map[page]bool) []error {
	defer o.Waiting(fmt.Sprintf("fetching %d pages", len(all)))()
	sorted := slices.SortedFunc(maps.Keys(all), func(a, b page) int { return cmp.Compare(a.what, b.what) })
	failures := make([]error, len(sorted))
	var fetching errgroup.Group
	fetching.SetLimit(fetches)
	for n, one := range sorted {
		fetching.Go(func() error {
			if err := one.fetch(ctx); err != nil {
				failures[n] = fmt.Errorf("%s, %s: %w", one.what, one.address, err)
			}
			return nil
		})
	}
	_ = fetching.Wait() // the errors are in failures
	return slices.DeleteFunc(failures, func(err error) bool { return err == nil })
}

func (p page) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)) // only the status counts
	refused := response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden
	if response.StatusCode >= http.StatusBadRequest && !(refused && p.signIn) {
		return fmt.Errorf("answers %s", response.Status)
	}
	return nil
}
