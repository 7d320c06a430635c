package webex_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

const (
	home      = "us-west-2_r"
	elsewhere = "eu-central-1_k"
	untrusted = "us-east-1_int13"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// bench is a Webex cloud and a verifier that trusts it, on one clock.
type bench struct {
	cloud *webextest.Cloud
	org   *webextest.Organization
	keys  *webex.KeySets
	*webex.Verifier

	mu  sync.Mutex
	now time.Time // written with mu held: fetches may run concurrently
}

func (b *bench) clock() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.now }

func (b *bench) setClock(now time.Time) { b.mu.Lock(); defer b.mu.Unlock(); b.now = now }

func (b *bench) pass(d time.Duration) { b.setClock(b.now.Add(d)) }

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{now: noon}
	b.cloud = webextest.NewServer(t, webextest.Options{Now: b.clock})
	b.org = b.cloud.AddOrganization("Acme", home)
	urls, err := webex.KeySetURLs(webex.DefaultRegions, b.cloud.JWKSURLs())
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := webex.ParseHosts("127.0.0.1,"+webex.DefaultHosts, true)
	if err != nil {
		t.Fatal(err)
	}
	b.keys = webex.NewKeySets(urls, http.DefaultTransport, b.clock)
	if b.Verifier, err = webex.NewVerifier(webex.OneApp(b.cloud.AppID()), b.keys, hosts, b.clock); err != nil {
		t.Fatal(err)
	}
	return b
}

// claims are the claims of a good crossLaunch token with changes; nil deletes.
func (b *bench) claims(changes map[string]any) map[string]any {
	claims := map[string]any{
		"sub": b.org.Sub(), "iat": b.now.Unix(), "jti": "a-token", "appId": b.cloud.AppID(), "action": "crossLaunch",
	}
	return merged(claims, changes)
}

// provision are the claims of a good activation code, with changes.
func (b *bench) provision(changes map[string]any) map[string]any {
	claims := b.claims(map[string]any{
		"action": "provision", "region": home, "refreshToken": "r", "orgName": "Acme",
		"oauthUrl": "https://webexapis.com/v1/access_token", "appUrl": "https://xapi-r.wbx2.com/app",
		"expiryTime": b.now.Add(time.Hour).Format(time.RFC3339Nano), "scopes": "a,b", "xapiAccess": "{}",
		"signageUrl": "https://xapi-r.wbx2.com/signage",
	})
	return merged(claims, changes)
}

