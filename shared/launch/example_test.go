package launch_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// A launch is issued for a verified token, and redeemed once by the code in the URL
// that Control Hub opens.
func ExampleIssuer_Issue() {
	store := &table{orgName: "Acme"}
	issuer, err := launch.NewIssuer(store, provides, "https://content.example.com/?lang=en")
	if err != nil {
		panic(err)
	}
	order := launch.Order{Feature: webex.DigitalSignage, Task: webex.AssignContent, Devices: []launch.Device{{DeviceID: "Y2lz"}}}
	address, err := issuer.Issue(context.Background(), token(webex.AssignContent), order, now)
	if err != nil {
		panic(err)
	}
	opened, _ := url.Parse(address)
	fmt.Println(opened.Host, opened.Query().Get("lang"), len(opened.Query().Get("launch")), "characters of code")
	// Output: content.example.com en 43 characters of code
}

func ExampleRedeem() {
	store := &table{orgName: "Acme", created: []launch.Launch{{
		ID: secret.CodeID("the-code"), Key: installation.Key{OrgKey: "org-1"}, Feature: webex.DigitalSignage, Devices: []launch.Device{{DeviceID: "Y2lz"}}, IssuedAt: now,
	}}}
	redeemed, err := launch.Redeem(context.Background(), store, "the-code", now)
	fmt.Println(redeemed.OrgKey, redeemed.OrgName, redeemed.Devices, err)

	_, err = launch.Redeem(context.Background(), store, "the-code", now)
	fmt.Println("a second time:", errors.Is(err, launch.ErrUnknown))
	// Output:
	// org-1 Acme [{Y2lz }] <nil>
	// a second time: true
}
