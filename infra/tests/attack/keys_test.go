package attack_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"signpost/infra/tests/customer"
)

// The key ids of the tests' region. All but the first two must not be used.
const (
	kidEC      = "ours-ec"
	kidRSA     = "ours-rsa"
	kidOct     = "ours-oct"      // a symmetric key, which should not be published
	kidWeakRSA = "ours-rsa-1024" // too short
	kidP384    = "ours-p384"     // curve not accepted
	kidEd25519 = "ours-ed25519"  // type not accepted
	kidForEnc  = "ours-enc"      // for encryption
	kidOtherEC = "ours-ec-rs256" // declares another algorithm
)

// keyServer publishes the key set of the tests' region and keeps its keys.
type keyServer struct {
	server  *httptest.Server
	fetches atomic.Int64

	ec, forEnc, otherEC *ecdsa.PrivateKey
	p384                *ecdsa.PrivateKey
	rsa, weakRSA        *rsa.PrivateKey
	ed25519             ed25519.PrivateKey
	oct                 []byte
	document            []byte
}

func newKeyServer() (*keyServer, error) {
	k := &keyServer{oct: []byte("0123456789abcdef0123456789abcdef")}
	for curve, into := range map[elliptic.Curve][]**ecdsa.PrivateKey{
		elliptic.P256(): {&k.ec, &k.forEnc, &k.otherEC}, elliptic.P384(): {&k.p384},
	} {
		for _, key := range into {
			made, err := ecdsa.GenerateKey(curve, rand.Reader)
			if err != nil {
				return nil, err
			}
			*key = made
		}
	}
	var err error
	if k.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if k.weakRSA, err = rsa.GenerateKey(rand.Reader, 1024); err != nil {
		return nil, err
	}
	var edPublic ed25519.PublicKey
	if edPublic, k.ed25519, err = ed25519.GenerateKey(rand.Reader); err != nil {
		return nil, err
	}
	k.document, err = json.Marshal(object{"keys": []object{
		ecJWK(kidEC, &k.ec.PublicKey, nil), rsaJWK(kidRSA, &k.rsa.PublicKey),
		{"kty": "oct", "kid": kidOct, "k": encoded(k.oct)}, rsaJWK(kidWeakRSA, &k.weakRSA.PublicKey),
		ecJWK(kidP384, &k.p384.PublicKey, nil), {"kty": "OKP", "crv": "Ed25519", "kid": kidEd25519, "x": encoded(edPublic)},
		ecJWK(kidForEnc, &k.forEnc.PublicKey, object{"use": "enc"}), ecJWK(kidOtherEC, &k.otherEC.PublicKey, object{"alg": "RS256"}),
		ecJWK("", &k.ec.PublicKey, nil),
	}})
	if err != nil {
		return nil, err
	}
	k.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		k.fetches.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(k.document) // the client may have gone
	}))
	return k, nil
}

func ecJWK(kid string, public *ecdsa.PublicKey, more object) object {
	point, _ := public.Bytes() // a key that was just made always has one
	size := (len(point) - 1) / 2
	return customer.Merged(object{
		"kty": "EC", "crv": public.Params().Name, "kid": kid, "x": encoded(point[1 : 1+size]), "y": encoded(point[1+size:]),
	}, more)
}

func rsaJWK(kid string, public *rsa.PublicKey) object {
	return object{"kty": "RSA", "kid": kid, "n": encoded(public.N.Bytes()), "e": encoded(big.NewInt(int64(public.E)).Bytes())}
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// signer signs the part of a token before its last dot.
type signer func(signed string) []byte

func digest(hash crypto.Hash, signed string) []byte {
	h := hash.New()
	h.Write([]byte(signed))
	return h.Sum(nil)
}

// ecdsaBy signs as ES256 and ES384 do: r and s, each as long as the curve.
func ecdsaBy(key *ecdsa.PrivateKey, hash crypto.Hash) signer {
	return func(signed string) []byte {
		r, s, err := ecdsa.Sign(rand.Reader, key, digest(hash, signed))
		if err != nil {
			panic(err) // a test's own keys sign
		}
		return pair(r, s, (key.Params().BitSize+7)/8)
	}
}

func pair(r, s *big.Int, size int) []byte {
	both := make([]byte, 2*size)
	r.FillBytes(both[:size])
	s.FillBytes(both[size:])
	return both
}

func rsaBy(key *rsa.PrivateKey, hash crypto.Hash) signer {
	return func(signed string) []byte {
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, hash, digest(hash, signed))
		if err != nil {
			panic(err)
		}
		return signature
	}
}

func pssBy(key *rsa.PrivateKey, hash crypto.Hash) signer {
	return func(signed string) []byte {
		signature, err := rsa.SignPSS(rand.Reader, key, hash, digest(hash, signed), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		if err != nil {
			panic(err)
		}
		return signature
	}
}
