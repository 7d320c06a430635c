package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"signpost/shared/secret"
)

// holder has secrets in unexported fields, for which fmt does not call Format.
type holder struct {
	hidden secret.String
	sealed secret.Sealed
	Shown  secret.String
}

func TestSecretsDoNotPrint(t *testing.T) {
	const value = "hunter2"
	token, sealed := secret.New(value), secret.Sealed(value)
	inside := holder{token, nil, token}
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T"} {
		for _, what := range []any{token, &token, sealed, inside, &inside, []secret.String{token}, map[string]secret.String{"a": token}} {
			fmt.Fprintf(&printed, verb+"\n", what)
		}
	}
	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&logged, nil), slog.NewTextHandler(&logged, nil)} {
		slog.New(handler).Info("m", "token", token, "sealed", sealed, "inside", inside)
	}
	document, err := json.Marshal(inside)
	if err != nil {
		t.Fatal(err)
	}
	everything := printed.String() + logged.String() + string(document)
	for _, leak := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), "104 117 110", "aHVudGVyMg"} {
		if strings.Contains(everything, leak) {
			t.Errorf("%q leaks in:\n%s", leak, everything)
		}
	}
}

func TestEqual(t *testing.T) {
	a, same, other := secret.New("a"), secret.New("a"), secret.New("ab")
	if !a.Equal(same) || a.Equal(other) || a.Equal(secret.String{}) || !secret.New("").Equal(secret.String{}) {
		t.Error("equal is wrong")
	}
	if !secret.New("").IsZero() || a.IsZero() {
		t.Error("zero is wrong")
	}
}

func TestIn(t *testing.T) {
	a, b := secret.New("a"), secret.New("b")
	if !a.In([]secret.String{b, a}) || !b.In([]secret.String{b, a}) || a.In([]secret.String{b}) || a.In(nil) {
		t.Error("in is wrong")
	}
	if secret.New("").In(nil) || secret.New("").In([]secret.String{secret.New("")}) {
		t.Error("an empty key opens")
	}
}

func TestUnmarshal(t *testing.T) {
	var got struct{ Key secret.String }
	if err := json.Unmarshal([]byte(`{"Key":"a"}`), &got); err != nil || got.Key.Reveal() != "a" {
		t.Errorf("got %q, %v", got.Key.Reveal(), err)
	}
}
