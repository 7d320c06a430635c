package webex_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"signpost/shared/webex"
)

// compact makes a token whose encoded signature has this length.
func compact(algorithm, payload string, signature int) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"kid":"a key","typ":"JWT","alg":"`+algorithm+`"}`)) + "." + encode([]byte(payload)) + "." + strings.Repeat("s-_A", signature/4) + strings.Repeat("e", signature%4)
}

// inLines breaks text as a mail program does, each line beginning with prefix.
func inLines(text, prefix, end string) string {
	var lines strings.Builder
	for len(text) > 60 {
		lines.WriteString(prefix + text[:60] + end)
		text = text[60:]
	}
	return lines.String() + prefix + text
}

func TestFindToken(t *testing.T) {
	es, other := compact("ES256", `{"jti":"one"}`, 86), compact("ES256", `{"jti":"two"}`, 86)
	rs, long := compact("RS256", `{"jti":"one"}`, 342), compact("RS256", `{"jti":"one"}`, 683)
	tests := map[string]struct{ pasted, want string }{
		"bare":                     {es, es},
		"white space around":       {"\r\n\t " + es + " \n", es},
		"no-break spaces":          {"\u00a0" + es + "\u3000\u2028", es},
		"byte order mark":          {"\ufeff" + es, es},
		"zero-width inside":        {es[:40] + "\u200b" + es[40:90] + "\u2060\u200d" + es[90:], es},
		"soft hyphens":             {es[:40] + "\u00ad" + es[40:], es},
		"quotes":                   {`"` + es + `"`, es},
		"typographic quotes":       {"\u201c" + es + "\u201d", es},
		"backticks":                {"```\n" + es + "\n```", es},
		"bearer":                   {"Authorization: Bearer " + es, es},
		"in lines":                 {inLines(es, "", "\r\n"), es},
		"in lines, words behind":   {inLines(es, "", "\n") + "\nThanks\nBob", es},
		"quoted mail":              {inLines(es, "> ", "\n"), es},
		"quoted twice":             {inLines(es, ">> ", "\n") + "\n>> Thanks", es},
		"quoted-printable":         {inLines(es, "", "=\r\n"), es},
		"RSA in lines, words":      {inLines(rs, "", "\n") + " Thanks", rs},
		"RSA of 4096 bits":         {"code " + inLines(long, "", "\n") + "\nThanks", long},
		"with a label":             {"Activation code: " + es, es},
		"with words":               {"Hey, the key is " + es + " and they say it is good for a day.", es},
		"with an equals sign":      {"jwt=" + es + "&x=1", es},
		"JSON":                     {`{"jwt": "` + es + `", "devices": []}`, es},
		"in a link":                {"https://example.com/?code=" + es + "#top", es},
		"in angle brackets":        {"<" + es + ">", es},
		"twice":                    {es + "\n" + es, es},
		"twice, glued":             {es + es, es},
		"three times, glued":       {es + es + es, es},
		"RSA twice, glued":         {rs + rs, rs},
		"twice, one in lines":      {es + "\n\n" + inLines(es, "> ", "\n"), es},
		"padded":                   {es + "==", es},
		"another algorithm":        {" " + compact("HS256", "{}", 43), compact("HS256", "{}", 43)},
		"unsigned":                 {"`" + compact("none", "{}", 0) + "`", compact("none", "{}", 0)},
		"signature cut short":      {es[:len(es)-9], es[:len(es)-9]},
		"four parts":               {es + ".x", es},
		"cut in the claims":        {" \u200b" + es[:80] + "\n", es[:80]},
		"no token":                 {" hello, world ", "hello,world"},
		"no token, quoted, bearer": {"\"bearer\tabc\"", "abc"},
		"looks like one":           {"they.eye.eyes", "they.eye.eyes"},
		"nothing":                  {" \u200b\n", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := webex.FindToken(test.pasted); got != test.want || err != nil {
				t.Errorf("got  %q, %v\nwant %q", got, err, test.want)
			}
		})
	}
	for name, pasted := range map[string]string{
		"two codes":        es + "\n" + other,
		"two codes, glued": es + other,
		"among words":      "old: " + es + ", new: " + other,
		"cut and whole":    es[:len(es)-1] + "\n\n. " + es,
	} {
		if got, err := webex.FindToken(pasted); !errors.Is(err, webex.ErrSeveralTokens) || !errors.Is(err, webex.ErrMalformed) || got != "" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// FuzzFindToken: a token is found among any words, and again in the result.
func FuzzFindToken(f *testing.F) {
	token := compact("ES256", `{"jti":"one"}`, 86)
	f.Add("", "")
	f.Add("Activation code: ", "\nThanks")
	f.Add("> ey", ".ey.")
	f.Add(strings.Repeat("ey ", 80<<10), strings.Repeat("ey.", 80<<10))
	f.Fuzz(func(t *testing.T, before, after string) {
		found, err := webex.FindToken(before)
		if again, _ := webex.FindToken(found); err == nil && again != found {
			t.Errorf("%q is found in %q, and %q in that", found, before, again)
		}
		if strings.ContainsRune(before+after, '.') || len(before+after) > 64<<10 {
			return // it may contain another token
		}
		if got, err := webex.FindToken(before + " " + token + " " + after); got != token || err != nil {
			t.Errorf("between %q and %q: got %q, %v", before, after, got, err)
		}
	})
}
