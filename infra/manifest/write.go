// Package manifest writes the manifest of a stage's default integration, so that it
// requests what the deployment provides. Its id never changes, and its version only when
// the content does.
package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"signpost/infra/jsonfile"
	"signpost/infra/stage"
	"signpost/infra/terminal"
	"signpost/shared/manifest"
	"signpost/shared/webex"
)

// Write writes a stage's manifest, and its version into the stage's settings.
func Write(io *terminal.IO, folder, name string) error {
	settings, err := stage.Load(folder, name)
	if err != nil {
		return err
	}
	next, changed, err := version(settings)
	if err != nil {
		return err
	}
	file := stage.ManifestFile(folder, name)
	if err := jsonfile.Write(file, next, 0o644); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	settings.Written = stage.Written{Version: next.ManifestVersion, Digest: digest(next)}
	if err := settings.Write(folder); err != nil {
		return err
	}
	if io.JSON {
		return io.Print(map[string]any{"file": file, "version": next.ManifestVersion, "changed": changed})
	}
	explain(io, file, next, changed, "signpost setup"+stage.Flags(folder, name))
	return nil
}

// Check prints whether Write would write a new version, and returns
// terminal.ErrFindings if it would.
func Check(io *terminal.IO, folder, name string) error {
	settings, err := stage.Load(folder, name)
	if err != nil {
		return err
	}
	next, changed, err := Changed(settings)
	if err != nil {
		return fmt.Errorf("the manifest cannot be written yet:\n%w", err)
	}
	if io.JSON {
		err = io.Print(map[string]any{"version": next, "changed": changed})
	} else if changed {
		io.Bad(fmt.Sprintf("the settings require version %d of the manifest: run signpost manifest%s", next, stage.Flags(folder, name)))
	} else {
		io.Good(fmt.Sprintf("version %d of the manifest matches the settings", next))
	}
	return terminal.Findings(changed, err)
}

// Changed returns the version of the manifest that the settings require, and
// whether it differs from the last written one. The error contains all reasons why
// the manifest cannot be written.
func Changed(settings stage.Settings) (next int, changed bool, err error) {
	m, changed, err := version(settings)
	return m.ManifestVersion, changed, err
}

// version returns the settings' manifest: with the version of the last written one
// if they are equal, else with the next version.
func version(settings stage.Settings) (manifest.Manifest, bool, error) {
	next := derive(settings)
	if err := next.Check(); err != nil {
		return manifest.Manifest{}, false, err
	}
	next.ManifestVersion = max(settings.Written.Version, 1)
	changed := settings.Written.Digest != digest(next)
	if changed && settings.Written.Version > 0 {
		next.ManifestVersion++
	}
	return next, changed, nil
}

// contentVariables name the setting that makes a feature provided.
var contentVariables = map[webex.Feature]string{webex.DigitalSignage: "SIGNAGE_URL", webex.PersistentWebApp: "PWA_URL"}

// derive returns the manifest for the settings, without a version.
func derive(s stage.Settings) manifest.Manifest {
	of := manifest.Subject{
		AppID: s.Variables["WEBEX_APP_ID"], Vendor: s.Variables["VENDOR_NAME"],
		Availability: s.Integration.Availability, Provisioning: provisioning(s),
	}
	for _, feature := range webex.Features {
		if s.Variables[contentVariables[feature]] != "" {
			of.Features = append(of.Features, feature)
		}
	}
	return s.Integration.Derive(of)
}

// provisioning returns the provisioning, with the API's address if that is known.
func provisioning(s stage.Settings) manifest.Provisioning {
	address := s.PublicURL()
	if address != "" {
		address += "/activation"
	}
	if s.Integration.Provisioning == "https" {
		return manifest.Provisioning{Type: "https", URL: address}
	}
	return manifest.Provisioning{Type: "manual", ActivationGuideURL: address}
}

// digest identifies a manifest regardless of its version.
func digest(m manifest.Manifest) string {
	m.ManifestVersion = 0
	text, err := jsonfile.Encode(m)
	if err != nil {
		panic(err) // cannot fail: the struct has only strings, numbers and lists
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// explain prints what to do with the written manifest.
func explain(io *terminal.IO, file string, m manifest.Manifest, changed bool, setup string) {
	written := fmt.Sprintf("%s: version %d", file, m.ManifestVersion)
	switch {
	case !changed:
		io.Good(written + ", unchanged")
	case m.ManifestVersion == 1:
		io.Good(written)
		io.Note("Upload it in Control Hub, under Workspaces, Integrations, Add integration.")
		io.Note("Control Hub then shows an OAuth client: " + setup + " asks for its id and secret.")
	default:
		io.Good(written + ", changed")
		io.Note("Upload it in Control Hub as an update of the integration. Each customer keeps the")
		io.Note("previous version until an administrator approves the new one.")
	}
	if m.Provisioning.URL == "" && m.Provisioning.ActivationGuideURL == "" {
		io.Note("The API's address is not in it yet. It is known after the first deployment: write the manifest again then.")
	}
}
