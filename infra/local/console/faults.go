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
const slowResponse = 6 * time.Second

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
func (c *Console) injectFault(r *http.Request, orgID string) (outcome, error) {
	webex, kind := c.options.Webex, r.PathValue("kind")
	for _, known := range faultKinds {
		if known.Name == kind {
			fault := known.fault
			fault.OrgID, fault.Until = orgID, time.Now().Add(faultDuration)
			webex.Inject(fault)
			return outcome{Title: fmt.Sprintf("%s for %d seconds", known.Effect, int(faultDuration.Seconds()))}, nil
		}
	}
	switch kind {
	case "delete", "alter":
		return c.changeConfiguration(orgID, r.FormValue("feature"), kind)
	case "revoke":
		if webex.RefreshToken(orgID) == "" {
			return outcome{}, webextest.ErrNotInstalled
		}
		webex.RevokeRefreshToken(orgID)
		webex.RevokeAccessTokens(orgID)
		return outcome{Title: "Refresh token revoked", Detail: "Signpost detects this at its next call to Webex. Only a new activation restores access."}, nil
	case "keys":
		org, _ := webex.Organization(orgID)
		webex.RotateKeys(org.Region())
		return outcome{Title: "Keys rotated", Detail: org.Region() + " now signs with a new key. Signpost fetches a key set for an unknown key at most every 30 seconds."}, nil
	case "drop":
		webex.DropNextAction(orgID)
		return outcome{Title: "The next action will be dropped"}, nil
	case "end":
		webex.ClearFaults()
		return outcome{Title: "Faults cleared"}, nil
	}
	return outcome{}, errors.New("unknown fault")
}

// changeConfiguration deletes or alters what Webex stores, without Signpost.
func (c *Console) changeConfiguration(orgID, feature, how string) (outcome, error) {
	webex := c.options.Webex
	stored, ok := webex.Configuration(orgID, feature)
	if !ok {
		return outcome{}, errors.New("no configuration of this feature is stored at Webex")
	}
	title := featureNamed(feature).Title
	if how == "delete" {
		webex.DeleteConfiguration(orgID, feature)
		return outcome{Title: title + ": configuration deleted", Detail: "Devices show nothing until the next verification."}, nil
	}
	stored[featureNamed(feature).field] = webex.BaseURL() + prefix + "altered"
	webex.SetConfiguration(orgID, feature, stored)
	return outcome{Title: title + ": configuration altered", Detail: "Devices show another page until the next verification."}, nil
}
