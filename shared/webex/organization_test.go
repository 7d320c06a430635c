package webex_test

import (
	"encoding/base64"
	"testing"

	"signpost/shared/webex"
)

func TestOrganizationKey(t *testing.T) {
	const id = "3a6ff373-68a7-44e4-91d6-a274600ac5c0"
	raw, std, url := base64.RawStdEncoding, base64.StdEncoding, base64.RawURLEncoding
	tests := map[string]string{
		"Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8zYTZmZjM3My02OGE3LTQ0ZTQtOTFkNi1hMjc0NjBlMGFjNWM": "3a6ff373-68a7-44e4-91d6-a27460e0ac5c", // [page]
		raw.EncodeToString([]byte("ciscospark://urn:TEAM:us-east-1_int13/ORGANIZATION/" + id)):    id,                                     // [token]
		std.EncodeToString([]byte("ciscospark://us/ORGANIZATION/" + id)):                          id,
		url.EncodeToString([]byte("ciscospark://us/ORGANIZATION/?>~" + id)):                       "?>~" + id,
		id:                                   id,
		"not/b64!":                           "not/b64!",
		raw.EncodeToString([]byte("no uri")): raw.EncodeToString([]byte("no uri")),
		raw.EncodeToString([]byte("ciscospark://us/ORG/")):             raw.EncodeToString([]byte("ciscospark://us/ORG/")),
		raw.EncodeToString([]byte("ciscospark://us/ORG/a\x00b")):       raw.EncodeToString([]byte("ciscospark://us/ORG/a\x00b")),
		raw.EncodeToString([]byte("ciscospark://us/ORG/\xff\xfe\xfd")): raw.EncodeToString([]byte("ciscospark://us/ORG/\xff\xfe\xfd")),
	}
	for sub, want := range tests {
		if got := webex.OrganizationKey(sub); got != want {
			t.Errorf("%q: got %q, want %q", sub, got, want)
		}
	}
}
