// Package operate implements the commands that inspect and change installations,
// channels, rollouts, integrations and invitations, explain why a token is refused, and
// check settings. It works on the local stack and on a deployment. A method that changes
// something says so in its comment.
package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"signpost/infra/stage"
	"signpost/infra/terminal"
	"signpost/shared/assembly"
	"signpost/shared/channel"
	"signpost/shared/config"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

// Operator works on the installations of one stack.
type Operator struct {
	*terminal.IO
	// Template is the file of the SAM template, Config the folder of the stages'
	// settings.
	Template, Config string
	// Stage is the deployment, "" for the local stack.
	Stage string
	// TableName replaces the stage's table, for example by a restored one. Without a
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

// stack is what the functions of the selected stack use, with the current channels.
type stack struct {
	assembly.Parts
	Service  *lifecycle.Service
	Vendor   *lifecycle.Vendor
	Channels channel.Channels
	// environ is the functions' environment.
	environ map[string]string
}

// assemble builds what the functions use, from the selected stack's settings.
func (o *Operator) assemble(ctx context.Context) (stack, error) {
	settings, err := o.settings(ctx)
	if err != nil {
		return stack{}, err
	}
	environ := values(settings)
	if err := o.addCredentials(ctx, environ); err != nil {
		return stack{}, err
	}
	defer o.Waiting("reading the secret")()
	log := slog.New(slog.DiscardHandler)
	parts, err := assembly.Assemble(ctx, environ, log)
	if _, wrong := errors.AsType[*config.Error](err); wrong {
		err = terminal.UsageError{Err: terminal.Fixable(fmt.Errorf("settings:\n%w", err), "signpost config%s", o.stageFlag())}
	}
	if err != nil {
		return stack{}, err
	}
	channels, err := parts.Services.Channels.Read(ctx)
	if err != nil {
		return stack{}, err
	}
	service, err := parts.Services.With(channels)
	if err != nil {
		return stack{}, err
	}
	vendor, err := lifecycle.NewVendor(parts.Store, time.Now, log)
	return stack{parts, service, vendor, channels, environ}, err
}

// stageFlag is the flag that selects the same stage in a proposed command.
func (o *Operator) stageFlag() string {
	if o.Stage == "" {
		return ""
	}
	return stage.Flags(o.Config, o.Stage)
}

// proposeList adds the command that lists the installations to an error that says that
// there is none.
func (o *Operator) proposeList(err error) error {
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
		return long(-distance) + " ago"
	}
	return "in " + long(distance)
}

// long formats a duration of two days or more in whole days.
func long(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 2*day {
		return d.String()
	}
	return fmt.Sprintf("%d days", d/day)
}

// expiry says when something expires or expired, "" for the zero time.
func expiry(t, now time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.Before(now):
		return "expired " + distance(t, now)
	}
	return "expires " + distance(t, now)
}
