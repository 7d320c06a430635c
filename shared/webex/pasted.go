package webex

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// ErrSeveralTokens says that a pasted text holds tokens which differ, so that
// nobody can tell which one was meant. It is an [ErrMalformed].
var ErrSeveralTokens = fmt.Errorf("%w: the text holds several different tokens", ErrMalformed)

const (
	// maxPasted bounds a text in which a token is searched, in bytes: the
	// longest token, twice, and words around it.
	maxPasted = 4 * MaxTokenSize
	// maxHeader bounds the encoded header of a token that is found, in bytes.
	maxHeader = 2 << 10
)

// Where a token may be broken: white space, the `>` of a quoted mail, and the
// `=` of padding or of a quoted-printable line end. None of them can be part of
// a compact JWS.
const breaks = ` >=`

// compactJWS matches a token, which may be broken anywhere. JSON objects begin
// with `ey` in base64. What stands before the header and behind the signature
// can be part of the match; see readCompact.
var compactJWS = regexp.MustCompile(`ey[\w >=-]*\.[ >=]*ey[\w >=-]*\.[\w >=-]*`)

// signatureLengths are those of the accepted algorithms, encoded: by them a
// signature ends where words follow it.
var signatureLengths = map[string][]int{
	"ES256": {86},
	"RS256": {342, 512, 683}, // keys of 2048, 3072 and 4096 bits
}

// FindToken returns the token in a text that a person pasted: invisible
// characters (zero-width ones, byte order marks, soft hyphens), white space,
// line breaks, quoting and any words around it are left out. A token that is
// there several times counts once; tokens that differ are [ErrSeveralTokens].
//
// Nothing about the token is checked. A text in which none is found comes back
// without white space, invisible characters, quotes around it and a `Bearer`
// before it, for [Verifier.Verify] to refuse.
func FindToken(pasted string) (string, error) {
	visible := strings.Map(plain, pasted)
	found := ""
	for rest := visible; len(visible) <= maxPasted; {
		match := compactJWS.FindStringIndex(rest)
		if match == nil {
			break
		}
		token, length := readCompact(rest[match[0]:match[1]])
		rest = rest[match[0]+length:]
		switch {
		case token == "" || token == found:
		case found == "":
			found = token
		default:
			return "", ErrSeveralTokens
		}
	}
	if found != "" {
		return found, nil
	}
	const around = " \"'`<>\u2018\u2019\u201c\u201d\u00ab\u00bb"
	bare := strings.Trim(visible, around)
	if scheme, credential, ok := strings.Cut(bare, " "); ok && strings.EqualFold(scheme, "Bearer") {
		bare = strings.Trim(credential, around)
	}
	return strings.ReplaceAll(bare, " ", ""), nil
}

// plain drops what is invisible and makes every kind of white space a blank.
func plain(r rune) rune {
	switch {
	case unicode.Is(unicode.Cf, r):
		return -1
	case unicode.IsSpace(r), unicode.IsControl(r):
		return ' '
	default:
		return r
	}
}

// readCompact takes the token out of a match of compactJWS, without breaks, and
// returns how much of the match it used: another token may begin right behind
// its signature. The token is "" if the match holds none.
func readCompact(match string) (token string, used int) {
	first := strings.IndexByte(match, '.')
	second := first + 1 + strings.IndexByte(match[first+1:], '.')
	header, algorithm := lastHeader(match[:first])
	if header == "" {
		return "", first + 1
	}
	signature, length := readSignature(match[second+1:], signatureLengths[algorithm])
	return header + "." + unbroken(match[first+1:second]) + "." + signature, second + 1 + length
}

// lastHeader returns the end of text that is a JSON object in base64url, and
// the algorithm that it names. Words may stand before it, as in "key eyJ…".
func lastHeader(text string) (header, algorithm string) {
	text = unbroken(text)
	text = text[max(0, len(text)-maxHeader):]
	for {
		start := strings.Index(text, "ey")
		if start < 0 {
			return "", ""
		}
		text = text[start:]
		var object struct {
			Algorithm any `json:"alg"`
		}
		if document, err := base64.RawURLEncoding.DecodeString(text); err == nil && json.Unmarshal(document, &object) == nil {
			algorithm, _ := object.Algorithm.(string)
			return text, algorithm
		}
		text = text[len("ey"):]
	}
}

// readSignature returns the signature that text begins with, and how much of
// text it takes. It has one of lengths: the first after which a word ends, else
// the shortest. A text too short for any of them is taken whole.
func readSignature(text string, lengths []int) (signature string, used int) {
	all := unbroken(text)
	length, shortest := 0, 0
	for i := range len(text) {
		if strings.IndexByte(breaks, text[i]) >= 0 {
			continue
		}
		if length++; !slices.Contains(lengths, length) {
			continue
		}
		if i+1 == len(text) || strings.IndexByte(breaks, text[i+1]) >= 0 {
			return all[:length], i + 1
		}
		if shortest == 0 {
			shortest, used = length, i+1
		}
	}
	if shortest > 0 {
		return all[:shortest], used
	}
	return all, len(text)
}

func unbroken(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(breaks, r) {
			return -1
		}
		return r
	}, text)
}
