package contract_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"signpost/shared/webex/webextest"
)

// sameDevices are many entries for one device: duplicates count.
func sameDevices(count int) []object {
	devices := make([]object, count)
	for i := range devices {
		devices[i] = object{"deviceId": "device"}
	}
	return devices
}

// randomDevices have ids and names of realistic length that do not compress.
func randomDevices(count int) []object {
	devices := make([]object, count)
	for i := range devices {
		devices[i] = object{"deviceId": rand.Text() + rand.Text() + rand.Text(), "displayName": rand.Text()}
	}
	return devices
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	for _, feature := range []string{webextest.DigitalSignage, webextest.PersistentWebApp} {
		for _, task := range []string{"assignContent", "manageContent"} {
			got := c.launch(feature, task, nil).want(t, 200)
			code := got.launchCode(t)
			got.wantJSON(t, 200, object{"redirectUrl": "https://content.example.com/start?tenant=7&lang=en&launch=" + code + "#top"})
		}
	}
}

// TestRedeeming: exactly what was posted comes out, once.
func TestRedeeming(t *testing.T) {
	t.Parallel()
	c := activated(t, east)
	for name, test := range map[string]struct {
		feature, task string
		fields        object
		devices       any
	}{
		"devices": {
			webextest.DigitalSignage, "assignContent",
			object{"task": "assign_content", "devices": []object{
				{"deviceId": "b", "displayName": "Lobby & <Bar> \"七\""}, {"deviceId": "a"}, {"deviceId": "b", "displayName": "again"},
			}},
			[]object{{"deviceId": "b", "displayName": "Lobby & <Bar> \"七\""}, {"deviceId": "a"}, {"deviceId": "b", "displayName": "again"}},
		},
		"unknown fields": {
			webextest.PersistentWebApp, "assignContent",
			object{"devices": []object{{"deviceId": "a", "model": "x"}}, "other": 1}, []object{{"deviceId": "a"}},
		},
		"no devices":    {webextest.PersistentWebApp, "manageContent", nil, []object{}},
		"empty devices": {webextest.DigitalSignage, "manageContent", object{"devices": []object{}, "task": "manage_content"}, []object{}},
		"null devices":  {webextest.DigitalSignage, "assignContent", object{"devices": nil}, []object{}},
	} {
		t.Run(name, func(t *testing.T) {
			c := c.in(t)
			before := time.Now().Truncate(time.Second)
			code := c.launch(test.feature, test.task, test.fields).launchCode(t)
			got := c.redeem(code).want(t, 200)
			issued, err := time.Parse(time.RFC3339, fmt.Sprint(got.object(t)["issuedAt"]))
			if err != nil || issued.Before(before) || issued.After(time.Now()) {
				t.Errorf("issuedAt: %v", err)
			}
			got.wantJSON(t, 200, object{
				"orgKey": c.org.ID(), "orgId": c.org.Sub(), "orgName": c.org.Name(), "appId": c.cloud.AppID(), "feature": test.feature,
				"task":    map[string]string{"assignContent": "assign_content", "manageContent": "manage_content"}[test.task],
				"devices": test.devices, "issuedAt": got.object(t)["issuedAt"],
			})
			c.redeem(code).wantProblem(t, "unknown_launch")
		})
	}
}

// TestManyDevices: 10,000 realistic ones go through in order, one more does not.
func TestManyDevices(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	devices := randomDevices(10_000)
	got := c.redeem(c.code(object{"devices": devices})).want(t, 200).object(t)
	if encode(t, got["devices"]) != encode(t, devices) {
		t.Error("the devices are not those that were posted, in their order")
	}
	c.launch(webextest.DigitalSignage, "assignContent", object{"devices": append(devices, object{"deviceId": "x"})}).
		wantProblem(t, "too_many_devices")
	c.launch(webextest.DigitalSignage, "manageContent", object{"devices": sameDevices(10_001)}).
		wantProblem(t, "too_many_devices")
}

func TestFieldsOfADevice(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	for name, test := range map[string]struct {
		device object
		code   string
	}{
		"both at 512 bytes":      {object{"deviceId": strings.Repeat("d", 512), "displayName": strings.Repeat("n", 512)}, ""},
		"deviceId at 513":        {object{"deviceId": strings.Repeat("d", 513)}, "malformed_request"},
		"displayName at 513":     {object{"deviceId": "d", "displayName": strings.Repeat("n", 513)}, "malformed_request"},
		"513 bytes, 171 letters": {object{"deviceId": "d", "displayName": strings.Repeat("七", 171)}, "malformed_request"},
		"deviceId is a number":   {object{"deviceId": 7}, "malformed_request"},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.in(t).launch(webextest.DigitalSignage, "assignContent", object{"devices": []object{{"deviceId": "first"}, test.device}})
			if test.code == "" {
				got.want(t, 200)
				return
			}
			got.wantProblem(t, test.code)
		})
	}
}

