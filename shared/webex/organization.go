package webex

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// OrganizationKey returns what identifies the organization in a token's
// `sub`: the last path segment of the URI that it encodes in base64, or the
// raw string if it encodes none. The rest of the URI may change when a
// customer moves between regions [page] [token].
func OrganizationKey(sub string) string {
	uri, ok := decodeURI(sub)
	if !ok {
		return sub
	}
	if last := uri[strings.LastIndexByte(uri, '/')+1:]; last != "" {
		return last
	}
	return sub
}

// decodeURI decodes base64 of either alphabet, padded or not [page] [token].
func decodeURI(sub string) (string, bool) {
	unpadded := strings.TrimRight(sub, "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		decoded, err := encoding.DecodeString(unpadded)
		if uri := string(decoded); err == nil && strings.Contains(uri, "://") && printable(uri) {
			return uri, true
		}
	}
	return "", false
}

// printable reports whether s is UTF-8 without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
