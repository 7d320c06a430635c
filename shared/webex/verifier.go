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

// MaxTokenSize is the longest token accepted, in bytes.
const MaxTokenSize = 64 << 10

// Token is a token whose signature and claims were checked.
type Token struct {
	Claims
	// KeyRegion is the trusted region whose key signed it.
	KeyRegion string
}

// Apps decides whose tokens are accepted. The app id is required: Webex signs for every
// integration, so that a good signature alone proves nothing.
type Apps interface {
	// Accepts reports whether tokens of the integration appID, in lower case, are
	// accepted for the organization with this key; see [OrganizationKey]. It is asked
	// only about tokens with a good signature.
	Accepts(ctx context.Context, appID, orgKey string) (bool, error)
}

// OneApp accepts the tokens of one integration only, by its app id.
type OneApp string

// Accepts implements [Apps].
func (a OneApp) Accepts(_ context.Context, appID, _ string) (bool, error) {
	return strings.EqualFold(appID, string(a)), nil
}

// Verifier checks tokens that Webex signed for the vendor's integrations. It is safe
// for concurrent use.
type Verifier struct {
	apps  Apps
	keys  *KeySets
	hosts Hosts
	now   func() time.Time
}

// NewVerifier returns a verifier that accepts the tokens of these integrations only.
func NewVerifier(apps Apps, keys *KeySets, hosts Hosts, now func() time.Time) (*Verifier, error) {
	if apps == nil || apps == OneApp("") || keys == nil || now == nil {
		return nil, errors.New("token verifier: app id, key sets and clock are required")
	}
	return &Verifier{apps: apps, keys: keys, hosts: hosts, now: now}, nil
}

// parser only decodes. Every check is made here, in the order and with the errors
// that callers rely on.
var parser = jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())

// Verify checks raw in this order: form, algorithm, key, signature, shape of
// the claims, times, app, action (one of actions), URLs. The first check that
// fails is the error, which wraps one of the package's token sentinels, or
// [ErrUnavailable] if a key set could not be fetched, or is that of [Apps].
func (v *Verifier) Verify(ctx context.Context, raw string, actions ...Action) (Token, error) {
	token, err := v.VerifyDeferringApp(ctx, raw, actions...)
	if err == nil {
		err = v.CheckApp(ctx, token)
	}
	if err != nil {
		return Token{}, err
	}
	return token, nil
}

// VerifyDeferringApp is [Verifier.Verify] without the check of the app id, for a caller
// that finds the installation by the token's app id in the same request to the store
// that it makes anyway. If that does not prove the app id, for whatever reason, the
// caller must call [Verifier.CheckApp] before it reports anything else.
func (v *Verifier) VerifyDeferringApp(ctx context.Context, raw string, actions ...Action) (Token, error) {
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
	// The store's keys rely on an app id, a UUID, containing no "#".
	if strings.Contains(claims.AppID, "#") {
		return Token{}, ErrWrongApp
	}
	token := Token{Claims: claims, KeyRegion: region}
	err = claims.checkURLs(v.hosts)
	if !slices.Contains(actions, claims.Action) {
		err = fmt.Errorf("%w: %q", ErrWrongAction, claims.Action)
	}
	if err != nil {
		if wrong := v.CheckApp(ctx, token); wrong != nil {
			err = wrong // this check comes first
		}
		return Token{}, err
	}
	return token, nil
}

// CheckApp returns [ErrWrongApp] for the token of an integration that is not accepted.
func (v *Verifier) CheckApp(ctx context.Context, token Token) error {
	accepted, err := v.apps.Accepts(ctx, token.AppID, OrganizationKey(token.Subject))
	if err == nil && !accepted {
		err = ErrWrongApp
	}
	return err
}

// decode decodes raw. Its errors wrap [ErrMalformed] or [ErrBadAlgorithm].
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
	// A critical extension that is not understood invalidates a JWS (RFC 7515, 4.1.11).
	if _, critical := token.Header["crit"]; critical {
		return nil, fmt.Errorf("%w: header names critical extensions", ErrMalformed)
	}
	if token.Signature, err = parser.DecodeSegment(parts[2]); err != nil {
		return nil, fmt.Errorf("%w: signature is not base64url", ErrMalformed)
	}
	// ES256 is what real tokens have [token] [java]; the vendor's page shows RS256 [page].
	if token.Method != jwt.SigningMethodES256 && token.Method != jwt.SigningMethodRS256 {
		return nil, fmt.Errorf("%w: %s", ErrBadAlgorithm, token.Method.Alg())
	}
	return token, nil
}

// checkSignature finds the trusted key that signed the token and returns its
// region. Of the header it uses only `kid` and `alg`: a key or address that the
// token supplies (`jwk`, `jku`, `x5u`, `x5c`) is ignored.
func (v *Verifier) checkSignature(ctx context.Context, token *jwt.Token, raw string, wire *wireClaims) (string, error) {
	kid, _ := token.Header["kid"].(string)
	if kid == "" || len(kid) > maxID {
		return "", fmt.Errorf("%w: no usable kid", ErrUnknownKey)
	}
	if wire.Region != "" && !v.keys.trusts(wire.Region) {
		return "", fmt.Errorf("%w: region is not trusted", ErrUnknownKey)
	}
	signed := raw[:strings.LastIndexByte(raw, '.')]
	return v.keys.signer(ctx, kid, signingRegions(wire), func(key key) error {
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

// signingRegions returns the regions whose keys may have signed: the one that the
// token names, or any trusted one (nil). The region that a customer leaves may sign
// an update, so the region claim of an update is not used here; the caller compares
// the key's region with the stored one [ours].
func signingRegions(wire *wireClaims) []string {
	if wire.Region == "" || Action(wire.Action) == Update {
		return nil
	}
	return []string{wire.Region}
}
