package attack_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
)

// by makes a token from the good header with changes.
func (f *field) by(name string, wanted want, changes object, sign signer) forgery {
	return forgery{name, wanted, func(claims object) string { return f.token(customer.Merged(goodHeader, changes), claims, sign) }}
}

// raw makes a well-signed token whose header is any text.
func (f *field) raw(name string, wanted want, header string) forgery {
	return forgery{name, wanted, func(claims object) string { return rawToken(header, customer.Encode(claims), goodSigner()) }}
}

func none(string) []byte { return nil }

func hmacBy(secret []byte, hash crypto.Hash) signer {
	return func(signed string) []byte {
		mac := hmac.New(hash.New, secret)
		mac.Write([]byte(signed))
		return mac.Sum(nil)
	}
}

// TestAlgorithms confuses algorithms, in both directions and with public keys as
// secrets.
func TestAlgorithms(t *testing.T) {
	f := newField(t, target)
	var forgeries []forgery
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "", " ", "es256", "ES256 ", "ES256\x00", "ES256K", "A128KW", "dir", "HS256"} {
		forgeries = append(forgeries,
			f.by("unsigned as "+customer.Encode(alg), badAlgorithm, object{"alg": alg}, none),
			f.by("signed as "+customer.Encode(alg), badAlgorithm, object{"alg": alg}, goodSigner()))
	}
	for _, alg := range []string{`null`, `256`, `true`, `["ES256"]`, `{"ES256":1}`} {
		forgeries = append(forgeries, f.raw("alg "+alg, badAlgorithm, `{"typ":"JWT","kid":"`+kidEC+`","alg":`+alg+`}`))
	}
	forgeries = append(forgeries, f.raw("no alg", badAlgorithm, `{"typ":"JWT","kid":"`+kidEC+`"}`))
	for name, secret := range publicForms(t) {
		for kid := range map[string]bool{kidEC: true, kidRSA: true} {
			forgeries = append(forgeries, f.by("HS256 by "+name+" for "+kid, badAlgorithm, object{"alg": "HS256", "kid": kid}, hmacBy(secret, crypto.SHA256)))
		}
	}
	forgeries = append(forgeries,
		f.by("HS384", badAlgorithm, object{"alg": "HS384"}, hmacBy(nil, crypto.SHA384)),
		f.by("HS512", badAlgorithm, object{"alg": "HS512"}, hmacBy(nil, crypto.SHA512)),
		f.by("HS256 by a published secret", badAlgorithm, object{"alg": "HS256", "kid": kidOct}, hmacBy(keys.oct, crypto.SHA256)),
		f.by("ES256 that says RS256", badAlgorithm, object{"alg": "RS256"}, goodSigner()),
		f.by("ES256 for the RSA key", badAlgorithm, object{"kid": kidRSA}, goodSigner()),
		f.by("RS256 that says ES256", badAlgorithm, object{"kid": kidRSA}, rsaBy(keys.rsa, crypto.SHA256)),
		f.by("RS256 for the EC key", badAlgorithm, object{"alg": "RS256"}, rsaBy(keys.rsa, crypto.SHA256)),
		f.by("PS256", badAlgorithm, object{"alg": "PS256", "kid": kidRSA}, pssBy(keys.rsa, crypto.SHA256)),
		f.by("PS256 that says RS256", badSignature, object{"alg": "RS256", "kid": kidRSA}, pssBy(keys.rsa, crypto.SHA256)),
		f.by("RS384", badAlgorithm, object{"alg": "RS384", "kid": kidRSA}, rsaBy(keys.rsa, crypto.SHA384)),
		f.by("RS512", badAlgorithm, object{"alg": "RS512", "kid": kidRSA}, rsaBy(keys.rsa, crypto.SHA512)),
		f.by("RS512 that says RS256", badSignature, object{"alg": "RS256", "kid": kidRSA}, rsaBy(keys.rsa, crypto.SHA512)),
		f.by("ES384", badAlgorithm, object{"alg": "ES384", "kid": kidP384}, ecdsaBy(keys.p384, crypto.SHA384)),
		f.by("ES384 that says ES256", unknownKey, object{"kid": kidP384}, ecdsaBy(keys.p384, crypto.SHA256)),
		f.by("EdDSA", badAlgorithm, object{"alg": "EdDSA", "kid": kidEd25519}, func(signed string) []byte { return ed25519.Sign(keys.ed25519, []byte(signed)) }),
		f.by("short RSA key", unknownKey, object{"alg": "RS256", "kid": kidWeakRSA}, rsaBy(keys.weakRSA, crypto.SHA256)),
		f.by("key for encryption", unknownKey, object{"kid": kidForEnc}, ecdsaBy(keys.forEnc, crypto.SHA256)),
		f.by("key that says another algorithm", unknownKey, object{"kid": kidOtherEC}, ecdsaBy(keys.otherEC, crypto.SHA256)),
	)
	f.everywhere(t, forgeries)
}