func merged(claims, changes map[string]any) map[string]any {
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

var anyAction = []webex.Action{
	webex.Provision, webex.UpdateApproved, webex.Update, webex.HealthCheck, webex.Deprovision, webex.CrossLaunch,
}

type claims = map[string]any

// claimsTests are claims that Webex signed, and the result.
var claimsTests = map[string]struct {
	claims func(b *bench) claims
	want   error
}{
	"good crossLaunch":         {func(b *bench) claims { return b.claims(nil) }, nil},
	"good activation code":     {func(b *bench) claims { return b.provision(nil) }, nil},
	"array of scopes":          {func(b *bench) claims { return b.provision(claims{"scopes": []string{"a"}}) }, nil},
	"xapiAccess as JSON":       {func(b *bench) claims { return b.provision(claims{"xapiAccess": claims{"status": []string{}}}) }, nil},
	"no sub":                   {func(b *bench) claims { return b.claims(claims{"sub": nil}) }, webex.ErrMalformed},
	"sub is a number":          {func(b *bench) claims { return b.claims(claims{"sub": 7}) }, webex.ErrMalformed},
	"sub with NUL":             {func(b *bench) claims { return b.claims(claims{"sub": "a\x00b"}) }, webex.ErrMalformed},
	"sub too long":             {func(b *bench) claims { return b.claims(claims{"sub": strings.Repeat("a", 1025)}) }, webex.ErrMalformed},
	"no jti":                   {func(b *bench) claims { return b.claims(claims{"jti": nil}) }, webex.ErrMalformed},
	"no iat":                   {func(b *bench) claims { return b.claims(claims{"iat": nil}) }, webex.ErrMalformed},
	"iat is text":              {func(b *bench) claims { return b.claims(claims{"iat": "now"}) }, webex.ErrMalformed},
	"expiryTime is no time":    {func(b *bench) claims { return b.claims(claims{"expiryTime": "tomorrow"}) }, webex.ErrMalformed},
	"negative manifestVersion": {func(b *bench) claims { return b.claims(claims{"manifestVersion": -1}) }, webex.ErrMalformed},
	"manifestVersion as 2.0":   {func(b *bench) claims { return b.claims(claims{"manifestVersion": json.RawMessage("2.0")}) }, nil},
	"manifestVersion as 2e0":   {func(b *bench) claims { return b.claims(claims{"manifestVersion": json.RawMessage("2e0")}) }, nil},
	"manifestVersion as text":  {func(b *bench) claims { return b.claims(claims{"manifestVersion": "2"}) }, nil},
	"no whole manifestVersion": {func(b *bench) claims { return b.claims(claims{"manifestVersion": 2.5}) }, webex.ErrMalformed},
	"manifestVersion in words": {func(b *bench) claims { return b.claims(claims{"manifestVersion": "two"}) }, webex.ErrMalformed},
	"huge manifestVersion":     {func(b *bench) claims { return b.claims(claims{"manifestVersion": json.RawMessage("1e300")}) }, webex.ErrMalformed},
	"iat as a fraction":        {func(b *bench) claims { return b.claims(claims{"iat": float64(b.now.Unix()) + 0.5}) }, nil},
	"iat with an exponent": {func(b *bench) claims {
		return b.claims(claims{"iat": json.RawMessage(fmt.Sprintf("%de0", b.now.Unix()))})
	}, nil},
	"iat as text": {func(b *bench) claims { return b.claims(claims{"iat": fmt.Sprint(b.now.Unix())}) }, nil},
	"odd unused claims": {func(b *bench) claims {
		return b.claims(claims{"iss": 7, "aud": claims{"a": 1}, "userId": []int{1}, "publicLocationIds": "x"})
	}, nil},
	"activation without token":  {func(b *bench) claims { return b.provision(claims{"refreshToken": nil}) }, webex.ErrMalformed},
	"activation without appUrl": {func(b *bench) claims { return b.provision(claims{"appUrl": nil}) }, webex.ErrMalformed},
	"iat a minute ahead":        {func(b *bench) claims { return b.claims(claims{"iat": b.now.Unix() + 60}) }, nil},
	"iat further ahead":         {func(b *bench) claims { return b.claims(claims{"iat": b.now.Unix() + 61}) }, webex.ErrNotYetValid},
	"iat five minutes old":      {func(b *bench) claims { return b.claims(claims{"iat": b.now.Unix() - 300}) }, nil},
	"iat older":                 {func(b *bench) claims { return b.claims(claims{"iat": b.now.Unix() - 301}) }, webex.ErrExpired},
	"cross-launch of an hour":   {func(b *bench) claims { return b.claims(claims{"iat": b.now.Unix() - 3600}) }, webex.ErrExpired},
	"action of five minutes":    {func(b *bench) claims { return b.claims(claims{"action": "update", "iat": b.now.Unix() - 301}) }, nil},
	"updateApproved of a day": {func(b *bench) claims {
		return b.claims(claims{"action": "updateApproved", "iat": b.now.Unix() - 86400})
	}, nil},
	"update of a day":         {func(b *bench) claims { return b.claims(claims{"action": "update", "iat": b.now.Unix() - 86400}) }, nil},
	"healthCheck of a day":    {func(b *bench) claims { return b.claims(claims{"action": "healthCheck", "iat": b.now.Unix() - 86400}) }, nil},
	"deprovision of a day":    {func(b *bench) claims { return b.claims(claims{"action": "deprovision", "iat": b.now.Unix() - 86400}) }, nil},
	"action older than a day": {func(b *bench) claims { return b.claims(claims{"action": "update", "iat": b.now.Unix() - 86401}) }, webex.ErrExpired},
	"action of an hour, expired": {func(b *bench) claims {
		return b.claims(claims{"action": "update", "iat": b.now.Unix() - 3600, "expiryTime": b.now.Add(-time.Second).Format(time.RFC3339)})
	}, webex.ErrExpired},
	"activation without expiry":  {func(b *bench) claims { return b.provision(claims{"expiryTime": nil, "iat": b.now.Unix() - 301}) }, webex.ErrExpired},
	"our app in capitals":        {func(b *bench) claims { return b.claims(claims{"appId": strings.ToUpper(b.cloud.AppID())}) }, nil},
	"our app and a blank":        {func(b *bench) claims { return b.claims(claims{"appId": b.cloud.AppID() + " "}) }, webex.ErrWrongApp},
	"old iat but not expired":    {func(b *bench) claims { return b.provision(claims{"iat": b.now.Unix() - 7200}) }, nil},
	"expired":                    {func(b *bench) claims { return b.provision(claims{"expiryTime": "2026-05-04T11:59:59.999Z"}) }, webex.ErrExpired},
	"activation over 7 days old": {func(b *bench) claims { return b.provision(claims{"iat": b.now.Unix() - 7*86400 - 1}) }, webex.ErrExpired},
	"exp passed":                 {func(b *bench) claims { return b.claims(claims{"exp": b.now.Unix() - 1}) }, webex.ErrExpired},
	"nbf ahead":                  {func(b *bench) claims { return b.claims(claims{"nbf": b.now.Unix() + 3600}) }, webex.ErrNotYetValid},
	"another app, and ours in another case": {func(b *bench) claims {
		return b.claims(claims{"appId": "other", "APPID": b.cloud.AppID(), "appid": b.cloud.AppID()})
	}, webex.ErrWrongApp},
	"sub in another case only":    {func(b *bench) claims { return b.claims(claims{"sub": nil, "Sub": b.org.Sub()}) }, webex.ErrMalformed},
	"another app":                 {func(b *bench) claims { return b.claims(claims{"appId": "other"}) }, webex.ErrWrongApp},
	"an action that nobody knows": {func(b *bench) claims { return b.claims(claims{"action": "dance"}) }, webex.ErrWrongAction},
	"untrusted appUrl":            {func(b *bench) claims { return b.provision(claims{"appUrl": "https://evil.test/"}) }, webex.ErrUntrustedURL},
	"untrusted signageUrl":        {func(b *bench) claims { return b.provision(claims{"signageUrl": "https://wbx2.com.evil.test/"}) }, webex.ErrUntrustedURL},
	"oauthUrl on a device host":   {func(b *bench) claims { return b.provision(claims{"oauthUrl": "https://xapi-a.wbx2.com/v1"}) }, webex.ErrUntrustedURL},
	"untrusted before wrong app":  {func(b *bench) claims { return b.provision(claims{"appId": "other", "appUrl": "http://evil.test"}) }, webex.ErrWrongApp},
	"expired before wrong app":    {func(b *bench) claims { return b.claims(claims{"appId": "other", "iat": 1}) }, webex.ErrExpired},
	"region that is not ours":     {func(b *bench) claims { return b.claims(claims{"region": untrusted}) }, webex.ErrUnknownKey},
	"region of another key":       {func(b *bench) claims { return b.claims(claims{"region": elsewhere}) }, webex.ErrUnknownKey},
	"update to another region":    {func(b *bench) claims { return b.claims(claims{"action": "update", "region": elsewhere}) }, nil},
	"update to no region of ours": {func(b *bench) claims { return b.claims(claims{"action": "update", "region": untrusted}) }, webex.ErrUnknownKey},
}

func TestSpellingsOfManifestVersion(t *testing.T) {
	b := newBench(t)
	for spelling, want := range map[string]int{
		"2": 2, "2.0": 2, "2e0": 2, "0.2E+1": 2, `"2"`: 2, `" 2.00 "`: 2, "0": 0, "-0": 0, "null": 0, `""`: 0, "9007199254740991": 1<<53 - 1,
	} {
		raw := b.cloud.Sign(home, nil, b.claims(claims{"manifestVersion": json.RawMessage(spelling)}))
		if token, err := b.Verify(t.Context(), raw, anyAction...); err != nil || token.ManifestVersion != want {
			t.Errorf("%s is read as %d, %v; want %d", spelling, token.ManifestVersion, err, want)
		}
	}
}

func TestVerifyClaims(t *testing.T) {
	for name, test := range claimsTests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			token, err := b.Verify(t.Context(), b.cloud.Sign(home, nil, test.claims(b)), anyAction...)
			if !errors.Is(err, test.want) {
				t.Fatalf("error = %v, want %v", err, test.want)
			}
			if err == nil && (token.KeyRegion != home || token.AppID != b.cloud.AppID()) {
				t.Errorf("key region = %q, want %q, app = %q", token.KeyRegion, home, token.AppID)
			}
		})
	}
}

