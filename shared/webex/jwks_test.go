package webex_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"signpost/shared/webex"
)

// oddSets are key sets with the home region's key as %s, and whether it is found.
var oddSets = map[string]struct {
	document string
	good     bool
}{
	"alone":                 {`{"keys":[%s]}`, true},
	"byte order mark":       {"\ufeff" + `{"keys":[%s]}`, true},
	"other members":         {`{"version":2,"keys":[%s],"more":{"keys":7}}`, true},
	"null beside it":        {`{"keys":[null,%s]}`, true},
	"a number beside it":    {`{"keys":[7,%s]}`, true},
	"a list beside it":      {`{"keys":[%s,[]]}`, true},
	"an empty one":          {`{"keys":[{},%s]}`, true},
	"kid is a number":       {`{"keys":[{"kty":"EC","kid":7,"crv":"P-256"},%s]}`, true},
	"x5c is text":           {`{"keys":[{"kty":"EC","kid":"a","x5c":"MIIB"},%s]}`, true},
	"key_ops is text":       {`{"keys":[{"kty":"EC","kid":"a","key_ops":"verify"},%s]}`, true},
	"not on the curve":      {`{"keys":[{"kty":"EC","kid":"a","crv":"P-256","x":"AAAA","y":"AAAA"},%s]}`, true},
	"an unknown type":       {`{"keys":[{"kty":"ML-DSA","kid":"a","pub":"AAAA"},%s]}`, true},
	"a symmetric one":       {`{"keys":[{"kty":"oct","kid":"us-west-2_r","k":"AAAA"},%s]}`, true},
	"the id of a bad entry": {`{"keys":[{"kty":"EC","kid":"us-west-2_r","crv":"P-256","x":7},%s]}`, true},
	"no entry":              {`{"keys":[]}`, false},
	"only odd ones":         {`{"keys":[null,{"kty":"oct","kid":"us-west-2_r","k":"AAAA"}]}`, false},
	"null":                  {`{"keys":null}`, false},
	"an object":             {`{"keys":{}}`, false},
	"no keys":               {`{}`, false},
	"not JSON":              {`<html>`, false},
	"nothing":               {``, false},
}

// oddMembers are additions to the good key's entry, which is still found.
var oddMembers = []string{
	`"x5c":"MIIB"`, `"x5c":[7]`, `"key_ops":"verify"`, `"key_ops":["verify"]`, `"x5t":null`, `"x5u":{}`, `"ext":"yes"`, `"d":7`, `"oth":"x"`,
	`"exp":1e400`, `"alg":null`, `"alg":"ES256"`, `"use":null`, `"use":"sig"`, `"n":null`,
}

func TestOddKeySets(t *testing.T) {
	check := func(t *testing.T, document func(key string) string, good bool) {
		bubble(t, func(t *testing.T, w *waiting) {
			jwk := jwkOf(&w.keys[home].PublicKey)
			jwk["kid"] = home
			key, err := json.Marshal(jwk)
			if err != nil {
				t.Fatal(err)
			}
			want := webex.ErrUnavailable // the key may be in the set
			if good {
				want = nil
			}
			w.set(home, func(s *regionSet) { s.document = document(string(key)) })
			if _, _, err := w.verify(t, healthBudget, home, w.keys[home]); !errors.Is(err, want) {
				t.Errorf("a new process: %v, want %v", err, want)
			}
			// A process that has the last good set keeps using it.
			w.publish(home, home, w.keys[home])
			time.Sleep(time.Minute)
			if _, _, err := w.verify(t, healthBudget, home, w.keys[home]); err != nil {
				t.Fatal(err)
			}
			w.set(home, func(s *regionSet) { s.document = document(string(key)) })
			time.Sleep(7 * time.Hour)
			if _, _, err := w.verify(t, healthBudget, home, w.keys[home]); err != nil {
				t.Errorf("a process that had a good set: %v", err)
			}
		})
	}
	for name, test := range oddSets {
		t.Run(name, func(t *testing.T) {
			check(t, func(key string) string {
				if !test.good {
					return test.document
				}
				return fmt.Sprintf(test.document, key)
			}, test.good)
		})
	}
	for _, member := range oddMembers {
		t.Run(member, func(t *testing.T) {
			check(t, func(key string) string { return `{"keys":[` + key[:len(key)-1] + "," + member + `}]}` }, true)
		})
	}
}
