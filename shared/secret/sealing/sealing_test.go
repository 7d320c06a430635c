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

// TestRotation: until the old key is removed, functions with the keyset of one step
// decrypt what those of the step before or after encrypt.
func TestRotation(t *testing.T) {
	document, err := sealing.NewDocument()
	steps := []*sealing.Keyset{parse(t, document, err)}
	for n, step := range []struct {
		change  func([]byte) ([]byte, error)
		count   int
		primary bool
	}{
		{sealing.ExtendDocument, 2, false}, {sealing.PromoteDocument, 2, true}, {sealing.PruneDocument, 1, true},
	} {
		document, err = step.change(document)
		steps = append(steps, parse(t, document, err))
		if count, primary, err := sealing.Keys(document); err != nil || count != step.count || primary != step.primary {
			t.Errorf("step %d: %d keys, newest is primary: %v, %v", n+1, count, primary, err)
		}
	}
	rotated, err := sealing.RotateDocument(document)
	steps = append(steps, parse(t, rotated, err))
	seal := func(step int) secret.Sealed {
		sealed, err := steps[step].Seal(secret.New("refresh-token"), "p")
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	first, second := seal(0), seal(2)
	for _, test := range []struct {
		name                     string
		sealed                   secret.Sealed
		opens, stale, needsOlder []bool // by step
	}{
		{"first key", first, []bool{true, true, true, false, false}, []bool{false, false, true, true, true}, []bool{false, false, true, false, false}},
		{"first key, another added", seal(1), []bool{true, true, true, false, false}, []bool{false, false, true, true, true}, []bool{false, false, true, false, false}},
		{"second key", second, []bool{false, true, true, true, true}, []bool{true, true, false, false, true}, []bool{false, true, false, false, true}},
		{"second key alone", seal(3), []bool{false, true, true, true, true}, []bool{true, true, false, false, true}, []bool{false, true, false, false, true}},
		{"nothing", nil, make([]bool, 5), []bool{true, true, true, true, true}, make([]bool, 5)},
		{"cut short", first[:4], make([]bool, 5), []bool{true, true, true, true, true}, make([]bool, 5)},
	} {
		for n, keyset := range steps {
			opened, err := keyset.Open(test.sealed, "p")
			if opens := opened.Reveal() == "refresh-token"; opens != test.opens[n] || opens != (err == nil) || err != nil && !errors.Is(err, sealing.ErrOpen) {
				t.Errorf("%s, step %d: opens %v, %v", test.name, n, opens, err)
			}
			if stale, older := keyset.Stale(test.sealed), keyset.NeedsOlder(test.sealed); stale != test.stale[n] || older != test.needsOlder[n] {
				t.Errorf("%s, step %d: stale %v, needs an older key %v", test.name, n, stale, older)
			}
		}
	}
}

func TestBadKeysetsAreNotQuoted(t *testing.T) {
	for _, document := range []string{"", "{}", "null", `{"primaryKeyId":1,"key":[]}`, `"geheim"`, `{"geheim":true}`} {
		_, err := sealing.Parse([]byte(document))
		if !errors.Is(err, sealing.ErrKeyset) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: error = %v", document, err)
		}
		for _, change := range []func([]byte) ([]byte, error){sealing.RotateDocument, sealing.PromoteDocument, sealing.PruneDocument} {
			if _, err := change([]byte(document)); err == nil || strings.Contains(err.Error(), "geheim") {
				t.Errorf("change %s: error = %v", document, err)
			}
		}
		if _, _, err := sealing.Keys([]byte(document)); err == nil {
			t.Errorf("keys of %s", document)
		}
	}
}
