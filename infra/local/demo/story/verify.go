package story

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"signpost/infra/local/client"
	"signpost/shared/webex"
)

// verify verifies the installation now, and checks the counts of the run.
func (s *story) verify(ctx context.Context, name string, pushed int) {
	saw := try(s, func() (client.Report, error) { return s.lambda.Verify(ctx, s.org.ID) })
	s.check(name, client.Report{Verified: 1, Pushed: pushed}.String(), saw.String())
}

func (s *story) verifyPush(ctx context.Context) {
	s.verify(ctx, "Verification", 1)
	s.pushes[webex.DigitalSignage]++
}

func (s *story) changeSettings(ctx context.Context) {
	original, edition := s.deployed.content[webex.DigitalSignage], s.org.ID[:8]
	changed := withParameter(original, parameterEdition, edition)
	var err error
	s.settings, err = changeSignageURL(ctx, s.lambda, original, changed)
	s.record(err)
	deployed := try(s, func() (client.Function, error) { return s.lambda.Function(ctx, client.Verifying) })
	s.expect(variableSignage, changed, deployed.Environment.Variables[variableSignage])
	s.show(variableSignage, "now with "+parameterEdition+"="+edition)
	s.checkUnchanged(ctx)
}

func (s *story) verifyChange(ctx context.Context) {
	s.verifyPush(ctx)
	s.verify(ctx, "Second time", 0)
	s.checkBoard(ctx, s.settings.value)
	s.checkPushes(ctx)
}

func (s *story) revertSettings(ctx context.Context) {
	s.record(s.settings.restore(ctx))
	s.verifyPush(ctx)
	s.checkUnchanged(ctx)
}

func (s *story) loseConfiguration(ctx context.Context) {
	s.record(s.control.DeleteConfiguration(ctx, s.org.ID, webex.DigitalSignage))
	s.checkBoard(ctx, nothing)
}

func (s *story) verifyRestores(ctx context.Context) {
	s.verifyPush(ctx)
	s.checkConfiguration(ctx, webex.DigitalSignage)
	s.checkUnchanged(ctx)
}

const variableSignage = "SIGNAGE_URL"

// settingsChange is another SIGNAGE_URL in every function that has one, as a
// deployment would set it.
type settingsChange struct {
	lambda          client.Lambda
	original, value string
	changed         []string // functions to restore
}

// parameterEdition is the parameter that the changed SIGNAGE_URL has in addition.
const parameterEdition = "demoEdition"

// changeSignageURL deploys another SIGNAGE_URL. It returns the change also with
// an error, so that the caller can restore the functions changed so far.
func changeSignageURL(ctx context.Context, lambda client.Lambda, original, value string) (*settingsChange, error) {
	change := &settingsChange{lambda, original, value, nil}
	functions, err := lambda.Functions(ctx)
	if err != nil {
		return change, err
	}
	for _, f := range functions {
		switch f.Environment.Variables[variableSignage] {
		case "":
			continue
		case original:
		default:
			return change, fmt.Errorf("SIGNAGE_URL of %s was changed by another program during the story: does another demo run?", f.FunctionName)
		}
		change.changed = append(change.changed, f.FunctionName) // before the call, whose response may be lost
		if err := lambda.Set(ctx, f.FunctionName, variableSignage, value); err != nil {
			return change, err
		}
	}
	return change, nil
}

// restore restores the functions that still have the changed value; other
// values were set by another program since.
func (c *settingsChange) restore(ctx context.Context) error {
	var errs []error
	c.changed = slices.DeleteFunc(c.changed, func(name string) bool {
		f, err := c.lambda.Function(ctx, name)
		if err == nil && f.Environment.Variables[variableSignage] == c.value {
			err = c.lambda.Set(ctx, name, variableSignage, c.original)
		}
		errs = append(errs, err)
		return err == nil
	})
	return errors.Join(errs...)
}
