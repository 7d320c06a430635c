// Package setup asks for the settings of a stage that only the vendor knows, checks
// them, and stores settings in the stage's file and secrets in Secrets Manager. It
// can be run at any time: it asks only for missing settings, saves each answer
// immediately, and ends with the next command. It also rotates secrets.
package setup

import (
	"context"
	"fmt"
	"strings"
	"time"

	"signpost/infra/stage"
	"signpost/infra/template"
	"signpost/infra/terminal"
	"signpost/shared/dynamo"
)

// Options say which stage to set up, and how.
type Options struct {
	// ConfigDir holds the settings of the stages, and Stage is one of them.
	ConfigDir, Stage string
	// Template is the file of the SAM template.
	Template string
	// Set are settings by name, such as SIGNAGE_URL or deployment.domain; an empty
	// value clears one.
	Set map[string]string
	// Batch asks nothing. If a setting is missing or wrong, nothing is saved.
	Batch bool
	// All asks every question again, with the current answers as proposals.
	All bool
	// Offline calls neither AWS nor any address.
	Offline bool
	// ClientSecret is used instead of asking, ContentAPIKey instead of a random key.
	ClientSecret, ContentAPIKey string
}

type session struct {
	Options
	io       *terminal.IO
	vault    func(context.Context) (vault, error)
	table    func(context.Context, string) (*dynamo.Store, error)
	now      func() time.Time
	settings stage.Settings
	template *template.Template
}

// start starts a session; found is whether the stage has settings.
func start(io *terminal.IO, o Options) (s *session, found bool, err error) {
	s = &session{
		Options: o, io: io, vault: openVault, table: openTable, now: time.Now,
	}
	found, err = s.read()
	return s, found, err
}

func (s *session) read() (found bool, err error) {
	if s.settings, found, err = stage.Read(s.ConfigDir, s.Stage); err != nil {
		return false, err
	}
	s.template, err = template.Read(s.Template)
	return found, err
}

// Run completes the settings of a stage, fills its empty secrets, and prints the
// next command.
func Run(ctx context.Context, io *terminal.IO, o Options) error {
	s, found, err := start(io, o)
	if err != nil {
		return err
	}
	return s.run(ctx, found)
}

func (s *session) run(ctx context.Context, found bool) error {
	if err := s.applySettings(ctx, found); err != nil {
		return err
	}
	fmt.Fprintf(s.io.Err, "\nThe settings are in %s. It contains no secret: keep it under version control.\n", stage.File(s.ConfigDir, s.Stage))
	filled := unknown
	if !s.Offline {
		s.warnUnreachable(ctx)
		var err error
		if filled, err = s.fillSecrets(ctx); err != nil {
			return err
		}
	}
	return s.next(filled)
}

// Rotations are the secrets that [Rotate] accepts.
var Rotations = []string{"client-secret", "content-api-key", "keyset", "keyset-forget"}

// Rotate does the next step of rotating a secret, one of [Rotations].
func Rotate(ctx context.Context, io *terminal.IO, o Options, secret string) error {
	s, _, err := start(io, o)
	if err != nil {
		return err
	}
	return s.rotate(ctx, secret)
}

// command returns a signpost command line for the same stage.
func (s *session) command(words ...string) string {
	return "signpost " + strings.Join(words, " ") + stage.Flags(s.ConfigDir, s.Stage)
}
