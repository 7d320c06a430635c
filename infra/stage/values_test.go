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

// accepts reports whether CloudFormation accepts value. It uses Java's regular
// expressions; the patterns use only syntax that RE2 reads the same way, see
// TestPatternsMeanTheSameEverywhere.
func (p parameter) accepts(value string) bool {
	pattern := strings.TrimSuffix(p.AllowedPattern, "$") + `\z` // `$` may be before a line end in Java
	return regexp.MustCompile(pattern).MatchString(value) && (p.MaxLength == 0 || utf8.RuneCountInString(value) <= p.MaxLength)
}

// TestTemplateAcceptsWhatTheFunctionsAccept uses the table of values of package
// configtest. The template accepts all that the functions accept, and refuses all
// that they refuse on AWS, as far as a pattern can express it.
func TestTemplateAcceptsWhatTheFunctionsAccept(t *testing.T) {
	all, names := parameters(t), stage.Parameters(project(t))
	names["SECRET_ORIGIN_KEY"] = "OriginKey" // not a setting: the stack creates it
	for _, value := range configtest.Values() {
		p, ok := all[names[value.Variable]]
		if !ok {
			t.Errorf("%s has no parameter", value.Variable)
			continue
		}
		got := p.accepts(value.Value)
		if want := value.Wrong == "" || value.PatternAccepts; got != want {
			t.Errorf("%s=%.100q: accepted %t, want %t", names[value.Variable], value.Value, got, want)
		}
	}
}

// TestPatternsMeanTheSameEverywhere: CloudFormation reads patterns as Java does,
// linters as Python does, and these tests as RE2 does. All three agree on sets,
// groups, alternatives, repetition, escaped characters and \xHH; not on classes
// such as \s or \p{…}, flags, look-around and possessive repetition.
func TestPatternsMeanTheSameEverywhere(t *testing.T) {
	parts := regexp.MustCompile(`\\.|\[(\\.|[^\]\\])*\]`) // escaped characters, and sets
	letter := regexp.MustCompile(`\\[a-wyzA-Z0-9]`)
	oddInSet := regexp.MustCompile(`[^\\]\[|&&`)
	odd := regexp.MustCompile(`\(\?|[*+?}][+?]`)
	for name, p := range parameters(t) {
		if p.AllowedPattern == "" {
			continue
		}
		for _, part := range parts.FindAllString(p.AllowedPattern, -1) {
			if letter.MatchString(part) || oddInSet.MatchString(part) {
				t.Errorf("%s: Java, Python and RE2 read %q differently", name, part)
			}
		}
		if found := odd.FindString(parts.ReplaceAllLiteralString(p.AllowedPattern, "x")); found != "" {
			t.Errorf("%s: Java, Python and RE2 read %q differently in %s", name, found, p.AllowedPattern)
		}
		if !strings.HasPrefix(p.AllowedPattern, "^") || !strings.HasSuffix(p.AllowedPattern, "$") {
			t.Errorf("%s is not anchored: %s", name, p.AllowedPattern)
		}
	}
}

// TestDefaultsAreAccepted: a template that refuses its own defaults cannot be
// deployed.
func TestDefaultsAreAccepted(t *testing.T) {
	for name, p := range parameters(t) {
		if p.Default != nil && p.AllowedPattern != "" && !p.accepts(*p.Default) {
			t.Errorf("%s: its default %q is refused", name, *p.Default)
		}
	}
}
