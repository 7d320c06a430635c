package release

import (
	"archive/zip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// epoch is the modification time of every file in an archive, so that the bytes do not
// depend on the time of the build. It is the first that zip can represent.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// writeArchive writes a Lambda archive: the program, named as the runtime
// provided.al2023 requires.
func writeArchive(path, program string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: epoch}
	header.SetMode(0o755)
	entry, err := archive.CreateHeader(header)
	if err == nil {
		err = copyInto(entry, program)
	}
	if err := errors.Join(err, archive.Close(), file.Close()); err != nil {
		return fmt.Errorf("archive %s: %w", path, err)
	}
	return nil
}

func copyInto(target io.Writer, path string) error {
	source, err := os.Open(path)
	if err != nil {
		return err
	}
	defer source.Close()
	_, err = io.Copy(target, source)
	return err
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// checksums is the name of the file that `sha256sum --check` reads.
const checksums = "SHA256SUMS"

// writeChecksums lists the checksums of all files in dir.
func writeChecksums(dir string) error {
	var lines strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		sum := sha256.New()
		if err := copyInto(sum, path); err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		fmt.Fprintf(&lines, "%x  %s\n", sum.Sum(nil), filepath.ToSlash(name))
		return err
	})
	if err != nil {
		return fmt.Errorf("checksums: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, checksums), []byte(lines.String()), 0o644)
}
