package webex

import (
	"encoding/json"
	"testing"
)

// A claim is read by its exact name; of several members with that name the last one
// counts.
func TestClaimsByExactName(t *testing.T) {
	tests := map[string]struct{ jti, sub string }{
		`{"jti":"a","sub":"s"}`:                      {"a", "s"},
		`{"jti":"a","jti":"b"}`:                      {"b", ""},
		`{"jti":"a","jti":null}`:                     {"", ""},
		`{"jti":null,"jti":"a"}`:                     {"a", ""},
		`{"jti":"a","JTI":"b","Jti":"c"}`:            {"a", ""},
		`{"sub":"s","ſub":"t","SUB":"u"}`:            {"", "s"},
		`{"JTI":"b"}`:                                {"", ""},
		`{"j\u0074i":"a"}`:                           {"a", ""},
		`{"other":{"jti":"b"},"jti":"a","sub":"\""}`: {"a", `"`},
		`{ }`: {"", ""},
	}
	for raw, want := range tests {
		var claims wireClaims
		if err := json.Unmarshal([]byte(raw), &claims); err != nil || claims.shape != nil {
			t.Errorf("%s: %v, %v", raw, err, claims.shape)
		}
		if claims.ID != want.jti || claims.Subject != want.sub {
			t.Errorf("%s: jti %q, sub %q, want %q", raw, claims.ID, claims.Subject, want)
		}
	}
}