// publicForms are the public data of the keys that a careless check would take
// for a shared secret.
func publicForms(t *testing.T) map[string][]byte {
	t.Helper()
	forms := map[string][]byte{"nothing": nil, "the key set": keys.document, "the kid": []byte(kidEC)}
	for name, public := range map[string]any{"EC": &keys.ec.PublicKey, "RSA": &keys.rsa.PublicKey} {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		forms[name+" in DER"] = der
		forms[name+" in PEM"] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	forms["RSA modulus"] = keys.rsa.N.Bytes()
	return forms
}

// TestBroughtKeys: a token carries its own key, or says where it is.
func TestBroughtKeys(t *testing.T) {
	f := newField(t, target)
	attacker, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	there := "http://127.0.0.1:" + f.canary.port + "/jwks"
	certificate := base64.StdEncoding.EncodeToString([]byte("a certificate"))
	sign := ecdsaBy(attacker, crypto.SHA256)
	var forgeries []forgery
	for name, brought := range map[string]object{
		"nothing": {}, "jwk": {"jwk": ecJWK(kidEC, &attacker.PublicKey, nil)},
		"jku": {"jku": there}, "x5u": {"x5u": there}, "x5c": {"x5c": []string{certificate}},
		"all": {"jwk": ecJWK("mine", &attacker.PublicKey, nil), "jku": there, "x5u": there, "x5c": []string{certificate}, "x5t": "AAAA"},
	} {
		forgeries = append(forgeries,
			f.by(name+", under our kid", badSignature, brought, sign),
			f.by(name+", under a kid of its own", unknownKey, customer.Merged(brought, object{"kid": "mine"}), sign),
			f.by(name+", without a kid", unknownKey, customer.Merged(customer.Merged(goodHeader, brought), object{"kid": ""}), sign),
		)
	}
	forgeries = append(forgeries, f.by("the address as kid", unknownKey, object{"kid": there}, sign))
	f.everywhere(t, forgeries)
}

// TestKeyIDs: ids that address a file, a query, a template or another key. The
// signature would be valid by the right key.
func TestKeyIDs(t *testing.T) {
	f := newField(t, target)
	var forgeries []forgery
	for _, kid := range []string{
		"../../../../dev/null", "/dev/null", "file:///dev/null", `..\..\windows\win.ini`,
		"' OR '1'='1", "x' UNION SELECT 'key' --", `{"$ne":null}`, "*", "%", "_proto_", "__proto__",
		"$(id)", "`id`", "${jndi:ldap://127.0.0.1:" + f.canary.port + "/}", "{{7*7}}", "|id", "\r\nX: y",
		kidEC + "\x00", "\x00" + kidEC, kidEC + " ", " " + kidEC, "OURS-EC", "ours-eс" /* a Cyrillic letter */, "ours\u2010ec",
		"ours-ec\u202e", "\ufeff" + kidEC, strings.Repeat("k", 257), strings.Repeat("k", 40<<10), strings.Repeat("é", 200),
	} {
		name := customer.Encode(kid)
		forgeries = append(forgeries, f.by("kid "+name[:min(len(name), 40)], unknownKey, object{"kid": kid}, goodSigner()))
	}
	for _, kid := range []string{`null`, `1`, `true`, `["ours-ec"]`, `{"kid":"ours-ec"}`} {
		forgeries = append(forgeries, f.raw("kid "+kid, unknownKey, `{"typ":"JWT","alg":"ES256","kid":`+kid+`}`))
	}
	for _, region := range []string{west, east, cloud} {
		_, kid := f.Cloud.PublicKey(region)
		wanted := badSignature
		if region == cloud { // whose keys are not fetched
			wanted = unknownKey
		}
		forgeries = append(forgeries, forgery{"kid of " + region, wanted, func(claims object) string {
			return f.token(customer.Merged(goodHeader, object{"kid": kid}), customer.Merged(claims, object{"region": nil}), goodSigner())
		}})
	}
	f.everywhere(t, forgeries)
}

// TestHeadersThatAreNone: other data in the place of a header, and headers with
// duplicate members.
func TestHeadersThatAreNone(t *testing.T) {
	f := newField(t, target)
	good := customer.Encode(goodHeader)
	forgeries := []forgery{
		f.raw("a list", malformed, "["+good+"]"), f.raw("a text", malformed, `"ES256"`), f.raw("null", badAlgorithm, "null"),
		f.raw("nothing", malformed, ""), f.raw("cut short", malformed, good[:len(good)-1]), f.raw("with more after it", malformed, good+good),
		f.raw("a comment", malformed, "/**/"+good[1:]), f.raw("no UTF-8", malformed, "\xff\xfe{}"), f.raw("UTF-16", malformed, "\xff\xfe{\x00}\x00"),
		f.raw("nested 20,000 deep", malformed, `{"alg":"ES256","kid":"`+kidEC+`","x":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}`),
		// Of two members with one name the last counts. Names are case-sensitive.
		f.raw("none after ES256", badAlgorithm, `{"alg":"ES256","kid":"`+kidEC+`","alg":"none"}`),
		f.raw("HS256 after ES256", badAlgorithm, `{"alg":"ES256","kid":"`+kidEC+`","alg":"HS256"}`),
		f.raw("alg in capitals only", badAlgorithm, `{"ALG":"ES256","kid":"`+kidEC+`"}`),
		f.raw("another kid after ours", unknownKey, `{"alg":"ES256","kid":"`+kidEC+`","kid":"other"}`),
		f.raw("kid in capitals only", unknownKey, `{"alg":"ES256","KID":"`+kidEC+`"}`),
		// Extensions that must be understood, but are not (RFC 7515, 4.1.11).
		f.raw("critical b64", malformed, `{"alg":"ES256","kid":"`+kidEC+`","b64":false,"crit":["b64"]}`),
		f.raw("critical exp", malformed, `{"alg":"ES256","kid":"`+kidEC+`","exp":1,"crit":["exp"]}`),
		f.raw("critical nothing", malformed, `{"alg":"ES256","kid":"`+kidEC+`","crit":[]}`),
		f.raw("critical, no list", malformed, `{"alg":"ES256","kid":"`+kidEC+`","crit":"x"}`),
	}
	f.everywhere(t, forgeries)
}
