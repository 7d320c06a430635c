package release_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"signpost/infra/distribution"
	"signpost/infra/release"
	"signpost/infra/template"
	"signpost/shared/race"
)

const root = "../.."

// copyTree copies the files in git to another folder, for a build at another path.
func copyTree(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command("sh", "-c", `git ls-files -z --cached --others --exclude-standard -- Makefile go.mod go.sum template.yaml infra shared functions events | xargs -0 cp --parents -t "$0"`, folder)
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("copy the tree: %v\n%s", err, output)
	}
	return folder
}

// write writes a release with the command for Windows, which no other test builds.
func write(t *testing.T, folder string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dist")
	err := release.Write(context.Background(), release.Options{
		Root: folder, Dir: dir, Architectures: release.Architectures[:1], Platforms: []string{"windows/amd64"}, Report: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// The folder is emptied first, so it must not be the project or contain it.
func TestTheProjectIsNotEmptied(t *testing.T) {
	project := filepath.Join(t.TempDir(), "project")
	file := filepath.Join(project, "template.yaml")
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		project: "contains the project", filepath.Join(project, "infra", ".."): "contains the project", filepath.Dir(project): "contains the project",
		filepath.Join(project, "infra"): "part of the project",
	} {
		if err := os.MkdirAll(project, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		err := release.Write(t.Context(), release.Options{Root: project, Dir: dir, Report: func(string) {}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
		if _, err := os.Stat(file); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestSameCodeGivesTheSameBytes(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector has no effect on the programs built here; make test-all runs this without it")
	}
	first, second := write(t, root), write(t, copyTree(t))
	one, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(second, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if string(one) != string(other) {
		t.Errorf("two builds differ:\n%s\n%s", one, other)
	}
	read, err := template.Read(filepath.Join(first, "template-arm64.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Functions) == 0 {
		t.Error("the template has no functions")
	}
	for _, function := range read.Functions {
		if !strings.Contains(string(one), "  "+distribution.ReleaseArchive("arm64", function.LogicalID)+"\n") {
			t.Errorf("%s has no archive among\n%s", function.LogicalID, one)
		}
	}
	for _, name := range []string{"signpost-windows-amd64.exe", "sbom.cdx.json", "package-lock.json"} {
		if !strings.Contains(string(one), "  "+name+"\n") {
			t.Errorf("%s is not among\n%s", name, one)
		}
	}
}
