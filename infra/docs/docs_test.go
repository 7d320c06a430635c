// Package docs_test compares the documents with the code: the settings described are
// those that exist, and the files, headings and log messages named exist.
package docs_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"signpost/infra/stage"
	"signpost/infra/template"
	"signpost/shared/manifest"
)

const (
	root        = "../.."
	readmeLimit = 7 << 10 // bytes
)

// documents returns all documents, by their paths from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"README.md", "infra/docs/*.md", ".github/*.md", "events/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			texts[strings.TrimPrefix(filepath.ToSlash(file), root+"/")] = read(t, file)
		}
	}
	return texts
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section returns the text below a heading, up to the next one of its level or
// above.
func section(t *testing.T, document, heading string) string {
	t.Helper()
	level := strings.IndexByte(heading, ' ')
	_, rest, found := strings.Cut("\n"+document, "\n"+heading+"\n")
	if !found {
		t.Fatalf("there is no heading %q", heading)
	}
	next := regexp.MustCompile(`(?m)^#{1,` + string(rune('0'+level)) + `} `)
	if end := next.FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	return rest
}

var firstCell = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// described returns the names in the first column of a section's tables, without its
// subsections.
func described(t *testing.T, document, heading string) []string {
	t.Helper()
	text, _, _ := strings.Cut(section(t, document, heading), "\n#")
	var names []string
	for _, match := range firstCell.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return names
}

func TestEverySettingIsDescribed(t *testing.T) {
	text := read(t, "settings.md")
	var parameters struct {
		Parameters map[string]yaml.Node `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal([]byte(read(t, root+"/template.yaml")), &parameters); err != nil {
		t.Fatal(err)
	}
	wanted := map[string][]string{
		"## Functions":                  variables(t),
		"## Parameters of the template": slices.Sorted(maps.Keys(parameters.Parameters)),
		"## Settings of a stage":        settings(),
	}
	for heading, want := range wanted {
		if diff := cmp.Diff(want, described(t, text, heading)); diff != "" {
			t.Errorf("settings.md, %s (-exists +described):\n%s", heading, diff)
		}
	}
}

// variables returns the variables that the template sets for its functions.
func variables(t *testing.T) []string {
	t.Helper()
	read, err := template.Read(root + "/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, function := range read.Functions {
		for name := range function.Environment {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// settings returns the settings in a stage's file that are not variables.
func settings() []string {
	var names []string
	for prefix, of := range map[string]reflect.Type{
		"deployment.": reflect.TypeFor[stage.Deployment](), "integration.": reflect.TypeFor[manifest.Description](),
	} {
		for _, field := range reflect.VisibleFields(of) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			names = append(names, prefix+name)
		}
	}
	slices.Sort(names)
	return names
}

func TestReadmeIsShort(t *testing.T) {
	if size := len(read(t, root+"/README.md")); size > readmeLimit {
		t.Errorf("README.md has %d bytes, the limit is %d: move details to infra/docs", size, readmeLimit)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
)

func TestLinksResolve(t *testing.T) {
	texts := documents(t)
	for name, text := range texts {
		for _, match := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, ":") {
				continue // of another site
			}
			file := name
			if target != "" {
				file = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: %s does not exist", name, match[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(texts[file]), anchor) {
				t.Errorf("%s: %s: there is no such heading", name, match[1])
			}
		}
	}
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchors returns GitHub's anchors for the headings of a document.
func anchors(text string) []string {
	var list []string
	for _, match := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		anchor := notInAnchor.ReplaceAllString(strings.ToLower(match[1]), "")
		list = append(list, strings.ReplaceAll(anchor, " ", "-"))
	}
	return list
}

var quotedPath = regexp.MustCompile("`((?:shared|functions|infra|events)/[\\w./-]*)`")

func TestNamedFilesExist(t *testing.T) {
	for name, text := range documents(t) {
		for _, match := range quotedPath.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, match[1])); err != nil && !generated(match[1]) {
				t.Errorf("%s names %s, which does not exist", name, match[1])
			}
		}
	}
}

// generated reports whether a program writes the file: a clone does not have it.
func generated(path string) bool {
	return slices.Contains([]string{"infra/cdk.out", "infra/samconfig.toml", "infra/node_modules"}, path)
}

// TestOpenAPIIsTheServedOne: the document beside the others is the one that the vendor API
// serves, not a copy.
func TestOpenAPIIsTheServedOne(t *testing.T) {
	if read(t, "openapi.json") != read(t, root+"/shared/gateway/vendorapi/openapi.json") {
		t.Error("infra/docs/openapi.json must be a symbolic link to shared/gateway/vendorapi/openapi.json")
	}
}
