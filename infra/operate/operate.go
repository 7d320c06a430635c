// Package operate answers what a developer or an operator asks of an
// installation that does not do what it should: why a token is refused, which
// installations there are, what one of them wants, stores and holds at Webex,
// and which settings are wrong. It works on the local stack and on a deployed
// one, and changes something only by Verify, Remove and Show with a refresh.
//
// This file holds what all of that begins with; settings.go and deployed.go say
// where settings come from, find.go which organization is meant.
package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/assembly"
	"signpost/shared/dynamo"
	"signpost/shared/installation"
)

// Operator looks at the installations of one stack.
type Operator struct {
	*terminal.IO
	// Template is the file of the SAM template; Config the folder of the stages'
	// settings.
	Template, Config string
	// Stage is the deployment to look at, "" for the local stack.
	Stage string
	// TableName replaces the stage's table, such as by a restored one. Without a stage
	// it names a deployment of which all else is in the environment.
	TableName string
	// Environ is the process's environment.
	Environ map[string]string
}

// localURL is where the local stack's API is; "" where a deployment is named.
func (o *Operator) localURL() string {
	if o.Stage != "" || o.TableName != "" || o.Environ[tableVariable] != "" {
		return ""
	}
	return "http://127.0.0.1:" + cmp.Or(o.Environ["PORT"], "3000")
}

// parts are what the functions are made of, with the store beside them.
type parts struct {
	assembly.Parts
	store *dynamo.Store
}

// assemble makes them of the settings.
func (o *Operator) assemble(ctx context.Context) (parts, error) {
	settings, err := o.settings(ctx)
	if err != nil {
		return parts{}, err
	}
	environ := values(settings)
	if err := o.signIn(ctx, environ); err != nil {
		return parts{}, err
	}
	done := o.Waiting("reading the secret")
	assembled, err := assembly.Assemble(ctx, environ, slog.New(slog.DiscardHandler))
	done()
	if err != nil {
		return parts{}, terminal.UsageError{Err: terminal.Fixable(fmt.Errorf("settings:\n%w", err), "signpost config%s", o.stageFlag())}
	}
	client, err := dynamo.Open(environ)
	if err != nil {
		return parts{}, fmt.Errorf("open DynamoDB: %w", err)
	}
	return parts{Parts: assembled, store: dynamo.New(client, environ[tableVariable])}, nil
}

// stageFlag is the flag that names the stage again, for a proposed command.
func (o *Operator) stageFlag() string {
	if o.Stage == "" {
		return ""
	}
	return " --stage " + o.Stage
}

// unknown adds what to do about an organization that is not installed.
func (o *Operator) unknown(err error) error {
	if errors.Is(err, installation.ErrNotFound) {
		return terminal.Fixable(err, "signpost list%s", o.stageFlag())
	}
	return err
}

// distance writes a time by its distance from now, "-" for none.
func distance(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	distance := t.Sub(now).Round(time.Second)
	switch {
	case distance == 0:
		return "just now"
	case distance < 0:
		return (-distance).String() + " ago"
	}
	return "in " + distance.String()
}

// stamp is RFC 3339 for programs, "" for no time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
