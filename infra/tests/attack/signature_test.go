package attack_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// TestSignatures: values, lengths and encodings that are not ES256 signatures.
func TestSignatures(t *testing.T) {
	f := newField(t, target)
	order := elliptic.P256().Params().N
	zero, one := new(big.Int), big.NewInt(1)
	all := new(big.Int).SetBytes(bytes.Repeat([]byte{0xff}, 32))
	other := f.sign(f.claims(webextest.ActionCrossLaunch))
	changed := func(change func([]byte) []byte) signer {
		return func(signed string) []byte { return change(goodSigner()(signed)) }
	}
	fixed := func(b []byte) signer { return func(string) []byte { return b } }
	var forgeries []forgery
	for name, sign := range map[string]signer{
		"none": none, "one byte": fixed([]byte{1}), "r only": changed(func(b []byte) []byte { return b[:32] }),
		"a byte short":           changed(func(b []byte) []byte { return b[:63] }),
		"a byte more":            changed(func(b []byte) []byte { return append(b, 0) }),
		"a zero before each":     changed(func(b []byte) []byte { return slices.Concat([]byte{0}, b[:32], []byte{0}, b[32:]) }),
		"twice":                  changed(func(b []byte) []byte { return append(b, b...) }),
		"s before r":             changed(func(b []byte) []byte { return slices.Concat(b[32:], b[:32]) }),
		"a bit flipped":          changed(func(b []byte) []byte { b[40] ^= 1; return b }),
		"backwards":              changed(func(b []byte) []byte { slices.Reverse(b); return b }),
		"DER":                    derBy(keys.ec),
		"r and s are 0":          fixed(pair(zero, zero, 32)),
		"r is 0":                 fixed(pair(zero, one, 32)),
		"s is 0":                 fixed(pair(one, zero, 32)),
		"r and s are 1":          fixed(pair(one, one, 32)),
		"r and s are the order":  fixed(pair(order, order, 32)),
		"r is the order":         fixed(pair(order, one, 32)),
		"r and s are all ones":   fixed(pair(all, all, 32)),
		"r beyond the order":     fixed(pair(new(big.Int).Add(order, one), one, 32)),
		"of another token":       fixed(signatureOf(other)),
		"over the claims only":   func(signed string) []byte { return goodSigner()(signed[strings.IndexByte(signed, '.')+1:]) },
		"over SHA-384":           ecdsaBy(keys.ec, crypto.SHA384),
		"by another of our keys": ecdsaBy(keys.otherEC, crypto.SHA256),
		"32 KiB":                 fixed(bytes.Repeat([]byte{7}, 32<<10)),
	} {
		forgeries = append(forgeries, f.by("signature: "+name, badSignature, nil, sign))
	}
	f.everywhere(t, forgeries)
}

func derBy(key *ecdsa.PrivateKey) signer {
	return func(signed string) []byte {
		der, err := ecdsa.SignASN1(rand.Reader, key, digest(crypto.SHA256, signed))
		if err != nil {
			panic(err)
		}
		return der
	}
}

func signatureOf(token string) []byte {
	signature, _ := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:]) // the tests' own tokens decode
	return signature
}

// TestEncodings: good tokens in other encodings than that of a compact JWS.
func TestEncodings(t *testing.T) {
	f := newField(t, target)
	rewritten := func(name string, rewrite func(token string) string) forgery {
		return forgery{"written with " + name, malformed, func(claims object) string { return rewrite(f.sign(claims)) }}
	}
	part := func(i int, change func(string) string) func(string) string {
		return func(token string) string {
			parts := strings.Split(token, ".")
			parts[i] = change(parts[i])
			return strings.Join(parts, ".")
		}
	}
	insert := func(text string) func(string) string {
		return func(s string) string { return s[:len(s)/2] + text + s[len(s)/2:] }
	}
	forgeries := []forgery{
		rewritten("a part less", func(s string) string { return s[:strings.LastIndexByte(s, '.')] }),
		rewritten("a part more", func(s string) string { return s + ".e30" }),
		rewritten("five parts, as a JWE", func(s string) string { return s + ".e30.e30" }),
		rewritten("dots only", func(string) string { return ".." }),
		rewritten("an empty header", part(0, func(string) string { return "" })),
		rewritten("detached claims", part(1, func(string) string { return "" })),
		rewritten("another dot", func(s string) string { return strings.ReplaceAll(s, ".", "。") }),
		rewritten("a space before", func(s string) string { return " " + s }),
		rewritten("a space after", func(s string) string { return s + " " }),
		rewritten("a line break after", func(s string) string { return s + "\n" }),
		rewritten("a NUL after", func(s string) string { return s + "\x00" }),
		rewritten("a scheme before", func(s string) string { return "Bearer " + s }),
		rewritten("quotes around", func(s string) string { return `"` + s + `"` }),
		rewritten("percent signs", func(s string) string { return strings.ReplaceAll(s, ".", "%2E") }),
		rewritten("other bits at the end", part(2, otherTail)),
	}
	for name, text := range map[string]string{
		"padding": "=", "much padding": "====", "a space": " ", "a tab": "\t", "a line break": "\n", "CR LF": "\r\n", "a NUL": "\x00",
		"a plus": "+", "a slash": "/", "a tilde": "~", "a letter that is none": "е", "a zero-width space": "\u200b", "a BOM": "\ufeff",
	} {
		for i, where := range []string{"header", "claims", "signature"} {
			forgeries = append(forgeries, rewritten(name+" in the "+where, part(i, insert(text))))
		}
	}
	for i, where := range []string{"header", "claims", "signature"} {
		forgeries = append(forgeries, rewritten("padding after the "+where, part(i, func(s string) string { return s + "==" })))
	}
	f.everywhere(t, forgeries)
}

// otherTail changes one of the four unused bits in the last letter of a 64-byte
// signature.
func otherTail(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last^1])
}

// TestMalleableSignature: from a signature (r, s) anybody can make (r, n-s), which
// is valid too. It must not make a used token new.
func TestMalleableSignature(t *testing.T) {
	f := newField(t, target)
	var rows []row
	for _, door := range []string{assign, manage} {
		token := f.sign(f.claims(webextest.ActionCrossLaunch))
		customer.Send(t, f.Stack.URL(), customer.Post(door, token)).LaunchCode(t)
		signature := signatureOf(token)
		s := new(big.Int).SetBytes(signature[32:])
		twin := pair(new(big.Int).SetBytes(signature[:32]), s.Sub(elliptic.P256().Params().N, s), 32)
		rows = append(rows,
			row{"twin at " + door, customer.Post(door, token[:strings.LastIndexByte(token, '.')+1]+encoded(twin)), replayed},
			row{"again at " + door, customer.Post(door, token), replayed})
	}
	f.watch.last = f.watch.picture(t)
	f.attack(t, rows)
}
