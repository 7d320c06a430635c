package webex_test

import (
	"context"
	"testing"
	"time"

	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// BenchmarkVerify checks one action token, its key known.
func BenchmarkVerify(b *testing.B) {
	cloud := webextest.NewServer(b, webextest.Options{})
	org := cloud.AddOrganization("Acme", "us-west-2_r")
	if _, err := cloud.MintActivation(org.ID()); err != nil {
		b.Fatal(err)
	}
	token, err := cloud.MintAction(org.ID(), webextest.ActionHealthCheck, nil)
	if err != nil {
		b.Fatal(err)
	}
	urls, err := webex.KeySetURLs(webex.DefaultRegions, cloud.JWKSURLs())
	if err != nil {
		b.Fatal(err)
	}
	hosts, err := webex.ParseHosts("127.0.0.1", true)
	if err != nil {
		b.Fatal(err)
	}
	verifier, err := webex.NewVerifier(cloud.AppID(), webex.NewKeySets(urls, nil, time.Now), hosts, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verifier.Verify(context.Background(), token, webex.HealthCheck); err != nil {
			b.Fatal(err)
		}
	}
}
