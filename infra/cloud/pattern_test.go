package cloud_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// matches reports whether a log line matches a filter's pattern. It knows the part
// of CloudWatch's language that is used here: = with a text or *, IS TRUE, and >=,
// joined by && and, in parentheses, by ||.
func matches(t *testing.T, pattern string, line map[string]any) bool {
	t.Helper()
	inner, opened := strings.CutPrefix(pattern, "{ ")
	inner, closed := strings.CutSuffix(inner, " }")
	if !opened || !closed {
		t.Fatalf("the pattern %s is not understood", pattern)
	}
	for all := range strings.SplitSeq(inner, " && ") {
		fits := false
		for any := range strings.SplitSeq(strings.Trim(all, "()"), " || ") {
			fits = fits || compares(t, any, line)
		}
		if !fits {
			return false
		}
	}
	return true
}

func compares(t *testing.T, comparison string, line map[string]any) bool {
	t.Helper()
	if field, is := strings.CutSuffix(comparison, " IS TRUE"); is {
		return at(t, field, line) == true
	}
	if field, least, is := strings.Cut(comparison, " >= "); is {
		number, is := at(t, field, line).(float64)
		return is && number >= must(strconv.ParseFloat(least, 64))
	}
	field, want, is := strings.Cut(comparison, " = ")
	text, err := strconv.Unquote(want)
	if !is || want != "*" && err != nil {
		t.Fatalf("the comparison %s is not understood", comparison)
	}
	value := at(t, field, line)
	return value != nil && (want == "*" || value == text)
}

// at is the value of a field, $.name.
func at(t *testing.T, field string, line map[string]any) any {
	t.Helper()
	name, is := strings.CutPrefix(field, "$.")
	if !is || strings.ContainsAny(name, ".[ ") {
		t.Fatalf("the field %s is not understood", field)
	}
	return line[name]
}

func TestMatches(t *testing.T) {
	var line map[string]any
	if err := json.Unmarshal([]byte(`{"msg":"feature","outcome":"pushed","drift":true,"n":1}`), &line); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]bool{
		`{ $.msg = "feature" }`:                                                  true,
		`{ $.msg = "feature" && $.drift IS TRUE }`:                               true,
		`{ $.msg = "feature" && $.n IS TRUE }`:                                   false,
		`{ $.msg = "request" }`:                                                  false,
		`{ $.n = * && ($.outcome = "held" || $.outcome = "pushed") }`:            true,
		`{ $.n = * && ($.outcome = "held" || $.outcome = "failed") && $.n = * }`: false,
		`{ $.n >= 1 }`:   true,
		`{ $.n >= 2 }`:   false,
		`{ $.msg >= 0 }`: false,
		`{ $.code = * }`: false,
	} {
		if matches(t, pattern, line) != want {
			t.Errorf("%s: %t", pattern, !want)
		}
	}
}