// signatureTests are good and forged tokens, and the result.
var signatureTests = map[string]struct {
	token func(t testing.TB, b *bench) string
	want  error
}{
	"RS256 by an RSA key": {func(_ testing.TB, b *bench) string { return b.cloud.SignRS256(home, nil, b.claims(nil)) }, nil},
	"empty":               {func(testing.TB, *bench) string { return "" }, webex.ErrMalformed},
	"two parts":           {func(testing.TB, *bench) string { return "a.b" }, webex.ErrMalformed},
	"four parts":          {func(_ testing.TB, b *bench) string { return b.good() + ".x" }, webex.ErrMalformed},
	"line break":          {func(_ testing.TB, b *bench) string { return b.good() + "\n" }, webex.ErrMalformed},
	"padded signature":    {func(_ testing.TB, b *bench) string { return b.good() + "==" }, webex.ErrMalformed},
	"payload is no JSON":  {func(_ testing.TB, b *bench) string { return b.withPart(1, []byte("hello")) }, webex.ErrMalformed},
	"payload is a list":   {func(_ testing.TB, b *bench) string { return b.withPart(1, []byte("[]")) }, webex.ErrMalformed},
	"over 64 KiB":         {func(_ testing.TB, b *bench) string { return b.good() + strings.Repeat("A", 64<<10) }, webex.ErrMalformed},
	"critical extension": {func(_ testing.TB, b *bench) string {
		return b.cloud.Sign(home, map[string]any{"b64": false, "crit": []string{"b64"}}, b.claims(nil))
	}, webex.ErrMalformed},
	"empty signature": {func(_ testing.TB, b *bench) string { return b.withPart(2, nil) }, webex.ErrBadSignature},
	"short signature": {func(_ testing.TB, b *bench) string { return b.withPart(2, []byte("short")) }, webex.ErrBadSignature},
	"altered claims": {func(_ testing.TB, b *bench) string {
		return b.withPart(1, []byte(`{"sub":"x","iat":1,"jti":"j","appId":"a","action":"crossLaunch"}`))
	}, webex.ErrBadSignature},
	"none":                {func(_ testing.TB, b *bench) string { return b.withHeader("none", "") }, webex.ErrBadAlgorithm},
	"no algorithm":        {func(_ testing.TB, b *bench) string { return b.withPart(0, []byte(`{"kid":"k"}`)) }, webex.ErrBadAlgorithm},
	"an unknown one":      {func(_ testing.TB, b *bench) string { return b.withHeader("ES255", "") }, webex.ErrBadAlgorithm},
	"ES384":               {func(_ testing.TB, b *bench) string { return b.withHeader("ES384", "") }, webex.ErrBadAlgorithm},
	"PS256":               {func(_ testing.TB, b *bench) string { return b.withHeader("PS256", "") }, webex.ErrBadAlgorithm},
	"RS256 of an EC key":  {func(_ testing.TB, b *bench) string { return b.withHeader("RS256", "") }, webex.ErrBadAlgorithm},
	"HMAC of the EC key":  {hmacOfPublicKey, webex.ErrBadAlgorithm},
	"no kid":              {func(_ testing.TB, b *bench) string { return b.withPart(0, []byte(`{"alg":"ES256"}`)) }, webex.ErrUnknownKey},
	"kid is a number":     {func(_ testing.TB, b *bench) string { return b.withPart(0, []byte(`{"alg":"ES256","kid":7}`)) }, webex.ErrUnknownKey},
	"unknown kid":         {func(_ testing.TB, b *bench) string { return b.withHeader("ES256", "../../etc/passwd") }, webex.ErrUnknownKey},
	"untrusted region":    {func(_ testing.TB, b *bench) string { return b.cloud.Sign(untrusted, nil, b.claims(nil)) }, webex.ErrUnknownKey},
	"a key brought along": {keyBroughtAlong, webex.ErrUnknownKey},
	"wrong app, but a bad signature is found first": {func(_ testing.TB, b *bench) string {
		return tampered(b.cloud.Sign(home, nil, b.claims(map[string]any{"appId": "other"})))
	}, webex.ErrBadSignature},
}

