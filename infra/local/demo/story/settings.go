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
	changed         []string // functions that are to be put back
}

// parameterEdition is what the changed SIGNAGE_URL has more than the original.
const parameterEdition = "demoEdition"

// changeSignageURL deploys another SIGNAGE_URL. The change is returned in case
// of an error too: what was changed of it is to be put back.
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
			return change, fmt.Errorf("SIGNAGE_URL of %s was changed by somebody else since the story began: another demo?", f.FunctionName)
		}
		change.changed = append(change.changed, f.FunctionName) // first: the answer may be lost
		if err := lambda.set(ctx, f.FunctionName, variableSignage, value); err != nil {
			return change, err
		}
	}
	return change, nil
}

// restore puts back what is still as it was changed: somebody else may have set
// it since.
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
