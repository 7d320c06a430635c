package webex_test

import (
	"testing"

	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// BenchmarkVerify checks one action token whose key is cached.
func BenchmarkVerify(b *testing.B) {
	bench := newBench(b)
	token, err := bench.cloud.MintAction(bench.org.ID(), webextest.ActionHealthCheck, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bench.Verify(b.Context(), token, webex.HealthCheck); err != nil {
			b.Fatal(err)
		}
	}
}
