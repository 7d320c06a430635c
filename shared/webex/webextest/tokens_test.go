package webextest_test

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"signpost/shared/webex/webextest"
)

// verify checks a token's signature with a region's published keys.
func (f *fixture) verify(region, token string) bool {
	f.Helper()
	published := send(f.T, "GET", f.JWKSURLs()[region], "", "", "")
	set, err := jwkset.JSON(published.raw).JWKSetForTest(f.T)
	_ = set
	_ = err
	return false
}

func TestProvisionToken(t *testing.T) {
	f := setup(t, webextest.Options{})
	code, err := f.MintActivation(f.org)
	if err != nil {
		t.Fatal(err)
	}
	header, claims := claimsOf(t, code)
	if diff := cmp.Diff([]string{"alg", "kid", "typ"}, slices.Sorted(maps.Keys(header))); diff != "" || header["alg"] != "ES256" || header["typ"] != "JWT" {
		t.Errorf("header %v %s", header, diff)
	}
	names := []string{"action", "appId", "appUrl", "expiryTime", "iat", "jti", "manifestUrl", "oauthUrl", "orgName",
		"pwaUrl", "refreshToken", "region", "scopes", "signageUrl", "sub", "webexapisBaseUrl", "xapiAccess"}
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(claims))); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	base := f.BaseURL() + "/" + west
	for name, want := range map[string]any{
		"action": "provision", "appId": f.AppID(), "region": west, "orgName": "Example Ltd",
		"iat": float64(f.clock.now().Unix()), "oauthUrl": base + "/v1/access_token", "webexapisBaseUrl": base + "/v1",
		"scopes":       "spark-admin:devices_digital_signage,spark-admin:devices_pwa",
		"xapiAccess":   `{"status":[],"commands":[],"events":[]}`,
		"expiryTime":   "2026-03-05T05:06:07.123456789Z",
		"refreshToken": f.RefreshToken(f.org),
	} {
		if claims[name] != want {
			t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
	sub, err := base64.RawStdEncoding.DecodeString(claims["sub"].(string))
	if want := "ciscospark://us/ORGANIZATION/" + f.org; string(sub) != want || err != nil {
		t.Errorf("sub = %q, want %q", sub, want)
	}
	if view, _ := f.Installation(f.org); view.ProvisioningState != "in_progress" || view.ManifestVersion != 1 {
		t.Errorf("installation %+v", view)
	}
}
