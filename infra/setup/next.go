package setup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"signpost/infra/manifest"
	"signpost/infra/stage"
	"signpost/infra/terminal"
)

// secretsState is the known state of a stage's secrets.
type secretsState int

const (
	unknown  secretsState = iota // AWS was not asked, or not reached
	absent                       // the stack is not deployed
	empty                        // a value is missing
	complete                     // all values are there
)

// Next prints the next command for a stage, and the reason.
func Next(ctx context.Context, io *terminal.IO, o Options) error {
	s, _, err := start(io, o)
	if err != nil {
		return err
	}
	filled := unknown
	if !o.Offline {
		if v, err := s.vault(ctx); err == nil {
			if filled, err = s.checkSecrets(ctx, v); err != nil {
				return err
			}
		}
	}
	return s.next(filled)
}

// next prints the next command. Problems in the settings are part of the output,
// not an error.
func (s *session) next(filled secretsState) error {
	problems := s.problems()
	command, why := s.nextCommand(filled, problems)
	if s.io.JSON {
		return s.io.Print(map[string]string{"next": command, "why": why})
	}
	if problems != nil {
		fmt.Fprintf(s.io.Out, "\nStill to be fixed:\n  %s\n", strings.ReplaceAll(problems.Error(), "\n", "\n  "))
	}
	fmt.Fprintf(s.io.Out, "\nNext: %s\n      (%s)\n", command, why)
	return nil
}

func (s *session) nextCommand(filled secretsState, problems error) (command, why string) {
	file := stage.ManifestFile(s.ConfigDir, s.Stage)
	_, changed, manifestErr := manifest.Changed(s.settings)
	switch {
	case problems != nil || s.settings.NextQuestion != "":
		return s.command("setup"), "asks for the remaining settings"
	case s.settings.Variables[clientID] == "" && s.settings.Written.Version == 0:
		return s.command("manifest"), "writes the manifest to upload in Control Hub, which then shows the OAuth client"
	case s.settings.Variables[clientID] == "":
		return s.command("setup"), "asks for the OAuth client that Control Hub shows once " + file + " is uploaded"
	case !s.settings.Deployed() && filled != empty && filled != complete:
		return s.command("deploy"), "deploys the stack"
	case filled == empty:
		return s.command("setup"), "fills the secrets that are still empty"
	case manifestErr == nil && changed:
		return s.command("manifest"), "writes a new version of the manifest, to upload in Control Hub"
	case !s.settings.Deployed():
		return s.command("deploy"), "deploys the stack, and records the API's address"
	}
	return s.command("smoke"), "checks the deployment from outside"
}

// problems returns what prevents a deployment of the stage. A missing OAuth client
// does not: Control Hub shows it only after the manifest is uploaded.
func (s *session) problems() error {
	settings := s.settings
	if settings.Variables[clientID] == "" {
		variables := map[string]string{clientID: "pending"}
		for name, value := range settings.Variables {
			if value != "" {
				variables[name] = value
			}
		}
		settings.Variables = variables
	}
	return settings.Check(s.template)
}

// checkSecrets checks whether values are missing, and changes nothing.
func (s *session) checkSecrets(ctx context.Context, v vault) (secretsState, error) {
	filled := complete
	integration, content, vendor := s.names()
	for name, fields := range map[string][]string{integration: {"tokenKeyset", "clientSecret"}, content: {"contentApiKey"}, vendor: {"vendorApiKeys"}} {
		d, _, err := load(ctx, v, name)
		if errors.Is(err, errNoSecret) {
			return absent, nil
		}
		if err != nil && !errors.Is(err, errNoValue) {
			return unknown, err
		}
		for _, field := range fields {
			if d[field] == nil {
				filled = empty
			}
		}
	}
	return filled, nil
}
