package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var loggedValue = regexp.MustCompile(`(?:msg|outcome|webex_code|token_health) = "([^"]+)"`)

// TestQueriesNameWhatIsLogged compares the texts in the runbook's queries with
// those in the code that logs.
func TestQueriesNameWhatIsLogged(t *testing.T) {
	code := strings.Join(append(goFiles(t, "shared"), goFiles(t, "functions")...), "\n")
	values := loggedValue.FindAllStringSubmatch(read(t, "operate.md"), -1)
	if len(values) < 10 {
		t.Fatalf("found only %v", values)
	}
	for _, match := range values {
		if !strings.Contains(code, `"`+match[1]+`"`) {
			t.Errorf("operate.md: nothing logs %s", match[0])
		}
	}
}

// goFiles returns the texts of the Go files below folder, without tests.
func goFiles(t *testing.T, folder string) []string {
	t.Helper()
	var texts []string
	err := filepath.WalkDir(filepath.Join(root, folder), func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := os.ReadFile(file)
		texts = append(texts, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