func TestTaskMustFitTheRoute(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	for _, test := range []struct {
		route, task string
		fits        bool
	}{
		{"assignContent", "assign_content", true},
		{"manageContent", "manage_content", true},
		{"assignContent", "manage_content", false},
		{"manageContent", "assign_content", false},
	} {
		got := c.launch(webextest.DigitalSignage, test.route, object{"task": test.task})
		if test.fits {
			got.want(t, 200)
			continue
		}
		got.wantProblem(t, "wrong_action")
	}
}

// TestWhoMayRedeem: the credential is checked before anything else, and either
// key of a rotation will do.
func TestWhoMayRedeem(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	code := c.code(nil)
	for _, headers := range []map[string]string{nil, bearer(""), bearer("wrong"), bearer(newKey + "x"), {"Authorization": newKey}} {
		c.redeemWith(code, headers).wantProblem(t, "unauthorized")
		c.redeemWith(strings.Repeat("A", 43), headers).wantProblem(t, "unauthorized")
	}
	c.redeemWith(code, bearer(oldKey)).want(t, 200) // it was not used up
	c.redeemWith(c.code(nil), bearer(newKey)).want(t, 200)
	c.redeemWith(c.code(nil), map[string]string{"Authorization": "bearer " + newKey}).want(t, 200)
	code = c.code(nil)
	event := httpEvent("POST /launches/{code}", "/launches/"+code, object{"AUTHORIZATION": "Bearer " + newKey})
	event["pathParameters"] = object{"code": code}
	if got := c.invoke("LaunchesFunction", event).object(t); got["statusCode"] != 200.0 {
		t.Errorf("with the header's name in capitals: %v", got)
	}
}

// TestBodyOfARedemptionIsIgnored: whatever it is.
func TestBodyOfARedemptionIsIgnored(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	for _, body := range []string{`{}`, `{"code":"other"}`, `{`, "x=y"} {
		send(t, request{
			method: "POST", url: c.stack.URL() + "/launches/" + c.code(nil), contentType: "application/json", body: body,
			headers: bearer(newKey),
		}).want(t, 200)
	}
}

// TestOneOfManyRedeems: of all who come with a code one gets the launch.
func TestOneOfManyRedeems(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	code := c.code(object{"devices": sameDevices(3)})
	got := atOnce(t, 6, request{method: "POST", url: c.stack.URL() + "/launches/" + code, headers: bearer(newKey)})
	if got[200] != 1 || got[404] != 5 {
		t.Errorf("statuses, and how often: %v", got)
	}
}

// TestOneOfManyLaunches: a token that comes several times at once is used once.
func TestOneOfManyLaunches(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	got := atOnce(t, 4, c.posting("/crossLaunch/digital_signage/manageContent", c.token("crossLaunch", nil)))
	if got[200] != 1 || got[409] != 3 {
		t.Errorf("statuses, and how often: %v", got)
	}
}

// TestUnknownLaunchesLookTheSame: nobody learns which codes there were.
func TestUnknownLaunchesLookTheSame(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	used := c.code(nil)
	c.redeem(used).want(t, 200)
	never := c.redeem(strings.Repeat("A", 43))
	if again := c.redeem(used); again.body != never.body || again.status != never.status {
		t.Errorf("used: %d %s, never there: %d %s", again.status, again.body, never.status, never.body)
	}
}

// TestCrossLaunchAsWebexPosts: from the address in the stored configuration.
func TestCrossLaunchAsWebexPosts(t *testing.T) {
	t.Parallel()
	c := activated(t, europe)
	devices := c.cloud.Devices(c.org.ID())
	reply, err := c.cloud.CrossLaunch(t.Context(), c.org.ID(), webextest.DigitalSignage, webextest.TaskAssignContent,
		[]string{devices[0].ID, devices[1].ID})
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(strings.TrimSuffix(reply.RedirectURL, "#top"), "launch=")
	got := c.redeem(code).want(t, 200).object(t)["devices"]
	want := []object{
		{"deviceId": devices[0].ID, "displayName": devices[0].Name}, {"deviceId": devices[1].ID, "displayName": devices[1].Name},
	}
	if encode(t, got) != encode(t, want) {
		t.Errorf("devices are %v, want %v", got, want)
	}
}
