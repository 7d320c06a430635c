package story

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"signpost/infra/local/client"
)

// findTime is the time limit for each address.
const findTime = 5 * time.Second

// Find reports whether a stack runs at the addresses of an API and a simulator.
// It returns an error if only one of them responds, if they belong to different
// stacks, or if another program responds.
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
		return false, fmt.Errorf("incomplete stack: an API runs at %s, but no Webex simulator at %s (does the stack have WEBEX_SIMULATOR=off, or another WEBEX_PORT?)", apiURL, webexURL)
	case !api:
		return false, fmt.Errorf("incomplete stack: a Webex simulator runs at %s, but no API at %s (does the stack have another PORT?)", webexURL, apiURL)
	case provisioning != base+"/activation":
		return false, fmt.Errorf("two stacks: the simulator at %s activates at %s, which does not belong to the API at %s", webexURL, provisioning, apiURL)
	}
	return true, nil
}

var errOther = errors.New("unexpected response")

// findAPI looks for Signpost's API and returns its PUBLIC_URL.
func findAPI(ctx context.Context, url string) (there bool, base string, err error) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	f, err := client.NewLambda(url).Function(ctx, client.Verifying)
	if err == nil && f.FunctionName != client.Verifying {
		err = errOther
	}
	if there, err = present(ctx, url, "a Signpost API", err); !there {
		return false, "", err
	}
	return true, strings.TrimSuffix(f.Environment.Variables["PUBLIC_URL"], "/"), nil
}

// findSimulator looks for the simulator and returns its provisioning URL.
func findSimulator(ctx context.Context, url string) (there bool, provisioning string, err error) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	state, err := client.NewControl(url).Cloud(ctx)
	if err == nil && state.AppID == "" {
		err = errOther
	}
	there, err = present(ctx, url, "a Webex simulator", err)
	return there, state.ProvisioningURL, err
}

// present derives from the error of a first request whether the wanted program
// is there. It is an error if another one is.
func present(ctx context.Context, url, what string, err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return false, nil
	case context.Cause(ctx) == context.Canceled:
		return false, err
	}
	return false, fmt.Errorf("%s is used by another program: it does not respond like %s (%w)", url, what, err)
}
