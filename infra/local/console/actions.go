package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"signpost/shared/webex/webextest"
)

// outcome is what became of a button that was pressed. It is answered with
// status 200 also if it failed: what failed is not the page.
type outcome struct {
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	Failed bool   `json:"failed,omitempty"`
	Go     string `json:"go,omitempty"`   // where to go on this page
	Code   string `json:"code,omitempty"` // an activation code to copy
	Paste  string `json:"paste,omitempty"`
}

// action does what a button says to an organization.
type action func(r *http.Request, orgID string) (outcome, error)

func (c *Console) actions() map[string]action {
	return map[string]action{
		"activate":       c.replied("Activation", c.options.Webex.Activate),
		"code":           c.activationCode,
		"approve":        c.replied("Update approved", c.approve),
		"health":         c.replied("Health check", c.options.Webex.HealthCheck),
		"deactivate":     c.replied("Deactivation", c.options.Webex.Deprovision),
		"move":           c.move,
		"verify":         c.verify,
		"devices":        c.addDevices,
		"factoryReset":   c.factoryReset,
		"wipe":           c.wipe,
		"trouble/{kind}": c.trouble,
	}
}

// answer answers with what became of it: a program with JSON, a browser
// without scripts by showing the page again.
func (c *Console) answer(do func(*http.Request) (outcome, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4<<20)
		result, err := do(r)
		if err != nil {
			result = outcome{Title: "That did not work", Detail: sentence(err.Error()), Failed: true}
		}
		c.options.Wire.touch()
		if !strings.Contains(r.Header.Get("Accept"), "application/json") {
			http.Redirect(w, r, "/?org="+r.PathValue("org"), http.StatusSeeOther)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(result) // the browser is gone
	}
}

func (c *Console) onOrganization(do action) func(*http.Request) (outcome, error) {
	return func(r *http.Request) (outcome, error) {
		id := r.PathValue("org")
		if _, ok := c.options.Webex.Organization(id); !ok {
			return outcome{}, errors.New("this organization is gone: the simulator was started anew")
		}
		return do(r, id)
	}
}

// replied is an action that posts something to Signpost.
func (c *Console) replied(name string, post func(context.Context, string) (webextest.Reply, error)) action {
	return func(r *http.Request, orgID string) (outcome, error) {
		reply, err := post(r.Context(), orgID)
		if err != nil {
			return outcome{}, err
		}
		return describe(name, reply), nil
	}
}

// describe says in words what Signpost answered.
func describe(name string, reply webextest.Reply) outcome {
	if reply.Dropped {
		return outcome{Title: name + " was lost on its way", Detail: "Signpost was not told. The schedule is to find out.", Failed: true}
	}
	if reply.Held {
		return outcome{Title: name + " is held back", Detail: "Webex keeps its actions until they are released."}
	}
	result := outcome{
		Title:  fmt.Sprintf("%s: Signpost answered %d", name, reply.Status),
		Failed: reply.Status != http.StatusOK,
	}
	var body struct{ Code, Detail, State, OperationalState, TokensState string }
	_ = json.Unmarshal(reply.Body, &body) // then there is no detail
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

func (c *Console) approve(ctx context.Context, orgID string) (webextest.Reply, error) {
	return c.options.Webex.ApproveUpdate(ctx, orgID, nil)
}

// activationCode is the manual way: an admin copies the code.
func (c *Console) activationCode(_ *http.Request, orgID string) (outcome, error) {
	code, err := c.options.Webex.MintActivation(orgID)
	if err != nil {
		return outcome{}, err
	}
	return outcome{
		Title: "Activation code", Code: code, Paste: c.options.Webex.ProvisioningURL(),
		Detail: "Copy it and paste it into Signpost's page.",
	}, nil
}

func (c *Console) move(r *http.Request, orgID string) (outcome, error) {
	region := r.FormValue("region")
	reply, err := c.options.Webex.Move(r.Context(), orgID, region, webextest.MoveOptions{})
	if err != nil {
		return outcome{}, err
	}
	return describe("Move to "+region, reply), nil
}

// addOrganization makes a customer, in each region in turn unless one is named.
func (c *Console) addOrganization(r *http.Request) (outcome, error) {
	count := len(c.options.Webex.Organizations())
	region, name := r.FormValue("region"), r.FormValue("name")
	if region == "" && len(c.options.Regions) > 0 {
		region = c.options.Regions[count%len(c.options.Regions)]
	}
	if !slices.Contains(c.options.Webex.Regions(), region) {
		return outcome{}, errors.New("there is no such region")
	}
	if name == "" {
		name = "Example customer " + strconv.Itoa(count+1)
	}
	org := c.options.Webex.AddOrganization(name, region)
	return outcome{Title: "Organization made", Detail: org.Name(), Go: "/?org=" + org.ID()}, nil
}

// verify has Signpost verify the organization, due or not.
func (c *Console) verify(r *http.Request, orgID string) (outcome, error) {
	row, _, err := c.options.Table.Find(r.Context(), orgID, time.Now())
	if err != nil {
		return outcome{}, err
	}
	if !row.Exists() {
		return outcome{}, errors.New("no installation of this organization is held here")
	}
	event, err := json.Marshal(map[string]any{"orgIds": []string{orgID}})
	if err != nil {
		return outcome{}, err
	}
	answer, err := c.options.Verify(r.Context(), event)
	if err != nil {
		return outcome{}, err
	}
	var report struct{ Verified, Pushed, Deleted, Failed, Left int }
	if err := json.Unmarshal(answer, &report); err != nil {
		return outcome{}, fmt.Errorf("the function answered %.200s", answer)
	}
	result := outcome{Title: "Verified: all is as it should be"}
	switch {
	case report.Failed > 0:
		result = outcome{Title: "Verified, and it failed", Detail: "It is tried again when it is due.", Failed: true}
	case report.Left > 0:
		result = outcome{Title: "Not verified", Detail: "Another worker is at it just now."}
	case report.Pushed+report.Deleted > 0:
		result = outcome{Title: fmt.Sprintf("Verified: %d pushed, %d deleted", report.Pushed, report.Deleted)}
	}
	return result, nil
}

// sentence makes a sentence of an error.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
