package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
)

var replacement = regexp.MustCompile(`\$\([A-Za-z]+\)`)

// reach asks each page whether it answers. One that does not is no error: it
// may not be there yet, or not for this machine.
func (s *session) reach(ctx context.Context) {
	for _, key := range []string{"SIGNAGE_URL", "PWA_URL", "CONTENT_URL"} {
		address := s.settings.Variables[key]
		if address == "" {
			continue
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, replacement.ReplaceAllString(address, "setup"), nil)
		if err == nil {
			var response *http.Response
			if response, err = s.client.Do(request); err == nil {
				_ = response.Body.Close()
				if response.StatusCode >= http.StatusBadRequest {
					err = fmt.Errorf("it answers %s", response.Status)
				}
			}
		}
		if err != nil {
			fmt.Fprintf(s.out, "Warning: %s is not reached from here: %v\n", key, err)
		}
	}
}

// takeOutputs remembers the API's address and the table's name, which are known
// once it is deployed.
func (s *session) takeOutputs() error {
	text, err := os.ReadFile(s.outputs)
	if err != nil {
		return fmt.Errorf("outputs: %w", err)
	}
	var stacks map[string]struct{ ApiUrl, TableName string }
	if err := json.Unmarshal(text, &stacks); err != nil {
		return fmt.Errorf("outputs: %s: %w", s.outputs, err)
	}
	given := stacks["signpost-"+s.stage]
	if given.ApiUrl == "" || given.TableName == "" {
		return fmt.Errorf("outputs: %s has no ApiUrl or no TableName of signpost-%s", s.outputs, s.stage)
	}
	deployment := &s.settings.Deployment
	if deployment.APIURL == given.ApiUrl && deployment.Table == given.TableName {
		return nil
	}
	deployment.APIURL, deployment.Table = given.ApiUrl, given.TableName
	return s.settings.Write(s.root)
}
