// Command manifest writes the manifest of the integration, for upload in
// Control Hub: `make manifest`. It follows from the settings of a stage, so
// that it asks for just what the deployment provides. Its id stays, and its
// version is raised only by a change.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"signpost/infra/stage"
)

func main() {
	name := flag.String("stage", "dev", "the stage")
	root := flag.String("root", ".", "the project's directory")
	look := flag.Bool("check", false, "write nothing; say whether there is something to write")
	flag.Parse()
	if err := run(*root, *name, *look, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the manifest where it is new, and the settings, which keep its
// version.
func run(root, name string, look bool, out io.Writer) error {
	settings, found, err := stage.Read(root, name)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("manifest: there are no settings of %s: run make setup STAGE=%s", name, name)
	}
	next, changed, err := version(settings)
	if look {
		tellNeed(out, name, next, changed, err)
		return nil
	}
	if err != nil {
		return err
	}
	text, err := encode(next)
	if err != nil {
		return err
	}
	file := filepath.Join(root, "infra", "manifest.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	settings.Written = stage.Written{Version: next.ManifestVersion, Digest: digest(next)}
	if err := settings.Write(root); err != nil {
		return err
	}
	tell(out, file, next, changed)
	return nil
}

// version gives the settings' manifest the version of the last one if it is
// the same, else the next.
func version(settings stage.Settings) (Manifest, bool, error) {
	next := derive(settings)
	if err := next.check(); err != nil {
		return Manifest{}, false, err
	}
	next.ManifestVersion = max(settings.Written.Version, 1)
	changed := settings.Written.Digest != digest(next)
	if changed && settings.Written.Version > 0 {
		next.ManifestVersion++
	}
	return next, changed, nil
}

// digest names all of a manifest but its version.
func digest(m Manifest) string {
	m.ManifestVersion = 0
	text, err := encode(m)
	if err != nil {
		panic(err) // a struct of strings always encodes
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

func encode(m Manifest) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(m); err != nil {
		return nil, errors.Join(errors.New("manifest"), err)
	}
	return text.Bytes(), nil
}

// tellNeed says whether there is something to write. What keeps it from being
// written may be yet to come, and is no error of who only looks.
func tellNeed(out io.Writer, name string, m Manifest, changed bool, problem error) {
	switch {
	case problem != nil:
		fmt.Fprintf(out, "The manifest cannot be written yet:\n%v\n", problem)
	case changed:
		fmt.Fprintf(out, "The settings need a new manifest: make manifest STAGE=%s writes version %d for Control Hub.\n", name, m.ManifestVersion)
	}
}

func tell(out io.Writer, file string, m Manifest, changed bool) {
	fmt.Fprintf(out, "%s: version %d", file, m.ManifestVersion)
	switch {
	case !changed:
		fmt.Fprintln(out, ", unchanged")
	case m.ManifestVersion == 1:
		fmt.Fprintln(out, ". Upload it in Control Hub, under Workspaces, Integrations, Add integration.")
		fmt.Fprintln(out, "Control Hub answers with an OAuth client: give its id and secret to make setup.")
	default:
		fmt.Fprintln(out, ", changed. Upload it in Control Hub as an update of the integration;")
		fmt.Fprintln(out, "each customer's administrator then approves it, and keeps the old one until that.")
	}
	if m.Provisioning.URL == "" && m.Provisioning.ActivationGuideURL == "" {
		fmt.Fprintln(out, "It does not name our address yet, which is known after the first make deploy: run this again then.")
	}
}
