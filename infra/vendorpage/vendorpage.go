// Package vendorpage fetches the vendor's pages from this machine, to find out whether
// they answer. It fills in the values that a device would have.
package vendorpage

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// timeout bounds the response of a page.
const timeout = 10 * time.Second

// placeholder stands for each value that only Webex knows.
const placeholder = "signpost-check"

// Page is one of the vendor's pages.
type Page struct {
	// What names the page: a setting, or a feature and a channel.
	What, Address string
	// SignIn is set for a page that may refuse a visitor without a launch.
	SignIn bool
}

// Sample returns an installation whose values are filled in where an address is not
// fetched for a real one.
func Sample(region string) installation.Installation {
	return installation.Installation{
		Key:       installation.Key{OrgKey: "00000000-0000-0000-0000-000000000000"},
		Statement: installation.Statement{Region: region}, DeviceKey: secret.New(placeholder),
	}
}

// DeviceAddress returns an address as a device of the installation opens it, with a
// placeholder for Webex's values. It returns an invalid address as it is.
func DeviceAddress(feature webex.Feature, address string, i installation.Installation) string {
	filled, err := feature.Fill(i.DeviceURL(address), func(string) string { return placeholder })
	if err != nil {
		return address
	}
	return filled
}

// Fetch opens the page as a device or a browser would, and returns an error unless it
// answers within 10 seconds. Only the status counts.
func (p Page) Fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	refused := response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden
	if response.StatusCode >= http.StatusBadRequest && !(refused && p.SignIn) {
		return fmt.Errorf("answers %s", response.Status)
	}
	return nil
}
