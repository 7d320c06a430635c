package story

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// findTime is how long a look at one address may take.
const findTime = 5 * time.Second

// Find looks for a running stack at the addresses of an API and a simulator.
// Nobody at either is no error. The error says what is there instead: something
// else, or half of a stack.
func Find(ctx context.Context, apiURL, webexURL string) (running bool, err error) {
	api, base, err := findAPI(ctx, apiURL)
	if err != nil {
		return false, err
	}
	simulator, provisioning, err := findSimulator(ctx, webexURL)
	if err != nil {
		return false, err
	}
	switch {
	case !api && !simulator:
		return false, nil
	case !simulator:
		return false, fmt.Errorf("half of a stack: the API answers at %s, but no Webex simulator at %s (is WEBEX_SIMULATOR off there, or its WEBEX_PORT another one?)", apiURL, webexURL)
	case !api:
		return false, fmt.Errorf("half of a stack: a Webex simulator answers at %s, but no API at %s (is its PORT another one?)", webexURL, apiURL)
	case provisioning != base+"/activation":
		return false, fmt.Errorf("two stacks: the simulator at %s activates at %s, which is not the API at %s", webexURL, provisioning, apiURL)
	}
	return true, nil
}

var errOther = errors.New("it answers something else")

// findAPI looks for our API and returns the base address that it goes by.
func findAPI(ctx context.Context, url string) (there bool, base string, err error) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	f, err := lambdaAPI{newClient(url)}.function(ctx, functionVerify)
	if err == nil && f.FunctionName != functionVerify {
		err = errOther
	}
	if there, err = present(ctx, url, "a Signpost API", err); !there {
		return false, "", err
	}
	return true, strings.TrimSuffix(f.Environment.Variables["PUBLIC_URL"], "/"), nil
}

// findSimulator looks for our simulator and returns where it activates.
func findSimulator(ctx context.Context, url string) (there bool, provisioning string, err error) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	state, err := control{newClient(url)}.cloud(ctx)
	if err == nil && state.AppID == "" {
		err = errOther
	}
	there, err = present(ctx, url, "a Webex simulator", err)
	return there, state.ProvisioningURL, err
}

// present reads from the error of a first request whether what is looked for is
// there, or nobody is, or somebody else.
func present(ctx context.Context, url, what string, err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return false, nil
	case context.Cause(ctx) == context.Canceled:
		return false, err
	}
	return false, fmt.Errorf("%s is taken by something that does not answer as %s does (%w)", url, what, err)
}
