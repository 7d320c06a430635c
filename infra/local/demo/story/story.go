// Package story plays the story of one customer on a local stack that runs,
// and shows at each step what Webex then holds.
//
// It owns what the steps are and what each must show. It is a stranger to the
// product: it presses Control Hub's buttons through the simulator's control
// API, is the vendor's content server on our public routes, and deploys
// settings through the Lambda API, so that any stack will do, in this process or
// another. It makes an organization of its own, puts back every setting that it
// changes, and leaves nothing installed.
package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Target is the stack to play on.
type Target struct {
	// APIURL and WebexURL are its addresses, without a slash at the end.
	APIURL, WebexURL string
	// ContentKey is the content API key, with which launches are redeemed.
	ContentKey string
}

// Options say how to tell the story.
type Options struct {
	Out   io.Writer
	Color bool

	// before is called before each step; tests do harm in it.
	before func(step int)
}

// cleanUpTime bounds the putting back of settings after a failure or Ctrl-C.
const cleanUpTime = 15 * time.Second

// story is one telling.
type story struct {
	*telling
	stage
	control control
	api     client
	lambda  lambdaAPI

	pushes   pushes // that Webex must have counted so far
	settings *settingsChange
	code     string // of the launch that was assigned
}

// step is what happens, and what does it and checks what it shows.
type step struct {
	title string
	play  func(*story, context.Context) error
}

// Steps is how many steps the story has.
func Steps() int { return len(steps) }

var steps = []step{
	{"An admin activates the integration in Control Hub", (*story).activate},
	{"Webex now stores the configurations of both features", (*story).showConfigurations},
	{"The admin assigns content to three devices", (*story).assignContent},
	{"The vendor's content server redeems the launch", (*story).redeem},
	{"The vendor deploys another SIGNAGE_URL", (*story).changeSettings},
	{"The verification pushes it, once", (*story).verifyChange},
	{"The vendor takes the change back", (*story).takeBack},
	{"The admin approves an update of the integration", (*story).approveUpdate},
	{"The signage configuration vanishes at Webex", (*story).vanish},
	{"The verification restores it", (*story).verifyRestores},
	{"Webex moves the customer to another region", (*story).move},
	{"Webex asks how the integration fares", (*story).checkHealth},
	{"The admin removes the integration", (*story).deprovision},
}

// Play tells the story. The error is the first thing that did not show what it
// should; whatever it is, the stack is left as it was found, apart from the
// simulator's new organization.
func Play(ctx context.Context, target Target, options Options) (err error) {
	s := &story{
		telling: newTelling(options.Out, options.Color),
		api:     newClient(target.APIURL),
		control: control{newClient(target.WebexURL)},
		lambda:  lambdaAPI{newClient(target.APIURL)},
		pushes:  pushes{},
	}
	if s.stage, err = s.prepare(ctx, target); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.cleanUp(ctx)) }()
	s.introduce()
	for i, step := range steps {
		if options.before != nil {
			options.before(i + 1)
		}
		s.begin(i+1, step.title)
		if err := step.play(s, ctx); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted in step %d: %w", i+1, context.Cause(ctx))
			}
			s.fail(err)
			return fmt.Errorf("step %d does not show what it should: %s", i+1, step.title)
		}
	}
	return nil
}

// cleanUp puts back what a story that broke off has left changed. After a whole
// one there is nothing to do.
func (s *story) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	var errs []error
	if s.settings != nil {
		if err := s.settings.restore(ctx); err != nil {
			errs = append(errs, fmt.Errorf("SIGNAGE_URL is left changed: %w", err))
		}
	}
	if err := s.uninstall(ctx); err != nil {
		errs = append(errs, fmt.Errorf("the integration is left installed at %q: %w", s.org.Name, err))
	}
	return errors.Join(errs...)
}

// uninstall removes the integration from the story's organization, if it is there.
func (s *story) uninstall(ctx context.Context) error {
	org, err := s.control.organization(ctx, s.org.ID)
	if err != nil || org.Installation == nil {
		return err
	}
	if err := s.nextSecond(ctx); err != nil {
		return err
	}
	_, err = s.control.press(ctx, s.org.ID, "deprovision", nil)
	return err
}
