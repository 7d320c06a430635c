package traffic

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"signpost/shared/webex/webextest"
)

// The kinds of requests, as the report names them.
const (
	kindLaunch     = "cross-launch"
	kindRedeem     = "redeem"
	kindAgain      = "redeem again"
	kindHealth     = "healthCheck"
	kindUpdate     = "updateApproved"
	kindActivation = "activation"
)

var features = []string{webextest.DigitalSignage, webextest.PersistentWebApp}

// customer is an organization that has the integration installed.
type customer struct {
	run   *run
	org   *webextest.Organization
	loses bool // configurations, on purpose

	acting sync.Mutex      // Webex sends the actions of an organization in their order
	lost   [2]atomic.Int64 // configurations, by feature
}

// activate activates or activates anew, as an administrator does who pastes a
// fresh code. Cross-launches go on meanwhile.
func (c *customer) activate(ctx context.Context, w *worker) {
	c.acting.Lock()
	defer c.acting.Unlock()
	token, err := c.run.stack.Webex().MintActivation(c.org.ID())
	if err != nil {
		c.run.faults.add("%s: %v", kindActivation, err)
		return
	}
	got, ok := w.post(ctx, kindActivation, "/activation", "", map[string]any{"jwt": token})
	var told struct {
		OrgID, State string
		Features     map[string]string
	}
	if !ok || !w.decode(kindActivation, got, &told) {
		return
	}
	if told.OrgID != c.org.Sub() || told.State != "active" || told.Features[features[0]] != "in_sync" || told.Features[features[1]] != "in_sync" {
		c.run.faults.add("%s: wrong answer: %s", kindActivation, got.body)
	}
}

func (c *customer) approveUpdate(ctx context.Context, w *worker) {
	c.acting.Lock()
	defer c.acting.Unlock()
	token, err := c.run.stack.Webex().MintUpdateApproved(c.org.ID(), nil)
	if err != nil {
		c.run.faults.add("%s: %v", kindUpdate, err)
		return
	}
	if got, ok := w.post(ctx, kindUpdate, "/actions", "", map[string]any{"jwt": token}); ok {
		w.decode(kindUpdate, got, &struct{}{})
	}
}

func (c *customer) checkHealth(ctx context.Context, w *worker) {
	c.acting.Lock()
	defer c.acting.Unlock()
	token, err := c.run.stack.Webex().MintAction(c.org.ID(), webextest.ActionHealthCheck, nil)
	if err != nil {
		c.run.faults.add("%s: %v", kindHealth, err)
		return
	}
	got, ok := w.post(ctx, kindHealth, "/actions", "", map[string]any{"jwt": token})
	var health struct{ OperationalState, TokensState string }
	if ok && w.decode(kindHealth, got, &health) && (health.OperationalState != "operational" || health.TokensState != "valid") {
		c.run.faults.add("%s: wrong answer: %s", kindHealth, got.body)
	}
}

// device is one that an administrator chose.
type device struct {
	DeviceID    string `json:"deviceId"`
	DisplayName string `json:"displayName,omitempty"`
}

// launch cross-launches and redeems: the devices that come out must be those
// that went in.
func (c *customer) launch(ctx context.Context, w *worker) {
	n := w.random.IntN(len(features))
	task, route, devices := "manage_content", "manageContent", []device{}
	if w.random.IntN(2) == 0 {
		task, route, devices = "assign_content", "assignContent", w.devices()
	}
	token, err := c.run.stack.Webex().MintAction(c.org.ID(), webextest.ActionCrossLaunch, nil)
	if err != nil {
		c.run.faults.add("%s: %v", kindLaunch, err)
		return
	}
	path := "/crossLaunch/" + features[n] + "/" + route
	got, ok := w.post(ctx, kindLaunch, path, "", map[string]any{"jwt": token, "task": task, "devices": devices})
	var redirect struct{ RedirectURL string }
	if !ok || !w.decode(kindLaunch, got, &redirect) {
		return
	}
	code := launchCode(redirect.RedirectURL)
	if code == "" {
		c.run.faults.add("%s: wrong answer: %s", kindLaunch, got.body)
		return
	}
	c.run.issued.Add(1)
	c.redeem(ctx, w, code, redeemed{
		OrgID: c.org.Sub(), OrgName: c.org.Name(), AppID: c.run.stack.Webex().AppID(), Feature: features[n], Task: task, Devices: devices,
	})
}

// devices are as many as are chosen at a time: few, and now and then very many.
func (w *worker) devices() []device {
	count := 1 + w.random.IntN(20)
	if w.random.IntN(100) == 0 {
		count = 500 + w.random.IntN(1500)
	}
	devices := make([]device, count)
	for i := range devices {
		devices[i] = device{DeviceID: fmt.Sprintf("Y2lzY29zcGFyazovL3VybjpURUFNOnVz-%016x", w.random.Uint64()), DisplayName: fmt.Sprintf("Board <%d> in \"Köln\"", w.random.IntN(1000))}
	}
	return devices
}

func launchCode(redirect string) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return ""
	}
	return u.Query().Get("launch")
}

// redeemed is what a redemption answers.
type redeemed struct {
	OrgID, OrgName, AppID, Feature, Task string
	Devices                              []device
	IssuedAt                             time.Time
}

func (c *customer) redeem(ctx context.Context, w *worker, code string, want redeemed) {
	key := c.run.stack.Secrets().ContentKey()
	got, ok := w.post(ctx, kindRedeem, "/launches/"+code, key, struct{}{})
	var told redeemed
	if !ok || !w.decode(kindRedeem, got, &told) {
		return
	}
	c.run.redeemed.Add(1)
	age := time.Since(told.IssuedAt)
	devices := slices.Equal(told.Devices, want.Devices)
	told.IssuedAt, told.Devices, want.Devices = time.Time{}, nil, nil
	if !devices || age < -time.Minute || age > time.Minute || fmt.Sprint(told) != fmt.Sprint(want) {
		c.run.faults.add("%s: wrong answer: %s", kindRedeem, got.body)
	}
	if w.random.IntN(20) > 0 {
		return
	}
	if again, ok := w.post(ctx, kindAgain, "/launches/"+code, key, struct{}{}); ok && (again.status != 404 || !strings.Contains(string(again.body), `"unknown_launch"`)) {
		c.run.faults.add("%s: answered %d %s", kindAgain, again.status, again.body)
	}
}
