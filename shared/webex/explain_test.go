package webex_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"signpost/shared/webex"
)

// verdicts writes findings as "form signature!error times-": good, failed, not made.
func verdicts(findings []webex.Finding) string {
	var words []string
	for _, finding := range findings {
		switch {
		case !finding.Made:
			words = append(words, string(finding.Check)+"-")
		case finding.Err != nil:
			words = append(words, string(finding.Check)+"!")
		default:
			words = append(words, string(finding.Check))
		}
	}
	return strings.Join(words, " ")
}

func TestExplain(t *testing.T) {
	tests := map[string]struct {
		token func(b *bench) string
		want  string
	}{
		"good":      {func(b *bench) string { return b.good() }, "form algorithm key signature claims times app urls"},
		"no JWS":    {func(*bench) string { return "hello" }, "form! algorithm- key- signature- claims- times- app- urls-"},
		"HMAC":      {func(b *bench) string { return b.withHeader("HS256", "") }, "form algorithm! key- signature- claims times app urls"},
		"stranger":  {func(b *bench) string { return b.withHeader("ES256", "x") }, "form algorithm key! signature- claims times app urls"},
		"tampered":  {func(b *bench) string { return tampered(b.good()) }, "form algorithm key signature! claims times app urls"},
		"no claims": {func(b *bench) string { return b.cloud.Sign(home, nil, map[string]any{}) }, "form algorithm key signature claims! times- app- urls-"},
		"all wrong": {func(b *bench) string {
			return b.cloud.Sign(home, nil, b.provision(map[string]any{"expiryTime": "2020-01-01T00:00:00Z", "appId": "x", "appUrl": "http://evil"}))
		}, "form algorithm key signature claims times! app! urls!"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			raw := test.token(b)
			explained := b.Explain(t.Context(), raw)
			if got := verdicts(explained.Findings); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			// The first failure is what Verify refuses for.
			_, err := b.Verify(t.Context(), raw, anyAction...)
			for _, finding := range explained.Findings {
				if finding.Err != nil {
					if !errors.Is(err, errors.Unwrap(finding.Err)) && !errors.Is(err, finding.Err) {
						t.Errorf("Verify says %v, the explanation %v", err, finding.Err)
					}
					break
				}
			}
		})
	}
}

func TestExplainRedactsTheRefreshToken(t *testing.T) {
	b := newBench(t)
	code, err := b.cloud.MintActivation(b.org.ID())
	if err != nil {
		t.Fatal(err)
	}
	explained := b.Explain(t.Context(), code)
	if text := fmt.Sprintf("%+v", explained); strings.Contains(text, b.cloud.RefreshToken(b.org.ID())) {
		t.Error("the explanation shows the refresh token")
	}
	if explained.KeyRegion != home || explained.Header["alg"] != "ES256" || explained.Payload["action"] != "provision" {
		t.Errorf("explained = %+v", explained)
	}
}
