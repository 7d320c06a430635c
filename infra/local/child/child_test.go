package child_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"signpost/infra/local/child"
)

// run runs a script. Its output may be read when it has ended.
func run(t *testing.T, script string) (*child.Process, *bytes.Buffer) {
	t.Helper()
	l := &bytes.Buffer{}
	p, err := child.Start(child.Program{Name: "script", Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=" + os.Getenv("PATH")}}, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.Ended()
	})
	return p, l
}

func TestOutputComesByLine(t *testing.T) {
	p, l := run(t, `printf 'one\ntwo\n'; printf 'three' >&2`)
	<-p.Ended()
	if want := "script | one\nscript | two\nscript | three\n"; l.String() != want {
		t.Errorf("got %q, want %q", l, want)
	}
	if p.Err() != nil || p.Alive() {
		t.Errorf("error %v, alive %v", p.Err(), p.Alive())
	}
}

func TestLineWithoutEndIsCut(t *testing.T) {
	p, l := run(t, `head -c 200000 /dev/zero | tr '\0' x`)
	<-p.Ended()
	if lines := strings.Count(l.String(), "\n"); lines != 4 {
		t.Errorf("200,000 characters came as %d lines, want 4 of at most 64 KiB", lines)
	}
}

func TestExitStatus(t *testing.T) {
	p, _ := run(t, "exit 3")
	<-p.Ended()
	if p.Err() == nil || p.Err().Error() != "exit status 3" {
		t.Errorf("got %v", p.Err())
	}
}

func TestKillReachesWhatItStarted(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ := run(t, "sleep 600 >"+fifo+" & wait")
	reader, err := os.Open(fifo) // returns when the grandchild has it open
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	p.Kill()
	if _, err := io.ReadAll(reader); err != nil { // returns when the grandchild has ended
		t.Error(err)
	}
}

func TestProgramThatIsNotThere(t *testing.T) {
	if _, err := child.Start(child.Program{Name: "nothing", Path: "/nowhere"}, io.Discard); err == nil {
		t.Error("it started")
	}
}
