// Package operate implements the commands that diagnose and repair installations:
// list and show them, verify or remove them, explain why a token is refused, and
// check settings. It works on the local stack and on a deployment. Only Verify,
// Remove and Show with refresh change anything.
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

// Operator works on the installations of one stack.
type Operator struct {
	*terminal.IO
	// Template is the file of the SAM template, Config the folder of the stages'
	// settings.
	Template, Config string
	// Stage is the deployment, "" for the local stack.
	Stage string
	// TableName overrides the stage's table, such as with a restored one. Without a
	// stage it selects a deployment whose other settings are in the environment.
	TableName string
	// Environ is the process's environment.
	Environ map[string]string
}

// localURL is the address of the local stack's API, "" if a deployment is selected.
func (o *Operator) localURL() string {
	if o.Stage != "" || o.TableName != "" || o.Environ[tableVariable] != "" {
		return ""
	}
	return "http://127.0.0.1:" + cmp.Or(o.Environ["PORT"], "3000")
}

// parts are the functions' dependencies, and the store.
type parts struct {
	assembly.Parts
	store *dynamo.Store
}

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

// stageFlag is the flag that selects the same stage in a proposed command.
func (o *Operator) stageFlag() string {
	if o.Stage == "" {
		return ""
	}
	return " --stage " + o.Stage
}

// unknown adds a proposed command to the error for an organization that is not
// installed.
func (o *Operator) unknown(err error) error {
	if errors.Is(err, installation.ErrNotFound) {
		return terminal.Fixable(err, "signpost list%s", o.stageFlag())
	}
	return err
}

// distance formats a time relative to now, "-" for the zero time.
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

// stamp formats a time as RFC 3339, "" for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
