package console

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"signpost/shared/webex/webextest"
)

// faultDuration is how long an injected fault lasts.
const faultDuration = 30 * time.Second

// slowResponse is longer than any time limit of Signpost's calls to Webex.
const slowResponse = 9 * time.Second

// faultKind is a fault that the page can inject for faultDuration.
type faultKind struct {
	Name, Effect string
	fault        webextest.Fault
}

var faultKinds = []faultKind{
	{"429", "Webex responds with 429", webextest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "2"}},
	{"500", "Webex responds with 500", webextest.Fault{Status: http.StatusInternalServerError}},
	{"slow", "Webex is slow", webextest.Fault{Delay: slowResponse}},
}

// injectFault injects the fault that the path names, or clears all of them.
func (c *Console) injectFault(r *http.Request, s scope) (outcome, error) {
	webex, kind := c.options.Webex, r.PathValue("kind")
	for _, known := range faultKinds {
		if known.Name == kind {
			fault := known.fault
			fault.OrgID, fault.Until = s.ID(), time.Now().Add(faultDuration)
			webex.Inject(fault)
			return outcome{Title: fmt.Sprintf("%s for %d seconds", known.Effect, int(faultDuration.Seconds()))}, nil
		}
	}
	switch kind {
	case "delete", "alter":
		return c.changeConfiguration(s, r.FormValue("feature"), kind)
	case "revoke":
		if s.app.RefreshToken(s.ID()) == "" {
			return outcome{}, webextest.ErrNotInstalled
		}
		s.app.RevokeRefreshToken(s.ID())
		s.app.RevokeAccessTokens(s.ID())
		return outcome{Title: "Refresh token revoked", Detail: "Signpost detects this at its next call to Webex. Only a new activation restores access."}, nil
	case "keys":
		webex.RotateKeys(s.Region())
		return outcome{Title: "Keys rotated", Detail: s.Region() + " now signs with a new key. Signpost fetches a key set for an unknown key at most every 30 seconds."}, nil
	case "drop":
		webex.DropNextAction(s.ID())
		return outcome{Title: "The next action will be dropped"}, nil
	case "end":
		webex.ClearFaults()
		return outcome{Title: "Faults cleared"}, nil
	}
	return outcome{}, errors.New("unknown fault")
}

// changeConfiguration deletes or alters what Webex stores, without Signpost.
func (c *Console) changeConfiguration(s scope, feature, how string) (outcome, error) {
	stored, ok := s.app.Configuration(s.ID(), feature)
	if !ok {
		return outcome{}, errors.New("no configuration of this feature is stored at Webex")
	}
	title := featureNamed(feature).Title
	if how == "delete" {
		s.app.DeleteConfiguration(s.ID(), feature)
		return outcome{Title: title + ": configuration deleted", Detail: "Devices show nothing until the next verification."}, nil
	}
	stored[featureNamed(feature).field] = c.options.Webex.BaseURL() + prefix + "altered"
	s.app.SetConfiguration(s.ID(), feature, stored)
	return outcome{Title: title + ": configuration altered", Detail: "Devices show another page until the next verification."}, nil
}
