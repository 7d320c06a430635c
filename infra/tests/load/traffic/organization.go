package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"signpost/infra/local/client"
	"signpost/infra/tests/customer"
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
	kindVendor     = "vendor API"
)

var features = []string{webextest.DigitalSignage, webextest.PersistentWebApp}

// organization is one that has the integration installed.
type organization struct {
	*webextest.Organization
	cloud *webextest.Cloud
	loses bool // configurations, on purpose

	acting sync.Mutex      // Webex sends the actions of an organization in order
	lost   [2]atomic.Int64 // configurations, by feature
}

// activate activates, or activates again, as an administrator does who pastes a
// new code. Cross-launches continue meanwhile.
func (o *organization) activate(ctx context.Context, w *worker) {
	o.acting.Lock()
	defer o.acting.Unlock()
	var got struct {
		OrgID, State string
		Features     map[string]string
	}
	token, err := o.cloud.MintActivation(o.ID())
	body, ok := w.deliver(ctx, kindActivation, "/activation", token, err, nil, &got)
	if ok && (got.OrgID != o.Sub() || got.State != "active" || got.Features[features[0]] != "in_sync" || got.Features[features[1]] != "in_sync") {
		w.wrong(kindActivation, body)
	}
}

func (o *organization) approveUpdate(ctx context.Context, w *worker) {
	o.acting.Lock()
	defer o.acting.Unlock()
	token, err := o.cloud.MintUpdateApproved(o.ID(), nil)
	w.deliver(ctx, kindUpdate, "/actions", token, err, nil, &struct{}{})
}

func (o *organization) checkHealth(ctx context.Context, w *worker) {
	o.acting.Lock()
	defer o.acting.Unlock()
	var health struct{ OperationalState, TokensState string }
	token, err := o.cloud.MintAction(o.ID(), webextest.ActionHealthCheck, nil)
	body, ok := w.deliver(ctx, kindHealth, "/actions", token, err, nil, &health)
	if ok && (health.OperationalState != "operational" || health.TokensState != "valid") {
		w.wrong(kindHealth, body)
	}
}

// look reads the organization's installation by the vendor API. Its key may have used up
// the requests of the minute.
func (o *organization) look(ctx context.Context, w *worker) {
	got, ok := w.send(ctx, kindVendor, customer.VendorRequest(http.MethodGet, "/installations/"+o.ID(), nil, w.run.stack.Secrets().VendorKey()))
	if !ok || got.Status == http.StatusTooManyRequests {
		return
	}
	var found struct{ OrgID, OrgName, State string }
	err := json.Unmarshal([]byte(got.Body), &found)
	if err != nil || got.Status != http.StatusOK || found.OrgID != o.Sub() || found.OrgName != o.Name() || found.State != "active" {
		w.run.faults.add("%s: answered %d %s", kindVendor, got.Status, got.Body)
	}
}

// device is one that an administrator chose.
type device struct {
	DeviceID    string `json:"deviceId"`
	DisplayName string `json:"displayName,omitempty"`
}

// launch cross-launches and redeems: the devices redeemed must be those launched
// with.
func (o *organization) launch(ctx context.Context, w *worker) {
	feature := features[w.random.IntN(len(features))]
	task, route, devices := "manage_content", "manageContent", []device{}
	if w.random.IntN(2) == 0 {
		task, route, devices = "assign_content", "assignContent", w.devices()
	}
	token, err := o.cloud.MintAction(o.ID(), webextest.ActionCrossLaunch, nil)
	var redirect struct{ RedirectURL string }
	body, ok := w.deliver(ctx, kindLaunch, "/crossLaunch/"+feature+"/"+route, token, err, customer.Object{"task": task, "devices": devices}, &redirect)
	if !ok {
		return
	}
	code := client.LaunchCode(redirect.RedirectURL)
	if code == "" {
		w.wrong(kindLaunch, body)
		return
	}
	w.run.issued.Add(1)
	w.redeem(ctx, code, redeemed{
		OrgID: o.Sub(), OrgName: o.Name(), AppID: o.cloud.AppID(), Feature: feature, Task: task, Devices: devices,
	})
}

// devices are as many as are usually chosen: few, and rarely very many.
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

// redeemed is the answer to a redemption.
type redeemed struct {
	OrgID, OrgName, AppID, Feature, Task string
	Devices                              []device
	IssuedAt                             time.Time
}

func (w *worker) redeem(ctx context.Context, code string, want redeemed) {
	request := customer.Redeeming(code, w.run.stack.Secrets().ContentKey())
	var got redeemed
	body, ok := w.decode(ctx, kindRedeem, request, &got)
	if !ok {
		return
	}
	w.run.redeemed.Add(1)
	age := time.Since(got.IssuedAt)
	devices := slices.Equal(got.Devices, want.Devices)
	got.IssuedAt, got.Devices, want.Devices = time.Time{}, nil, nil
	if !devices || age < -time.Minute || age > time.Minute || fmt.Sprint(got) != fmt.Sprint(want) {
		w.wrong(kindRedeem, body)
	}
	if w.random.IntN(20) > 0 {
		return
	}
	if again, ok := w.send(ctx, kindAgain, request); ok && (again.Status != 404 || !strings.Contains(again.Body, `"unknown_launch"`)) {
		w.run.faults.add("%s: answered %d %s", kindAgain, again.Status, again.Body)
	}
}