func TestVerifySignature(t *testing.T) {
	for name, test := range signatureTests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if _, err := b.Verify(t.Context(), test.token(t, b), anyAction...); !errors.Is(err, test.want) {
				t.Fatalf("error = %v, want %v", err, test.want)
			}
		})
	}
}

func (b *bench) good() string { return b.cloud.Sign(home, nil, b.claims(nil)) }

// withPart replaces one part of a good token.
func (b *bench) withPart(part int, content []byte) string {
	parts := strings.Split(b.good(), ".")
	parts[part] = base64.RawURLEncoding.EncodeToString(content)
	return strings.Join(parts, ".")
}

// withHeader replaces the algorithm, and the kid if one is given.
func (b *bench) withHeader(alg, kid string) string {
	if kid == "" {
		_, kid = b.cloud.PublicKey(home)
	}
	return b.withPart(0, fmt.Appendf(nil, `{"alg":%q,"kid":%q,"typ":"JWT"}`, alg, kid))
}

// tampered flips a bit in the signature.
func tampered(token string) string {
	dot := strings.LastIndexByte(token, '.')
	signature, _ := base64.RawURLEncoding.DecodeString(token[dot+1:])
	signature[10] ^= 1
	return token[:dot+1] + base64.RawURLEncoding.EncodeToString(signature)
}

