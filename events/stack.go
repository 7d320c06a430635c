package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// customer is an organization of the simulated Webex.
type customer struct {
	ID      string
	Devices []struct{ ID, Kind string }
}

// newCustomer adds an organization and returns it with its activation code.
func (s Stack) newCustomer(ctx context.Context) (customer, string, error) {
	var added customer
	if err := s.control(ctx, "organizations", map[string]any{"name": "Sample customer"}, &added); err != nil {
		return customer{}, "", err
	}
	var minted struct{ JWT string }
	err := s.control(ctx, "organizations/"+added.ID+"/mint", map[string]any{}, &minted)
	return added, minted.JWT, err
}

// activeCustomer is a new customer who has activated the integration.
func (s Stack) activeCustomer(ctx context.Context) (customer, error) {
	added, code, err := s.newCustomer(ctx)
	if err != nil {
		return customer{}, err
	}
	return added, s.activate(ctx, code)
}

func (s Stack) activate(ctx context.Context, code string) error {
	if err := call(ctx, http.MethodPost, s.API+"/activation", map[string]any{"jwt": code}, nil); err != nil {
		return fmt.Errorf("activate a customer: %w", err)
	}
	return nil
}

// launchCode cross-launches for the customer's signage devices, and returns the code
// in the address that Control Hub would open.
func (s Stack) launchCode(ctx context.Context, of customer) (string, error) {
	ids := []string{}
	for _, device := range of.Devices {
		if device.Kind == "signage" {
			ids = append(ids, device.ID)
		}
	}
	var reply struct {
		Status      int
		RedirectURL string
	}
	launch := map[string]any{"feature": "digital_signage", "task": "assign_content", "deviceIds": ids}
	if err := s.control(ctx, "organizations/"+of.ID+"/crossLaunch", launch, &reply); err != nil {
		return "", err
	}
	address, err := url.Parse(reply.RedirectURL)
	if err != nil || address.Query().Get("launch") == "" {
		return "", fmt.Errorf("a cross-launch was answered %d, without a launch code", reply.Status)
	}
	return address.Query().Get("launch"), nil
}

// contentKey asks the Lambda API for the content API key of the launches function.
func (s Stack) contentKey(ctx context.Context) (string, error) {
	var configuration struct {
		Environment struct{ Variables map[string]string }
	}
	address := s.API + "/2015-03-31/functions/LaunchesFunction/configuration"
	if err := call(ctx, http.MethodGet, address, nil, &configuration); err != nil {
		return "", err
	}
	var secret struct {
		ContentAPIKey json.RawMessage `json:"contentApiKey"`
	}
	if err := json.Unmarshal([]byte(configuration.Environment.Variables["SECRET_JSON"]), &secret); err != nil {
		return "", errors.New("LaunchesFunction has no SECRET_JSON: put the content API key into the event yourself")
	}
	var one string
	if json.Unmarshal(secret.ContentAPIKey, &one) == nil {
		return one, nil
	}
	var several []string
	if err := json.Unmarshal(secret.ContentAPIKey, &several); err != nil || len(several) == 0 {
		return "", errors.New("LaunchesFunction was given no content API key")
	}
	return several[0], nil
}

// control posts to the control API of the simulated Webex.
func (s Stack) control(ctx context.Context, path string, in, out any) error {
	return call(ctx, http.MethodPost, s.Webex+"/_control/"+path, in, out)
}

var client = &http.Client{Timeout: 20 * time.Second}

// call sends JSON and reads JSON; in and out may be nil.
func call(ctx context.Context, method, address string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("is `make dev` running? %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d %s", method, address, response.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	if err = json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	return nil
}
