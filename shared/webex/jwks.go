package webex

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// minRSABits is the shortest RSA key that is accepted.
const minRSABits = 2048

// wireKey is an entry of a key set, limited to the members used here, so that a
// malformed `x5c` does not lose the key.
type wireKey struct {
	ID    string `json:"kid"`
	Use   string `json:"use"`
	Alg   string `json:"alg"`
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	Y     string `json:"y"`
	N     string `json:"n"`
	E     string `json:"e"`
}

// parseKeySet reads the keys that can sign tokens: P-256 for ES256, RSA of
// 2048 bits or more for RS256. It skips all other entries, so that Webex may add
// kinds of keys. A set without a usable key is an error.
func parseKeySet(document []byte, region string) (map[string][]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(trimBOM(document), &set); err != nil {
		return nil, errors.New("not a JWK set")
	}
	keys := map[string][]key{}
	for _, entry := range set.Keys {
		if id, key, ok := parseKey(entry); ok {
			key.region = region
			keys[id] = append(keys[id], key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no usable key in the set")
	}
	return keys, nil
}

// parseKey reads one entry; ok is false if it is unusable.
func parseKey(entry []byte) (id string, _ key, ok bool) {
	var wire wireKey
	if json.Unmarshal(entry, &wire) != nil || wire.ID == "" || (wire.Use != "" && wire.Use != jwkset.UseSig.String()) {
		return "", key{}, false
	}
	jwk, err := jwkset.NewJWKFromMarshal(jwkset.JWKMarshal{
		KID: wire.ID, KTY: jwkset.KTY(wire.Type), CRV: jwkset.CRV(wire.Curve), X: wire.X, Y: wire.Y, N: wire.N, E: wire.E,
	}, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return "", key{}, false
	}
	method := methodOf(jwk.Key())
	if method == nil || (wire.Alg != "" && wire.Alg != method.Alg()) {
		return "", key{}, false
	}
	return wire.ID, key{public: jwk.Key(), method: method}, true
}

// methodOf returns the one signing method of a key, nil if its type is not
// accepted. This prevents algorithm confusion: the algorithm is never taken from
// the token, only compared with the key's own.
func methodOf(public any) jwt.SigningMethod {
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			return jwt.SigningMethodES256
		}
	case *rsa.PublicKey:
		if public.N.BitLen() >= minRSABits {
			return jwt.SigningMethodRS256
		}
	}
	return nil
}
