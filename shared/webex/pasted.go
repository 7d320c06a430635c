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

// ErrSeveralTokens: a pasted text contains different tokens, and it is unclear
// which one was meant. It is an [ErrMalformed].
var ErrSeveralTokens = fmt.Errorf("%w: the text holds several different tokens", ErrMalformed)

const (
	// maxPasted bounds the text that is searched for a token, in bytes: the longest
	// token, twice, with words around it.
	maxPasted = 4 * MaxTokenSize
	// maxHeader bounds the encoded header of a token that is found, in bytes.
	maxHeader = 2 << 10
)

// breaks are the characters that may be inserted in a token: white space, the `>`
// of quoted mail, and the `=` of padding or of a quoted-printable line end. None of
// them can be part of a compact JWS.
const breaks = ` >=`

// compactJWS matches a token with breaks anywhere. In base64, JSON objects begin
// with `ey`. The match may include words before the header and after the
// signature; see readCompact.
var compactJWS = regexp.MustCompile(`ey[\w >=-]*\.[ >=]*ey[\w >=-]*\.[\w >=-]*`)

// signatureLengths are the encoded lengths for the accepted algorithms. They show
// where a signature ends if words follow it.
var signatureLengths = map[string][]int{
	"ES256": {86},
	"RS256": {342, 512, 683}, // keys of 2048, 3072 and 4096 bits
}

// FindToken returns the token in a text that a person pasted, without invisible
// characters (zero-width ones, byte order marks, soft hyphens), white space, line
// breaks, quoting and words around it. The same token may occur several times;
// different tokens are [ErrSeveralTokens].
//
// The token is not checked. If none is found, FindToken returns the text without
// white space, invisible characters, surrounding quotes and a leading `Bearer`,
// for [Verifier.Verify] to refuse.
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

// plain drops invisible characters and turns all white space into blanks.
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

// readCompact returns the token in a match of compactJWS, without breaks, and how
// many bytes of the match it used: another token may follow the signature. The
// token is "" if the match contains none.
func readCompact(match string) (token string, used int) {
	first := strings.IndexByte(match, '.')
	second := first + 1 + strings.IndexByte(match[first+1:], '.')
	header, algorithm := lastHeader(match[:first])
	if header == "" {
		return "", first + 1
	}
	signature, length := readSignature(match[second+1:], signatureLengths[algorithm])
	return header + "." + withoutBreaks(match[first+1:second]) + "." + signature, second + 1 + length
}

// lastHeader returns the longest end of text that is a JSON object in base64url,
// and its algorithm. Words may precede it, as in "key eyJ…".
func lastHeader(text string) (header, algorithm string) {
	text = withoutBreaks(text)
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

// readSignature returns the signature that text begins with, and how many bytes of
// text it takes. Its length is the first of lengths after which a word ends, else
// the shortest. If text is too short for any, the signature is all of it.
func readSignature(text string, lengths []int) (signature string, used int) {
	all := withoutBreaks(text)
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

func withoutBreaks(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(breaks, r) {
			return -1
		}
		return r
	}, text)
}
