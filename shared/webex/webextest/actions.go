package webextest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

var (
	// ErrNoProvisioningURL: the manifest provisions manually.
	ErrNoProvisioningURL = errors.New("no provisioning URL: provisioning is manual")
	// ErrNoActionsURL: the installation has no actionsUrl to post to. The state at
	// Webex has changed all the same.
	ErrNoActionsURL = errors.New("the installation has no actionsUrl")
	// ErrNoCrossLaunch: no stored configuration has a URL for the cross-launch.
	ErrNoCrossLaunch = errors.New("no cross-launch URL is stored for this")
)

// Reply is the integration's response to what Webex posted.
type Reply struct {
	JWT    string      // what was posted
	URL    string      // where to
	Status int         // 0 if nothing was delivered
	Header http.Header // of the response
	Body   []byte      // of the response

	RedirectURL string // of a cross-launch: opened by Control Hub
	Dropped     bool   // lost because of DropNextAction
	Held        bool   // waits for ReleaseActions
	Repeated    *Reply // to the second post because of DuplicateNextAction
}

// delivery is one management action on its way.
type delivery struct {
	url, jwt string
	times    int
}

// Activate is [Integration.MintActivation], posted to the provisioning URL as in the https
// flow [editor]. The body {"jwt": …} is not documented [ours].
func (i *Integration) Activate(ctx context.Context, orgID string) (Reply, error) {
	target := i.ProvisioningURL()
	if target == "" {
		return Reply{}, ErrNoProvisioningURL
	}
	token, err := i.MintActivation(orgID)
	if err != nil {
		return Reply{}, err
	}
	return i.cloud.post(ctx, target, token, encode(map[string]string{"jwt": token}))
}

// ApproveUpdate is [Integration.MintUpdateApproved], posted to the actionsUrl.
func (i *Integration) ApproveUpdate(ctx context.Context, orgID string) (Reply, error) {
	return i.approveUpdate(ctx, orgID, nil)
}

func (i *Integration) approveUpdate(ctx context.Context, orgID string, features []string) (Reply, error) {
	return i.mintAndSend(ctx, orgID, func() (string, error) { return i.mintUpdateApproved(orgID, features) })
}

// Move is [Integration.MintMove], posted to the actionsUrl.
func (i *Integration) Move(ctx context.Context, orgID, newRegion string, o MoveOptions) (Reply, error) {
	return i.mintAndSend(ctx, orgID, func() (string, error) { return i.MintMove(orgID, newRegion, o) })
}

// Deprovision is [Integration.MintDeprovision], posted to the actionsUrl.
func (i *Integration) Deprovision(ctx context.Context, orgID string) (Reply, error) {
	return i.mintAndSend(ctx, orgID, func() (string, error) { return i.MintDeprovision(orgID) })
}

// HealthCheck asks the integration for its health. Webex stores operationalState and
// tokensState of a response with status 200 [java].
func (i *Integration) HealthCheck(ctx context.Context, orgID string) (Reply, error) {
	reply, err := i.mintAndSend(ctx, orgID, func() (string, error) { return i.MintAction(orgID, ActionHealthCheck, nil) })
	if err == nil && reply.Status == http.StatusOK {
		i.storeHealth(orgID, reply.Body)
	}
	return reply, err
}

func (i *Integration) storeHealth(orgID string, body []byte) {
	var health struct{ OperationalState, TokensState string }
	if json.Unmarshal(body, &health) != nil {
		return
	}
	defer i.cloud.change(orgID)()
	if inst := i.installed(orgID); inst != nil {
		inst.OperationalState, inst.TokensState = health.OperationalState, health.TokensState
	}
}

// mintAndSend posts a token to the actionsUrl. It reads that first, since minting a
// deprovision deletes the installation.
func (i *Integration) mintAndSend(ctx context.Context, orgID string, mint func() (string, error)) (Reply, error) {
	target := i.actionsURL(orgID)
	token, err := mint()
	if err != nil {
		return Reply{}, err
	}
	return i.cloud.sendAction(ctx, orgID, target, token)
}

