package webextest_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"signpost/shared/webex/webextest"
)

// verifies reports whether a token's signature fits a key that a region publishes.
func (f *fixture) verifies(region, token string) bool {
	f.Helper()
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(send(f.T, "GET", f.JWKSURLs()[region], "", "", "").raw, &set); err != nil {
		f.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithoutClaimsValidation())
	_, err := parser.Parse(token, func(token *jwt.Token) (any, error) {
		for _, published := range set.Keys {
			if published.KID == token.Header["kid"] && published.ALG.String() == token.Method.Alg() {
				key, err := jwkset.NewJWKFromMarshal(published, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
				return key.Key(), err
			}
		}
		return nil, errors.New("no such key")
	})
	return err == nil
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

func TestFeatureURLsFollowTheManifest(t *testing.T) {
	for _, features := range [][]string{{}, {webextest.DigitalSignage}, {webextest.PersistentWebApp}} {
		f := setup(t, webextest.Options{Features: features})
		code, _ := f.MintActivation(f.org)
		_, claims := claimsOf(t, code)
		for claim, feature := range map[string]string{"signageUrl": webextest.DigitalSignage, "pwaUrl": webextest.PersistentWebApp} {
			if _, has := claims[claim]; has != slices.Contains(features, feature) {
				t.Errorf("features %v: %s there: %v", features, claim, has)
			}
		}
	}
}

func TestActionToken(t *testing.T) {
	f := setup(t, webextest.Options{})
	for action, extra := range map[string]map[string]any{
		"healthCheck": nil,
		"crossLaunch": {"task": "assign_content", "jti": nil},
	} {
		token, err := f.MintAction(f.org, action, extra)
		if err != nil {
			t.Fatal(err)
		}
		_, claims := claimsOf(t, token)
		want := map[string]any{"sub": claims["sub"], "iat": float64(f.clock.now().Unix()), "jti": claims["jti"], "appId": f.AppID(), "action": action}
		maps.Copy(want, extra)
		maps.DeleteFunc(want, func(_ string, v any) bool { return v == nil })
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("%s (-want +got):\n%s", action, diff)
		}
		if !f.verifies(west, token) || f.verifies(east, token) {
			t.Errorf("%s: signed by the wrong region", action)
		}
	}
	if _, err := f.MintAction("nobody", "healthCheck", nil); err == nil {
		t.Error("an unknown organization has a token")
	}
}

func TestTokensAreUnique(t *testing.T) {
	f := setup(t, webextest.Options{})
	seen := map[any]bool{}
	for range 50 {
		token, _ := f.MintAction(f.org, "healthCheck", nil)
		_, claims := claimsOf(t, token)
		if seen[claims["jti"]] {
			t.Fatalf("jti %v twice", claims["jti"])
		}
		seen[claims["jti"]] = true
	}
}

func TestSigning(t *testing.T) {
	f := setup(t, webextest.Options{})
	claims := map[string]any{"a": "b"}
	if !f.verifies(testCloud, f.Sign(testCloud, nil, claims)) {
		t.Error("ES256 does not verify")
	}
	if !f.verifies(testCloud, f.SignRS256(testCloud, nil, claims)) {
		t.Error("RS256 does not verify")
	}
	forged, _ := claimsOf(t, f.Sign(west, map[string]any{"alg": "none", "typ": nil, "jku": "x"}, claims))
	_, kid := f.PublicKey(west)
	if diff := cmp.Diff(map[string]any{"alg": "none", "jku": "x", "kid": kid}, forged); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestKeyRotation(t *testing.T) {
	f := setup(t, webextest.Options{})
	before := f.Sign(west, nil, nil)
	f.RotateKeys(west)
	after := f.Sign(west, nil, nil)
	if !f.verifies(west, before) || !f.verifies(west, after) {
		t.Error("both keys must be published after a rotation")
	}
	f.PruneKeys(west)
	if f.verifies(west, before) || !f.verifies(west, after) {
		t.Error("only the new key must be published after pruning")
	}
	if len(f.JWKSURLs()) != 4 {
		t.Errorf("key sets: %v", f.JWKSURLs())
	}
}

func TestUnknownRegionPanicsWithoutLocking(t *testing.T) {
	f := setup(t, webextest.Options{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		f.Sign("nowhere", nil, nil)
	}()
	f.RotateKeys(west)
}

func TestActivatingAgain(t *testing.T) {
	f, first := setupActivated(t)
	f.put(first.signage, first.access, signageBody)
	second := f.activate()
	if second.signage != first.signage || second.refresh == first.refresh {
		t.Error("the installation must stay and have a further refresh token")
	}
	if _, stored := f.Configuration(f.org, webextest.DigitalSignage); !stored {
		t.Error("the configuration is gone")
	}
	f.accessToken(first.oauth, first.refresh)
	if _, err := f.MintDeprovision(f.org); err != nil {
		t.Fatal(err)
	}
	if third := f.activate(); third.signage == first.signage {
		t.Error("a re-installation must have addresses of its own")
	}
}

func TestStrangersActivation(t *testing.T) {
	f, ours := setupActivated(t)
	code, err := f.MintStrangerActivation(f.org)
	if err != nil || !f.verifies(west, code) {
		t.Fatal("a stranger's code is signed by Webex like any", err)
	}
	_, claims := claimsOf(t, code)
	if claims["appId"] != f.AppID() {
		t.Error("a stranger's code names our appId")
	}
	r := f.exchange(claims["oauthUrl"].(string), claims["refreshToken"].(string))
	if r.status != 400 || r.json["error"] != "invalid_grant" {
		t.Errorf("exchange: %d %s", r.status, r.raw)
	}
	if r := send(t, "GET", claims["appUrl"].(string), "", ours.access, ""); r.status != 403 {
		t.Errorf("our token opens a stranger's installation: %d", r.status)
	}
	f.accessToken(ours.oauth, ours.refresh)
	if f.RefreshToken(f.org) != ours.refresh {
		t.Error("a stranger changed our refresh token")
	}
}
