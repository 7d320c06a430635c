// Package story plays the story of one customer on a running local stack, and
// shows after each step what Webex stores.
//
// It owns the steps and what each must show. It works from outside: it presses
// Control Hub's buttons through the simulator's control API, acts as the
// vendor's content server on Signpost's public routes, and deploys settings
// through the Lambda API, so the stack may run in another process. It invites
// customers, and begins and ends a rollout, through the table, as the vendor's commands do. It adds organizations,
// restores every setting that it changes, and leaves nothing installed and no link that
// works.
package story

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"signpost/infra/local/client"
)

// Target is the stack to play on.
type Target struct {
	// APIURL and WebexURL are its addresses, without a slash at the end.
	APIURL, WebexURL string
	// ContentKey is the content API key, with which launches are redeemed.
	ContentKey string
}

// Options say how to print the story.
type Options struct {
	Out   io.Writer // nil discards the output
	Color bool

	// before is called before each step, for tests that break something.
	before func(step int)
}

// cleanUpTime bounds the clean-up, also after a failure or Ctrl-C.
const cleanUpTime = 15 * time.Second

type story struct {
	printer
	fixture
	control client.Control
	api     client.Client
	lambda  client.Lambda

	pushes   client.Pushes // expected so far
	settings *settingsChange
	code     string // launch code of the assigned content
	invited  invited
	pilots   pilots
}

// step performs one event of the story and checks its results.
type step struct {
	title string
	play  func(*story, context.Context)
}

// Steps returns the number of steps.
func Steps() int { return len(steps) }

var steps = []step{
	{"An administrator activates the integration in Control Hub", (*story).activate},
	{"Webex now stores the configurations of both features", (*story).showConfigurations},
	{"The administrator assigns content to three devices", (*story).assignContent},
	{"The vendor's content server redeems the launch", (*story).redeem},
	{"The vendor deploys another SIGNAGE_URL", (*story).changeSettings},
	{"A verification pushes the new address, once", (*story).verifyChange},
	{"The vendor reverts the change", (*story).revertSettings},
	{"The administrator approves an update of the integration", (*story).approveUpdate},
	{"Webex loses the signage configuration", (*story).loseConfiguration},
	{"A verification restores it", (*story).verifyRestores},
	{"Webex moves the customer to another region", (*story).move},
	{"Webex sends a health check", (*story).checkHealth},
	{"The administrator removes the integration", (*story).deprovision},
	{"The vendor invites the customer to a private integration", (*story).invite},
	{"The administrator uploads the manifest from the link", (*story).upload},
	{"The administrator enters client id, secret and activation code", (*story).activateInvited},
	{"The private integration is in sync, and the link is used up", (*story).checkInvited},
	{"Of three more customers, a rollout of another SIGNAGE_URL reaches the pilot", (*story).startRollout},
	{"What the pilot is shown fails, and the rollout halts by itself", (*story).haltRollout},
	{"The vendor aborts it, and the pilot has the former page again", (*story).abortRollout},
}

// Play plays the story on the target. The error names the step that failed.
// The stack is left as it was found, except for its new organizations and the kept
// revision of the channels.
func Play(ctx context.Context, target Target, options Options) (err error) {
	s := &story{
		printer: printer{out: cmp.Or[io.Writer](options.Out, io.Discard), color: options.Color},
		api:     client.New(target.APIURL),
		control: client.NewControl(target.WebexURL),
		lambda:  client.NewLambda(target.APIURL),
		pushes:  client.Pushes{},
	}
	if s.fixture, err = s.prepare(ctx, target); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.cleanUp(ctx)) }()
	s.printf("    %s%q in %s: %s\n", label("Customer"), s.org.Name, s.home, strings.Join(s.boardNames(), ", "))
	for i, step := range steps {
		if options.before != nil {
			options.before(i + 1)
		}
		s.begin(i+1, step.title)
		step.play(s, ctx)
		switch {
		case s.err == nil:
		case ctx.Err() != nil:
			return fmt.Errorf("interrupted in step %d: %w", i+1, context.Cause(ctx))
		default:
			s.printFailure()
			return fmt.Errorf("step %d failed: %s", i+1, step.title)
		}
	}
	return nil
}

// cleanUp restores what an unfinished story changed.
func (s *story) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	var errs []error
	if s.settings != nil {
		if err := s.settings.restore(ctx); err != nil {
			errs = append(errs, fmt.Errorf("SIGNAGE_URL was not restored: %w", err))
		}
	}
	s.turnTo(s.cloud.AppID)
	if err := s.forgetRollout(ctx); err != nil {
		errs = append(errs, fmt.Errorf("the rollout to the customers of %q was not removed: %w", s.org.Name, err))
	}
	for _, app := range []string{s.cloud.AppID, s.invited.uploaded.AppID} {
		if s.turnTo(app); app == "" {
			continue
		}
		if err := s.uninstall(ctx, s.org.ID); err != nil {
			errs = append(errs, fmt.Errorf("the integration %s was not removed from %q: %w", app, s.org.Name, err))
		}
	}
	if err := s.withdraw(ctx); err != nil {
		errs = append(errs, fmt.Errorf("the invitation of %q was not withdrawn: %w", s.org.Name, err))
	}
	return errors.Join(errs...)
}

// uninstall removes the integration from an organization, if installed.
func (s *story) uninstall(ctx context.Context, orgID string) error {
	org, err := s.control.Organization(ctx, orgID)
	if err != nil || org.Installation == nil {
		return err
	}
	if err := s.nextSecond(ctx); err != nil {
		return err
	}
	_, err = s.control.Press(ctx, orgID, "deprovision", nil)
	return err
}
