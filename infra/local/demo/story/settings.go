package story

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

const variableSignage = "SIGNAGE_URL"

// settingsChange is another SIGNAGE_URL in every function that has one, as a
// deployment would set it.
type settingsChange struct {
	lambda          lambdaAPI
	original, value string
	changed         []string // functions to restore
}

// parameterEdition is the parameter that the changed SIGNAGE_URL has in addition.
const parameterEdition = "demoEdition"

// changeSignageURL deploys another SIGNAGE_URL. It returns the change also with
// an error, so that the caller can restore the functions changed so far.
func changeSignageURL(ctx context.Context, lambda lambdaAPI, original, value string) (*settingsChange, error) {
	change := &settingsChange{lambda, original, value, nil}
	functions, err := lambda.functions(ctx)
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
		if err := lambda.set(ctx, f.FunctionName, variableSignage, value); err != nil {
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
		f, err := c.lambda.function(ctx, name)
		if err == nil && f.Environment.Variables[variableSignage] == c.value {
			err = c.lambda.set(ctx, name, variableSignage, c.original)
		}
		errs = append(errs, err)
		return err == nil
	})
	return errors.Join(errs...)
}
