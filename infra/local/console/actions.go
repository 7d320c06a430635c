package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex/webextest"
)

// outcome is the result of an action. Its HTTP status is 200 even if the action
// failed: the page itself worked.
type outcome struct {
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	Failed bool   `json:"failed,omitempty"`
	Go     string `json:"go,omitempty"`   // where to go on this page
	Code   string `json:"code,omitempty"` // an activation code to copy
	Paste  string `json:"paste,omitempty"`
	// Guide: Paste is the manifest's activation guide.
	Guide bool `json:"guide,omitempty"`
	// Problems are all that is wrong with a manifest.
	Problems []string `json:"problems,omitempty"`
	// ClientID and ClientSecret are the OAuth client of a new integration. The answer to
	// the upload is the only one that has the secret.
	ClientID     string `json:"clientId,omitempty"`
	ClientSecret string `json:"clientSecret,omitempty"`
}

// action performs what a button stands for.
type action func(r *http.Request, s scope) (outcome, error)

func (c *Console) actions() map[string]action {
	return map[string]action{
		"integrations":        c.upload,
		"integrations/remove": c.removeIntegration,
		"activate":            replied("Activation", (*webextest.Integration).Activate),
		"code":                c.activationCode,
		"approve":             replied("Update approved", (*webextest.Integration).ApproveUpdate),
		"health":              replied("Health check", (*webextest.Integration).HealthCheck),
		"deactivate":          replied("Deactivation", (*webextest.Integration).Deprovision),
		"move":                c.move,
		"verify":              c.verify,
		"devices":             c.addDevices,
		"factoryReset":        c.factoryReset,
		"remove":              c.removeOrganization,
		"wipe":                c.wipe,
		"faults/{kind}":       c.injectFault,
	}
}

// answer responds with the outcome as JSON, or, to a browser without scripts,
// with a redirect to the page.
func (c *Console) answer(do func(*http.Request) (outcome, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4<<20)
		result, err := do(r)
		if err != nil {
			result = outcome{Title: "Failed", Detail: sentence(err.Error()), Failed: true}
		}
		c.options.Wire.touch()
		if !strings.Contains(r.Header.Get("Accept"), "application/json") {
			http.Redirect(w, r, target{OrgID: r.PathValue("org"), ClientID: clientOf(r)}.Page(), http.StatusSeeOther)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(result) // the browser may have disconnected
	}
}

var errGone = errors.New("this organization or integration no longer exists: it was removed, or the simulator was restarted")

func (c *Console) onScope(do action) func(*http.Request) (outcome, error) {
	return func(r *http.Request) (outcome, error) {
		s, ok := c.scopeOf(r.PathValue("org"), clientOf(r))
		if !ok {
			return outcome{}, errGone
		}
		return do(r, s)
	}
}

// replied is an action that posts something to Signpost.
func replied(name string, post func(*webextest.Integration, context.Context, string) (webextest.Reply, error)) action {
	return func(r *http.Request, s scope) (outcome, error) {
		reply, err := post(s.app, r.Context(), s.ID())
		return posted(name, reply, err)
	}
}

// posted is what became of a post to Signpost.
func posted(name string, reply webextest.Reply, err error) (outcome, error) {
	switch {
	case errors.Is(err, webextest.ErrNoActionsURL):
		return outcome{Title: name + " was not sent", Detail: "Signpost has not completed the activation, so Webex has no address to send it to."}, nil
	case err != nil:
		return outcome{}, err
	}
	return describe(name, reply), nil
}

// describe puts Signpost's response into words.
func describe(name string, reply webextest.Reply) outcome {
	if reply.Dropped {
		return outcome{Title: name + " was dropped", Detail: "Signpost did not receive it. The schedule will detect the change.", Failed: true}
	}
	if reply.Held {
		return outcome{Title: name + " is held", Detail: "Webex sends it when held actions are released."}
	}
	result := outcome{
		Title:  fmt.Sprintf("%s: Signpost responded with %d", name, reply.Status),
		Failed: reply.Status != http.StatusOK,
	}
	var body struct{ Code, Detail, State, OperationalState, TokensState string }
	_ = json.Unmarshal(reply.Body, &body) // without JSON there is no detail
	switch {
	case body.Code != "":
		result.Detail = body.Code + ". " + body.Detail
	case body.OperationalState != "":
		result.Detail = "State " + body.OperationalState + ", tokens " + body.TokensState + "."
	case body.State != "":
		result.Detail = "The installation is " + body.State + "."
	}
	return result
}

