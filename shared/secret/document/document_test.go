package document_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"signpost/shared/secret"
	"signpost/shared/secret/document"
)

const marker = "s3cr3t-marker"

func TestParse(t *testing.T) {
	all := []document.Part{document.ClientSecret, document.ContentAPIKey, document.TokenKeyset}
	tests := []struct {
		name  string
		raw   string
		needs []document.Part
		// wrong lists parts of the error; none means success.
		wrong []string
		keys  int
	}{
		{name: "all parts", raw: `{"clientSecret":"a","contentApiKey":"b","tokenKeyset": {"primaryKeyId":1} ,"other":[1]}`, needs: all, keys: 1},
		{name: "several keys", raw: `{"contentApiKey":[ "new", "old" ]}`, needs: all[1:2], keys: 2},
		{name: "nothing needed", raw: `{"contentApiKey":7}`},
		{name: "other parts are left alone", raw: `{"clientSecret":7,"contentApiKey":"b"}`, needs: all[1:2], keys: 1},
		{name: "all parts are missing", raw: `{"clientSecret":null}`, needs: all, wrong: []string{"clientSecret is missing", "contentApiKey is missing", "tokenKeyset is missing"}},
		{name: "not JSON", raw: marker, needs: all, wrong: []string{"JSON object"}},
		{name: "cut short", raw: `{"clientSecret":"` + marker, needs: all, wrong: []string{"JSON object"}},
		{name: "null", raw: `null`, needs: all, wrong: []string{"JSON object"}},
		{name: "array", raw: `["` + marker + `"]`, wrong: []string{"JSON object"}},
		{name: "number for a secret", raw: `{"clientSecret":12345}`, needs: all[:1], wrong: []string{"must be a string"}},
		{name: "empty secret", raw: `{"clientSecret":" "}`, needs: all[:1], wrong: []string{"is empty"}},
		{name: "secret with a space in it", raw: `{"clientSecret":"a b","contentApiKey":"b","tokenKeyset":{}}`, needs: all, keys: 1},
		{name: "white space before a secret", raw: `{"clientSecret":" ` + marker + `"}`, needs: all[:1], wrong: []string{"white space before or after"}},
		{name: "line end after a secret", raw: `{"clientSecret":"` + marker + `\n"}`, needs: all[:1], wrong: []string{"white space before or after"}},
		{name: "no-break space after a secret", raw: `{"clientSecret":"` + marker + `\u00a0"}`, needs: all[:1], wrong: []string{"white space before or after"}},
		{name: "tab in a secret", raw: `{"clientSecret":"a\t` + marker + `"}`, needs: all[:1], wrong: []string{"printable ASCII"}},
		{name: "invisible character in a secret", raw: `{"clientSecret":"\ufeff` + marker + `"}`, needs: all[:1], wrong: []string{"invisible"}},
		{name: "line end after a key", raw: `{"contentApiKey":["a","` + marker + `\n"]}`, needs: all[1:2], wrong: []string{"white space before or after"}},
		{name: "no keys", raw: `{"contentApiKey":[]}`, needs: all[1:2], wrong: []string{"1 to 5 keys"}},
		{name: "too many keys", raw: `{"contentApiKey":["a","b","c","d","e","f"]}`, needs: all[1:2], wrong: []string{"1 to 5 keys"}},
		{name: "empty key", raw: `{"contentApiKey":["a",""]}`, needs: all[1:2], wrong: []string{"is empty"}},
		{name: "null key", raw: `{"contentApiKey":["a",null]}`, needs: all[1:2], wrong: []string{"must be a string"}},
		{name: "key with a space", raw: `{"contentApiKey":"a ` + marker + `"}`, needs: all[1:2], wrong: []string{"without spaces"}},
		{name: "key is no ASCII", raw: `{"contentApiKey":"` + marker + `é"}`, needs: all[1:2], wrong: []string{"ASCII"}},
		{name: "key is an object", raw: `{"contentApiKey":{"` + marker + `":1}}`, needs: all[1:2], wrong: []string{"must be a string"}},
		{name: "keyset in a string", raw: `{"tokenKeyset":"{\"` + marker + `\":1}"}`, needs: all[2:], wrong: []string{"must be an object"}},
		{name: "unknown part", raw: `{"x":1}`, needs: []document.Part{"x"}, wrong: []string{"not a field of the document"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parsed, err := document.Parse([]byte(test.raw), test.needs...)
			if (err != nil) != (len(test.wrong) > 0) || (err != nil && !errors.Is(err, document.ErrDocument)) {
				t.Fatalf("error: %v", err)
			}
			for _, wrong := range test.wrong {
				if !strings.Contains(err.Error(), wrong) {
					t.Errorf("error does not say %q: %v", wrong, err)
				}
			}
			if err != nil && strings.Contains(err.Error(), marker) {
				t.Errorf("error contains a secret: %v", err)
			}
			if len(parsed.ContentAPIKeys) != test.keys {
				t.Errorf("%d keys, want %d", len(parsed.ContentAPIKeys), test.keys)
			}
			if len(test.needs) == 1 && !parsed.ClientSecret.IsZero() {
				t.Error("a part that was not needed is kept")
			}
		})
	}
}

func TestParsedValues(t *testing.T) {
	raw := []byte(`{"clientSecret":"a","contentApiKey":["b","c"],"tokenKeyset": {"k":[1]} }`)
	parsed, err := document.Parse(raw, document.ClientSecret, document.ContentAPIKey, document.TokenKeyset)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.ClientSecret.Reveal() != "a" || parsed.ContentAPIKeys[0].Reveal() != "b" || parsed.ContentAPIKeys[1].Reveal() != "c" {
		t.Error("values differ")
	}
	if got := parsed.TokenKeyset.Reveal(); got != `{"k":[1]}` {
		t.Errorf("keyset: %s", got)
	}
}

func TestDocumentRedacts(t *testing.T) {
	raw := []byte(`{"clientSecret":"` + marker + `","contentApiKey":"` + marker + `","tokenKeyset":{"` + marker + `":1}}`)
	parsed, err := document.Parse(raw, document.ClientSecret, document.ContentAPIKey, document.TokenKeyset)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "document", parsed, "keyset", parsed.TokenKeyset)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "document", parsed, "keyset", parsed.TokenKeyset)
	encoded, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		logged.String(), string(encoded), fmt.Sprintf("%v %+v %#v %s", parsed, parsed, parsed, parsed),
	} {
		if strings.Contains(text, marker) || !strings.Contains(text, secret.Redacted) {
			t.Errorf("not redacted: %s", text)
		}
	}
}
