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

// TestRotationInSteps: whoever holds the document of the step before opens what
// is sealed, until the old key is dropped.
func TestRotationInSteps(t *testing.T) {
	token := secret.New("refresh-token")
	original, err := sealing.NewDocument()
	steps := []*sealing.Keyset{parse(t, original, err)}
	document := original
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
	for n, sealer := range steps {
		sealed, err := sealer.Seal(token, "p")
		if err != nil {
			t.Fatal(err)
		}
		for m := max(n-1, 0); m <= min(n+1, len(steps)-1); m++ {
			_, err := steps[m].Open(sealed, "p")
			if err != nil {
				t.Errorf("sealed at step %d does not open at step %d: %v", n, m, err)
			}
		}
	}
	old, err := steps[0].Seal(token, "p")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps[3].Open(old, "p"); !errors.Is(err, sealing.ErrOpen) {
		t.Errorf("a dropped key opens: %v", err)
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
		_, promoteErr := sealing.PromoteDocument([]byte(document))
		_, pruneErr := sealing.PruneDocument([]byte(document))
		_, _, keysErr := sealing.Keys([]byte(document))
		if promoteErr == nil || pruneErr == nil || keysErr == nil {
			t.Errorf("%s: errors = %v, %v, %v", document, promoteErr, pruneErr, keysErr)
		}
	}
}

func TestNeedsOlder(t *testing.T) {
	document, err := sealing.NewDocument()
	old := parse(t, document, err)
	extended, err := sealing.ExtendDocument(document)
	between := parse(t, extended, err)
	promoted, err := sealing.PromoteDocument(extended)
	fresh := parse(t, promoted, err)
	pruned, err := sealing.PruneDocument(promoted)
	last := parse(t, pruned, err)
	seal := func(k *sealing.Keyset) secret.Sealed {
		sealed, err := k.Seal(secret.New("refresh-token"), "p")
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	byOld, byFresh := seal(old), seal(fresh)
	for name, test := range map[string]struct {
		keyset *sealing.Keyset
		sealed secret.Sealed
		want   bool
	}{
		"its only key": {old, byOld, false}, "the primary, a newer one added": {between, byOld, false},
		"an older key": {fresh, byOld, true}, "the newest key": {fresh, byFresh, false},
		"a key that is gone": {last, byOld, false}, "no token": {fresh, nil, false}, "cut short": {fresh, byOld[:4], false},
	} {
		if got := test.keyset.NeedsOlder(test.sealed); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
