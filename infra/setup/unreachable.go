package setup

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
)

var replacement = regexp.MustCompile(`\$\([A-Za-z]+\)`)

// warnUnreachable warns about pages that do not answer. That is not an error: a page may
// not exist yet, or may be unreachable from this machine.
func (s *session) warnUnreachable(ctx context.Context) {
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
			s.say("Warning: %s cannot be reached from here: %v", key, err)
		}
	}
}
