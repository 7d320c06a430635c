package sealing_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
)

func parse(t *testing.T, document []byte, err error) *sealing.Keyset {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	keyset, err := sealing.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	return keyset
}

func TestSealOpensInItsPlaceOnly(t *testing.T) {
	document, err := sealing.NewDocument()
	keyset := parse(t, document, err)
	token := secret.New("refresh-token")
	sealed, err := keyset.Seal(token, "org#a/refreshToken")
	if err != nil || bytes.Contains(sealed, []byte(token.Reveal())) {
		t.Fatalf("sealed = %q, %v", []byte(sealed), err)
	}
	if opened, err := keyset.Open(sealed, "org#a/refreshToken"); err != nil || !opened.Equal(token) {
		t.Errorf("opened = %v", err)
	}
	altered := bytes.Clone(sealed)
	altered[len(altered)-1] ^= 1
	for name, attempt := range map[string]func() (secret.String, error){
		"another row":       func() (secret.String, error) { return keyset.Open(sealed, "org#b/refreshToken") },
		"another attribute": func() (secret.String, error) { return keyset.Open(sealed, "org#a/accessToken") },
		"altered":           func() (secret.String, error) { return keyset.Open(altered, "org#a/refreshToken") },
		"empty":             func() (secret.String, error) { return keyset.Open(nil, "org#a/refreshToken") },
	} {
		if _, err := attempt(); !errors.Is(err, sealing.ErrOpen) {
			t.Errorf("%s: error = %v, want ErrOpen", name, err)
		}
	}
}

func TestRotation(t *testing.T) {
	document, err := sealing.NewDocument()
	old := parse(t, document, err)
	rotated, err := sealing.RotateDocument(document)
	fresh := parse(t, rotated, err)
	token := secret.New("refresh-token")
	sealed, err := old.Seal(token, "p")
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := fresh.Open(sealed, "p"); err != nil || !opened.Equal(token) {
		t.Errorf("sealed by the old key: %v", err)
	}
	if old.Stale(sealed) || !fresh.Stale(sealed) {
		t.Error("stale is wrong about the old key")
	}
	resealed, err := fresh.Seal(token, "p")
	if err != nil || fresh.Stale(resealed) {
		t.Errorf("resealed is stale: %v", err)
	}
	if _, err := old.Open(resealed, "p"); !errors.Is(err, sealing.ErrOpen) {
		t.Errorf("the old keyset opens what the new key sealed: %v", err)
	}
}

func TestBadKeysetsAreNotQuoted(t *testing.T) {
	for _, document := range []string{"", "{}", "null", `{"primaryKeyId":1,"key":[]}`, `"geheim"`, `{"geheim":true}`} {
		_, err := sealing.Parse([]byte(document))
		if !errors.Is(err, sealing.ErrKeyset) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: error = %v", document, err)
		}
		if _, err := sealing.RotateDocument([]byte(document)); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("rotate %s: error = %v", document, err)
		}
	}
}
