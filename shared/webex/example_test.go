package webex_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// A verifier accepts tokens for one integration, signed by trusted regions, and
// for the actions that the caller serves.
func ExampleVerifier_Verify() {
	cloud := webextest.NewCloud(webextest.Options{Now: time.Now})
	server := httptest.NewServer(cloud)
	defer server.Close()
	cloud.SetBaseURL(server.URL)
	org := cloud.AddOrganization("Acme", home)

	urls, err := webex.KeySetURLs([]string{home}, cloud.JWKSURLs())
	if err != nil {
		panic(err)
	}
	hosts, err := webex.ParseHosts("127.0.0.1", true)
	if err != nil {
		panic(err)
	}
	verifier, err := webex.NewVerifier(webex.OneApp(cloud.AppID()), webex.NewKeySets(urls, nil, time.Now), hosts, time.Now)
	if err != nil {
		panic(err)
	}
	code, err := cloud.MintActivation(org.ID())
	if err != nil {
		panic(err)
	}

	token, err := verifier.Verify(context.Background(), code, webex.Provision)
	fmt.Println(token.OrgName, token.KeyRegion, err)

	_, err = verifier.Verify(context.Background(), code, webex.CrossLaunch)
	fmt.Println("at another route:", errors.Is(err, webex.ErrWrongAction))
	// Output:
	// Acme us-west-2_r <nil>
	// at another route: true
}
