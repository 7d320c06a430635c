package stage_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"signpost/infra/stage"
	"signpost/shared/config/configtest"
)

// parameter is what a template says of one of its parameters.
type parameter struct {
	Default        *string
	AllowedPattern string   `yaml:"AllowedPattern"`
	AllowedValues  []string `yaml:"AllowedValues"`
	MaxLength      int      `yaml:"MaxLength"`
}

func parameters(t *testing.T) map[string]parameter {
	t.Helper()
	var read struct {
		Parameters map[string]parameter `yaml:"Parameters"`
	}
	text, err := os.ReadFile("../../template.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read.Parameters
}

// takes reports whether CloudFormation takes value. It knows Java's regular
// expressions, of which the patterns use only what RE2 reads alike, see
// TestPatternsMeanTheSameEverywhere.
func (p parameter) takes(value string) bool {
	pattern := strings.TrimSuffix(p.AllowedPattern, "$") + `\z` // `$` may be before a line end in Java
	return regexp.MustCompile(pattern).MatchString(value) && (p.MaxLength == 0 || utf8.RuneCountInString(value) <= p.MaxLength)
}

// TestTheTemplateTakesWhatTheFunctionsTake: by the one table of values. What
// the functions refuse on AWS the template refuses too, where a pattern can
// tell; what they take it takes.
func TestTheTemplateTakesWhatTheFunctionsTake(t *testing.T) {
	all, names := parameters(t), stage.Parameters(project(t))
	names["SECRET_ORIGIN_KEY"] = "OriginKey" // no setting: the stack makes it
	for _, value := range configtest.Values() {
		p, ok := all[names[value.Variable]]
		if !ok {
			t.Errorf("%s has no parameter", value.Variable)
			continue
		}
		got := p.takes(value.Value)
		if want := value.Wrong == "" || value.Beyond; got != want {
			t.Errorf("%s=%.100q: taken %t, want %t", names[value.Variable], value.Value, got, want)
		}
	}
}

// TestPatternsMeanTheSameEverywhere: CloudFormation reads patterns as Java
// does, linters as Python does, and we test them by RE2. They agree on sets,
// groups, alternatives, repetition, escaped signs and \xHH; not on classes such
// as \s or \p{…}, flags, look-around and possessive repetition.
func TestPatternsMeanTheSameEverywhere(t *testing.T) {
	parts := regexp.MustCompile(`\\.|\[(\\.|[^\]\\])*\]`) // escaped signs, and sets
	letter := regexp.MustCompile(`\\[a-wyzA-Z0-9]`)
	oddInSet := regexp.MustCompile(`[^\\]\[|&&`)
	odd := regexp.MustCompile(`\(\?|[*+?}][+?]`)
	for name, p := range parameters(t) {
		if p.AllowedPattern == "" {
			continue
		}
		for _, part := range parts.FindAllString(p.AllowedPattern, -1) {
			if letter.MatchString(part) || oddInSet.MatchString(part) {
				t.Errorf("%s: %q is not the same to everybody", name, part)
			}
		}
		if found := odd.FindString(parts.ReplaceAllLiteralString(p.AllowedPattern, "x")); found != "" {
			t.Errorf("%s: %q is not the same to everybody in %s", name, found, p.AllowedPattern)
		}
		if !strings.HasPrefix(p.AllowedPattern, "^") || !strings.HasSuffix(p.AllowedPattern, "$") {
			t.Errorf("%s is not anchored: %s", name, p.AllowedPattern)
		}
	}
}

// TestDefaultsAreTaken: a template whose own defaults it refuses cannot be
// deployed.
func TestDefaultsAreTaken(t *testing.T) {
	for name, p := range parameters(t) {
		if p.Default != nil && p.AllowedPattern != "" && !p.takes(*p.Default) {
			t.Errorf("%s: its default %q is refused", name, *p.Default)
		}
	}
}
