package events

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"signpost/infra/local/client"
	"signpost/infra/local/stack"
)

// newCustomer adds an organization of the simulated Webex, and returns it with its
// activation code.
func (s Stack) newCustomer(ctx context.Context) (client.Organization, string, error) {
	added, err := s.control().AddOrganization(ctx, "Sample customer", "")
	if err != nil {
		return added, "", err
	}
	minted, err := s.control().Press(ctx, added.ID, "mint", nil)
	return added, minted.JWT, err
}

// activeCustomer is a new customer who has activated the integration.
func (s Stack) activeCustomer(ctx context.Context) (client.Organization, error) {
	added, code, err := s.newCustomer(ctx)
	if err != nil {
		return added, err
	}
	return added, s.activate(ctx, code)
}

func (s Stack) activate(ctx context.Context, code string) error {
	got, err := client.New(s.API).Send(ctx, http.MethodPost, "/activation", map[string]any{"jwt": code}, nil)
	if err == nil && got.Status != http.StatusOK {
		err = fmt.Errorf("%d %s", got.Status, got.Body)
	}
	if err != nil {
		return fmt.Errorf("activate a customer: %w", err)
	}
	return nil
}

// launchCode cross-launches for the customer's signage devices, and returns the code
// in the address that Control Hub would open.
func (s Stack) launchCode(ctx context.Context, of client.Organization) (string, error) {
	ids := []string{}
	for _, device := range of.Devices {
		if device.Kind == "signage" {
			ids = append(ids, device.ID)
		}
	}
	launch := map[string]any{"feature": "digital_signage", "task": "assign_content", "deviceIds": ids}
	reply, err := s.control().Press(ctx, of.ID, "crossLaunch", launch)
	if err != nil {
		return "", err
	}
	code := client.LaunchCode(reply.RedirectURL)
	if code == "" {
		return "", fmt.Errorf("a cross-launch returned %d, without a launch code", reply.Status)
	}
	return code, nil
}

// apiKey asks the Lambda API for the key in a function's secrets.
func (s Stack) apiKey(ctx context.Context, name string, key func(stack.Secrets) string) (string, error) {
	function, err := client.NewLambda(s.API).Function(ctx, name)
	if err != nil {
		return "", err
	}
	var secrets stack.Secrets
	if json.Unmarshal([]byte(function.Environment.Variables["SECRET_JSON"]), &secrets) != nil {
		return "", fmt.Errorf("%s has no SECRET_JSON: put its key into the event yourself", name)
	}
	if found := key(secrets); found != "" {
		return found, nil
	}
	return "", fmt.Errorf("%s was given no key", name)
}

// control is the control API of the simulated Webex.
func (s Stack) control() client.Control { return client.NewControl(s.Webex) }
