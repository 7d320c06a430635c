package launch_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"signpost/shared/launch"
	"signpost/shared/webex"
)

// shelf is a store for the examples, which takes each launch once.
type shelf struct{ table }

func (s *shelf) Take(ctx context.Context, id string, at time.Time) (launch.Launch, string, error) {
	l, name, err := s.table.Take(ctx, id, at)
	s.created = nil
	return l, name, err
}

// A launch is issued for a token that was verified, and redeemed once by the
// code in the address that Control Hub opens.
func ExampleIssuer_Issue() {
	store := &shelf{table{orgName: "Acme"}}
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
	store := &shelf{table{orgName: "Acme", created: []launch.Launch{{
		ID: launch.IDOf("the-code"), OrgKey: "org-1", Feature: webex.DigitalSignage, Devices: []launch.Device{{DeviceID: "Y2lz"}}, IssuedAt: now,
	}}}}
	redeemed, err := launch.Redeem(context.Background(), store, "the-code", now)
	fmt.Println(redeemed.OrgKey, redeemed.OrgName, redeemed.Devices, err)

	_, err = launch.Redeem(context.Background(), store, "the-code", now)
	fmt.Println("a second time:", errors.Is(err, launch.ErrUnknown))
	// Output:
	// org-1 Acme [{Y2lz }] <nil>
	// a second time: true
}
