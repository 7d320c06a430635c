package webex

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MaxTokenSize is the longest token looked at, in bytes.
const MaxTokenSize = 64 << 10

// Token is a token whose signature and claims have been checked.
type Token struct {
	Claims
	// KeyRegion is the trusted region whose key signed it.
	KeyRegion string
}

// Verifier checks tokens that Webex signed for one integration. It is safe
// for concurrent use.
type Verifier struct {
	appID string
	keys  *KeySets
	hosts Hosts
	now   func() time.Time
}

// NewVerifier returns a verifier that accepts tokens for appID only. It
// refuses to exist without an app id: Webex signs for every integration there
// is, so that a good signature alone proves nothing.
func NewVerifier(appID string, keys *KeySets, hosts Hosts, now func() time.Time) (*Verifier, error) {
	if appID == "" || keys == nil || now == nil {
		return nil, errors.New("token verifier: app id, key sets and clock are required")
	}
	return &Verifier{appID: appID, keys: keys, hosts: hosts, now: now}, nil
}

// parser decodes without checking anything: every check is made here, in the
// order and with the errors that the callers rely on.
var parser = jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())

// Verify checks raw in this order: form, algorithm, key, signature, shape of
// the claims, times, app, action (one of actions), URLs. The first check that
// fails is the error, which wraps one of the package's token sentinels, or
// [ErrUnavailable] where a key set could not be had.
func (v *Verifier) Verify(ctx context.Context, raw string, actions ...Action) (Token, error) {
	wire := &wireClaims{}
	unverified, err := decode(raw, wire)
	if err != nil {
		return Token{}, err
	}
	region, err := v.checkSignature(ctx, unverified, raw, wire)
	if err != nil {
		return Token{}, err
	}
	claims, err := wire.claims()
	if err != nil {
		return Token{}, err
	}
	if err := wire.checkTimes(v.now()); err != nil {
		return Token{}, err
	}
	if err := v.checkApp(&claims); err != nil {
		return Token{}, err
	}
	if !slices.Contains(actions, claims.Action) {
		return Token{}, fmt.Errorf("%w: %q", ErrWrongAction, claims.Action)
	}
	if err := claims.checkURLs(v.hosts); err != nil {
		return Token{}, err
	}
	return Token{Claims: claims, KeyRegion: region}, nil
}

// checkApp returns [ErrWrongApp] for another integration's token. An app id is a
// UUID, whose letters mean the same in either case; from here on it is spelled
// as in our settings.
func (v *Verifier) checkApp(claims *Claims) error {
	if !strings.EqualFold(claims.AppID, v.appID) {
		return ErrWrongApp
	}
	claims.AppID = v.appID
	return nil
}

// decode takes raw apart. It returns errors wrapping [ErrMalformed] and
// [ErrBadAlgorithm].
func decode(raw string, wire *wireClaims) (*jwt.Token, error) {
	if len(raw) > MaxTokenSize {
		return nil, fmt.Errorf("%w: over %d bytes", ErrMalformed, MaxTokenSize)
	}
	// The base64 decoder skips line breaks; a compact JWS has none (RFC 7515).
	if strings.ContainsAny(raw, "\r\n") {
		return nil, fmt.Errorf("%w: line break inside", ErrMalformed)
	}
	token, parts, err := parser.ParseUnverified(raw, wire)
	if errors.Is(err, jwt.ErrTokenUnverifiable) {
		return nil, fmt.Errorf("%w: not a known one", ErrBadAlgorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: not a compact JWS with a JSON header and JSON claims", ErrMalformed)
	}
	// What must be understood and is not makes a JWS invalid (RFC 7515, 4.1.11).
	if _, critical := token.Header["crit"]; critical {
		return nil, fmt.Errorf("%w: header names critical extensions", ErrMalformed)
	}
	if token.Signature, err = parser.DecodeSegment(parts[2]); err != nil {
		return nil, fmt.Errorf("%w: signature is not base64url", ErrMalformed)
	}
	if _, err := acceptedAlgorithm(token.Method); err != nil {
		return nil, err
	}
	return token, nil
}

// checkSignature finds the trusted key that signed the token and returns its
// region. Only the header's `kid` and `alg` are looked at: a key or an address
// that a token brings along (`jwk`, `jku`, `x5u`, `x5c`) means nothing.
func (v *Verifier) checkSignature(ctx context.Context, token *jwt.Token, raw string, wire *wireClaims) (string, error) {
	kid, _ := token.Header["kid"].(string)
	if kid == "" || len(kid) > maxID {
		return "", fmt.Errorf("%w: no usable kid", ErrUnknownKey)
	}
	if wire.Region != "" && !v.keys.trusts(wire.Region) {
		return "", fmt.Errorf("%w: region is not trusted", ErrUnknownKey)
	}
	signed := raw[:strings.LastIndexByte(raw, '.')]
	return v.keys.signer(ctx, kid, regionsToAsk(wire), func(key key) error {
		switch {
		case key.method != token.Method:
			return ErrBadAlgorithm
		case token.Method.Verify(signed, token.Signature, key.public) != nil:
			return ErrBadSignature
		default:
			return nil
		}
	})
}

// regionsToAsk says whose keys may have signed: those of the region that the
// token names, or of any trusted one (nil). An update may be signed by the
// region that the customer leaves, so its region claim limits nothing here;
// the caller compares the key's region with the stored one [ours].
func regionsToAsk(wire *wireClaims) []string {
	if wire.Region == "" || Action(wire.Action) == Update {
		return nil
	}
	return []string{wire.Region}
}

// acceptedAlgorithm returns the method if it is ES256, which real tokens have
// [token] [java], or RS256, which the vendor's page shows [page].
func acceptedAlgorithm(method jwt.SigningMethod) (jwt.SigningMethod, error) {
	if method == jwt.SigningMethodES256 || method == jwt.SigningMethodRS256 {
		return method, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrBadAlgorithm, method.Alg())
}