// activationCode is manual provisioning: an administrator copies the code.
func (c *Console) activationCode(_ *http.Request, s scope) (outcome, error) {
	code, err := s.app.MintActivation(s.ID())
	if err != nil {
		return outcome{}, err
	}
	guide := s.app.View().ActivationGuideURL
	return outcome{
		Title: "Activation code", Code: code, Paste: cmp.Or(guide, s.app.ProvisioningURL()), Guide: guide != "",
		Detail: "Copy it and paste it into Signpost's activation page.",
	}, nil
}

// move moves the organization, of which Webex tells each integration there.
func (c *Console) move(r *http.Request, s scope) (outcome, error) {
	region := r.FormValue("region")
	reply, err := s.app.Move(r.Context(), s.ID(), region, webextest.MoveOptions{})
	result, err := posted("Move to "+region, reply, err)
	for _, app := range c.installed(s.ID()) {
		if app.ClientID() == s.app.ClientID() || err != nil {
			continue
		}
		reply, err = app.Move(r.Context(), s.ID(), region, webextest.MoveOptions{})
		var other outcome
		if other, err = posted("Move of "+nameOf(app), reply, err); other.Failed && !result.Failed {
			result = other
		}
	}
	return result, err
}

const maxName = 500

// addOrganization adds a customer. Without a region they are placed in each
// region in turn; without a name they are numbered.
func (c *Console) addOrganization(r *http.Request) (outcome, error) {
	count := len(c.options.Webex.Organizations())
	region, name := r.FormValue("region"), strings.TrimSpace(r.FormValue("name"))
	if region == "" && len(c.options.Regions) > 0 {
		region = c.options.Regions[count%len(c.options.Regions)]
	}
	if !slices.Contains(c.options.Webex.Regions(), region) {
		return outcome{}, errors.New("there is no such region")
	}
	if len(name) > maxName {
		return outcome{}, fmt.Errorf("the name is longer than %d bytes", maxName)
	}
	org := c.options.Webex.AddOrganization(cmp.Or(name, "Example customer "+strconv.Itoa(count+1)), region)
	return outcome{Title: "Organization added", Detail: org.Name(), Go: "/?org=" + org.ID()}, nil
}

func (c *Console) removeOrganization(_ *http.Request, s scope) (outcome, error) {
	if err := c.options.Webex.RemoveOrganization(s.ID()); err != nil {
		return outcome{}, err
	}
	return outcome{Title: "Organization removed", Go: "/"}, nil
}

// verify invokes Signpost's verification of all of the organization's installations, due or
// not.
func (c *Console) verify(r *http.Request, s scope) (outcome, error) {
	row, _, err := c.options.Table.Find(r.Context(), s.key(), time.Now())
	if err != nil {
		return outcome{}, err
	}
	if !row.Exists() {
		return outcome{}, errors.New("no installation of this integration is stored")
	}
	event, err := json.Marshal(map[string]any{"orgIds": []string{s.ID()}})
	if err != nil {
		return outcome{}, err
	}
	answer, err := c.options.Verify(r.Context(), event)
	if err != nil {
		return outcome{}, err
	}
	var report struct{ Verified, Pushed, Deleted, Failed, Left int }
	if err := json.Unmarshal(answer, &report); err != nil {
		return outcome{}, fmt.Errorf("unexpected response of the function: %.200s", answer)
	}
	switch row, _, err = c.options.Table.Find(r.Context(), s.key(), time.Now()); {
	case err != nil:
		return outcome{}, err
	case row.State == installation.TokenInvalid:
		return outcome{Title: "Not verified: no access to Webex", Detail: noAccess, Failed: true}, nil
	case report.Failed > 0:
		return outcome{Title: "Verification failed", Detail: "Signpost retries it when it is due.", Failed: true}, nil
	case report.Left > 0:
		return outcome{Title: "Not verified", Detail: "Another worker is verifying this organization."}, nil
	case report.Pushed+report.Deleted > 0:
		return outcome{Title: fmt.Sprintf("Verified: %d pushed, %d deleted", report.Pushed, report.Deleted)}, nil
	}
	return outcome{Title: "Verified: no changes needed"}, nil
}

// noAccess explains an installation whose token is invalid.
const noAccess = "Webex refuses the refresh token, so Signpost can change nothing there. Activate again to restore access."

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