// hmacOfPublicKey signs with the public key as an HMAC secret.
func hmacOfPublicKey(t testing.TB, b *bench) string {
	public, kid := b.cloud.PublicKey(home)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(b.claims(nil)))
	token.Header["kid"] = kid
	signed, err := token.SignedString(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// keyBroughtAlong signs with the attacker's key and supplies it by every header field.
func keyBroughtAlong(t testing.TB, b *bench) string {
	private := newKey(t)
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims(b.claims(nil)))
	maps.Copy(token.Header, map[string]any{
		"kid": "mine", "jwk": jwkOf(&private.PublicKey), "jku": "https://evil.test/jwks", "x5u": "https://evil.test/cert", "x5c": []string{"MIIB"},
	})
	signed, err := token.SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func jwkOf(key *ecdsa.PublicKey) map[string]string {
	encode := base64.RawURLEncoding.EncodeToString
	point, _ := key.Bytes()
	return map[string]string{"kty": "EC", "crv": "P-256", "kid": "mine", "x": encode(point[1:33]), "y": encode(point[33:])}
}

func TestVerifyReadsAnActivationCode(t *testing.T) {
	b := newBench(t)
	code, err := b.cloud.MintActivation(b.org.ID())
	if err != nil {
		t.Fatal(err)
	}
	token, err := b.Verify(t.Context(), code, webex.Provision)
	if err != nil {
		t.Fatal(err)
	}
	if webex.OrganizationKey(token.Subject) != b.org.ID() || token.OrgName != "Acme" || token.Region != home {
		t.Errorf("organization = %q %q %q", webex.OrganizationKey(token.Subject), token.OrgName, token.Region)
	}
	if token.RefreshToken.Reveal() != b.cloud.RefreshToken(b.org.ID()) || len(token.Scopes) != 2 || len(token.Endpoints) != 2 {
		t.Errorf("token = %+v", token)
	}
	if text := fmt.Sprintf("%v %+v %#v", token, token, token); strings.Contains(text, token.RefreshToken.Reveal()) {
		t.Error("a printed token shows its refresh token")
	}
	if got, want := token.AcceptableUntil(), token.ExpiryTime.Add(time.Minute); !got.Equal(want) {
		t.Errorf("acceptable until %v, want %v", got, want)
	}
	if _, err := b.Verify(t.Context(), code, webex.CrossLaunch); !errors.Is(err, webex.ErrWrongAction) {
		t.Errorf("as a crossLaunch: %v", err)
	}
}

func TestAcceptableUntil(t *testing.T) {
	day := 24 * time.Hour
	tests := map[string]struct {
		claims webex.Claims
		want   time.Time
	}{
		"no expiry":               {webex.Claims{IssuedAt: noon}, noon.Add(6 * time.Minute)},
		"early expiry":            {webex.Claims{IssuedAt: noon, ExpiryTime: noon}, noon.Add(6 * time.Minute)},
		"an action":               {webex.Claims{Action: webex.Deprovision, IssuedAt: noon}, noon.Add(day + time.Minute)},
		"an action's late expiry": {webex.Claims{Action: webex.Update, IssuedAt: noon, ExpiryTime: noon.Add(2 * day)}, noon.Add(2*day + time.Minute)},
		"a cross-launch":          {webex.Claims{Action: webex.CrossLaunch, IssuedAt: noon}, noon.Add(6 * time.Minute)},
		"late expiry":             {webex.Claims{IssuedAt: noon, ExpiryTime: noon.Add(day)}, noon.Add(day + time.Minute)},
		"an activation's is less": {webex.Claims{Action: webex.Provision, IssuedAt: noon, ExpiryTime: noon.Add(99 * day)}, noon.Add(7*day + time.Minute)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.claims.AcceptableUntil(); !got.Equal(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