func (i *Integration) actionsURL(orgID string) string {
	defer i.cloud.lock()()
	if inst := i.installed(orgID); inst != nil {
		return inst.ActionsURL
	}
	return ""
}

// DropNextAction makes Webex lose an organization's next management action.
func (c *Cloud) DropNextAction(orgID string) {
	defer c.lock()()
	if org := c.org(orgID); org != nil {
		org.dropNext++
	}
}

// ActionsToDrop is how many management actions of an organization will be lost.
func (c *Cloud) ActionsToDrop(orgID string) int {
	defer c.lock()()
	if org := c.org(orgID); org != nil {
		return org.dropNext
	}
	return 0
}

// DuplicateNextAction makes Webex post an organization's next management action
// twice, with the same token.
func (c *Cloud) DuplicateNextAction(orgID string) {
	defer c.lock()()
	if org := c.org(orgID); org != nil {
		org.duplicateNext++
	}
}

// HoldActions delays the posts of all management actions until
// [Cloud.ReleaseActions]. The state at Webex still changes at once.
func (c *Cloud) HoldActions() {
	defer c.lock()()
	c.holding = true
}

// ReleaseActions ends HoldActions and posts the held actions one after the other, in
// the given order of their positions, from 0. One named twice is posted twice, one
// not named is lost. Without an order all are posted in order of arrival. Errors of
// single posts are joined.
func (c *Cloud) ReleaseActions(order ...int) ([]Reply, error) {
	c.mu.Lock()
	held := c.held
	c.held, c.holding = nil, false
	c.mu.Unlock()
	if order == nil {
		for i := range held {
			order = append(order, i)
		}
	}
	var replies []Reply
	var errs []error
	for _, i := range order {
		if i < 0 || i >= len(held) {
			errs = append(errs, fmt.Errorf("no held action %d", i))
			continue
		}
		reply, err := c.deliver(context.Background(), held[i])
		replies = append(replies, reply)
		errs = append(errs, err)
	}
	return replies, errors.Join(errs...)
}

// sendAction posts a management action unless it is to be lost or held.
func (c *Cloud) sendAction(ctx context.Context, orgID, target, token string) (Reply, error) {
	reply := Reply{JWT: token, URL: target}
	if target == "" {
		return reply, ErrNoActionsURL
	}
	c.mu.Lock()
	d := delivery{url: target, jwt: token, times: 1}
	if org := c.org(orgID); org != nil {
		if org.dropNext > 0 {
			org.dropNext--
			reply.Dropped = true
		} else if org.duplicateNext > 0 {
			org.duplicateNext--
			d.times = 2
		}
	}
	if c.holding && !reply.Dropped {
		c.held = append(c.held, d)
		reply.Held = true
	}
	c.mu.Unlock()
	if reply.Dropped || reply.Held {
		return reply, nil
	}
	return c.deliver(ctx, d)
}

func (c *Cloud) deliver(ctx context.Context, d delivery) (Reply, error) {
	body := encode(map[string]string{"jwt": d.jwt})
	first, err := c.post(ctx, d.url, d.jwt, body)
	if d.times < 2 {
		return first, err
	}
	second, again := c.post(ctx, d.url, d.jwt, body)
	first.Repeated = &second
	return first, errors.Join(err, again)
}

// post sends JSON to the integration. A status other than 200 is no error.
func (c *Cloud) post(ctx context.Context, target, token string, body []byte) (Reply, error) {
	reply := Reply{JWT: token, URL: target}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return reply, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := c.opts.HTTPClient.Do(request)
	if err != nil {
		return reply, err
	}
	defer response.Body.Close()
	reply.Status, reply.Header = response.StatusCode, response.Header
	reply.Body, err = io.ReadAll(io.LimitReader(response.Body, maxBody))
	return reply, err
}
