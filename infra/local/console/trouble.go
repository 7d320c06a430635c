package console

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"signpost/shared/webex/webextest"
)

// troubleTime is how long Webex misbehaves.
const troubleTime = 30 * time.Second

// slowness is how late a slow Webex answers: later than Signpost may wait.
const slowness = 6 * time.Second

// faultKind is a way in which Webex answers for a while.
type faultKind struct {
	Name, Says string
	fault      webextest.Fault
}

var faultKinds = []faultKind{
	{"429", "Webex answers 429", webextest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "2"}},
	{"500", "Webex answers 500", webextest.Fault{Status: http.StatusInternalServerError}},
	{"slow", "Webex is slow", webextest.Fault{Delay: slowness}},
}

// trouble makes trouble, or ends it.
func (c *Console) trouble(r *http.Request, orgID string) (outcome, error) {
	webex, kind := c.options.Webex, r.PathValue("kind")
	for _, known := range faultKinds {
		if known.Name == kind {
			fault := known.fault
			fault.OrgID, fault.Until = orgID, time.Now().Add(troubleTime)
			webex.Inject(fault)
			return outcome{Title: fmt.Sprintf("%s for %d seconds", known.Says, int(troubleTime.Seconds()))}, nil
		}
	}
	switch kind {
	case "delete", "alter":
		return c.spoil(orgID, r.FormValue("feature"), kind)
	case "revoke":
		if webex.RefreshToken(orgID) == "" {
			return outcome{}, webextest.ErrNotInstalled
		}
		webex.RevokeRefreshToken(orgID)
		webex.RevokeAccessTokens(orgID)
		return outcome{Title: "Refresh token revoked", Detail: "Signpost finds out when it next calls Webex. Only a new activation heals it."}, nil
	case "keys":
		org, _ := webex.Organization(orgID)
		webex.RotateKeys(org.Region())
		return outcome{Title: "Keys rotated", Detail: "From now on " + org.Region() + " signs with a key that Signpost has not seen. It looks for unknown keys at most every 30 seconds."}, nil
	case "drop":
		webex.DropNextAction(orgID)
		return outcome{Title: "The next action will be lost"}, nil
	case "end":
		webex.ClearFaults()
		return outcome{Title: "Webex answers as it should again"}, nil
	}
	return outcome{}, errors.New("there is no such trouble")
}

// spoil deletes or alters a stored configuration behind Signpost's back.
func (c *Console) spoil(orgID, feature, how string) (outcome, error) {
	webex := c.options.Webex
	stored, ok := webex.Configuration(orgID, feature)
	if !ok {
		return outcome{}, errors.New("no configuration of this feature is stored")
	}
	title := featureNamed(feature).Title
	if how == "delete" {
		webex.DeleteConfiguration(orgID, feature)
		return outcome{Title: title + ": configuration deleted", Detail: "The screens are empty until Signpost verifies."}, nil
	}
	stored[featureNamed(feature).field] = webex.BaseURL() + prefix + "altered"
	webex.SetConfiguration(orgID, feature, stored)
	return outcome{Title: title + ": configuration altered", Detail: "The screens show another page until Signpost verifies."}, nil
}
