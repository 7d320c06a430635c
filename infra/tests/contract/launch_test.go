package contract_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// sameDevices are entries for one device: duplicates count.
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
			got := c.Launch(feature, task, nil).Want(t, 200)
			code := got.LaunchCode(t)
			got.WantJSON(t, 200, object{"redirectUrl": "https://content.example.com/start?tenant=7&lang=en&launch=" + code + "#top"})
		}
	}
}

// TestRedeeming: a redemption returns exactly what was posted, once.
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
			c := c.In(t)
			before := time.Now().Truncate(time.Second)
			code := c.Launch(test.feature, test.task, test.fields).LaunchCode(t)
			got := c.Redeem(code).Want(t, 200)
			issued, err := time.Parse(time.RFC3339, fmt.Sprint(got.Object(t)["issuedAt"]))
			if err != nil || issued.Before(before) || issued.After(time.Now()) {
				t.Errorf("issuedAt: %v", err)
			}
			got.WantJSON(t, 200, object{
				"orgKey": c.Org.ID(), "orgId": c.Org.Sub(), "orgName": c.Org.Name(), "appId": c.Cloud.AppID(), "feature": test.feature,
				"task":    map[string]string{"assignContent": "assign_content", "manageContent": "manage_content"}[test.task],
				"devices": test.devices, "issuedAt": got.Object(t)["issuedAt"],
			})
			c.Redeem(code).WantProblem(t, "unknown_launch")
		})
	}
}

// TestManyDevices: 10,000 realistic ones are accepted and keep their order, one
// more is refused.
func TestManyDevices(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	devices := randomDevices(10_000)
	got := c.Redeem(c.Code(object{"devices": devices})).Want(t, 200).Object(t)
	if customer.Encode(got["devices"]) != customer.Encode(devices) {
		t.Error("the devices are not those that were posted, in order")
	}
	c.Launch(webextest.DigitalSignage, "assignContent", object{"devices": append(devices, object{"deviceId": "x"})}).
		WantProblem(t, "too_many_devices")
	c.Launch(webextest.DigitalSignage, "manageContent", object{"devices": sameDevices(10_001)}).
		WantProblem(t, "too_many_devices")
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
			got := c.In(t).Launch(webextest.DigitalSignage, "assignContent", object{"devices": []object{{"deviceId": "first"}, test.device}})
			if test.code == "" {
				got.Want(t, 200)
				return
			}
			got.WantProblem(t, test.code)
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
		got := c.Launch(webextest.DigitalSignage, test.route, object{"task": test.task})
		if test.fits {
			got.Want(t, 200)
			continue
		}
		got.WantProblem(t, "wrong_action")
	}
}

// TestWhoMayRedeem: the credential is checked first, and both keys of a rotation
// are accepted.
func TestWhoMayRedeem(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	code := c.Code(nil)
	for _, headers := range []map[string]string{nil, customer.Bearer(""), customer.Bearer("wrong"), customer.Bearer(customer.NewKey + "x"), {"Authorization": customer.NewKey}} {
		c.RedeemWith(code, headers).WantProblem(t, "unauthorized")
		c.RedeemWith(strings.Repeat("A", 43), headers).WantProblem(t, "unauthorized")
	}
	c.RedeemWith(code, customer.Bearer(customer.OldKey)).Want(t, 200) // it was not used up
	c.RedeemWith(c.Code(nil), customer.Bearer(customer.NewKey)).Want(t, 200)
	c.RedeemWith(c.Code(nil), map[string]string{"Authorization": "bearer " + customer.NewKey}).Want(t, 200)
	code = c.Code(nil)
	event := httpEvent("POST /launches/{code}", "/launches/"+code, object{"AUTHORIZATION": "Bearer " + customer.NewKey})
	event["pathParameters"] = object{"code": code}
	if got := c.Invoke("LaunchesFunction", event).Object(t); got["statusCode"] != 200.0 {
		t.Errorf("with the header's name in capitals: %v", got)
	}
}

func TestBodyOfARedemptionIsIgnored(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	for _, body := range []string{`{}`, `{"code":"other"}`, `{`, "x=y"} {
		c.In(t).Send(request{
			Method: "POST", Path: "/launches/" + c.Code(nil), ContentType: "application/json", Body: body,
			Headers: customer.Bearer(customer.NewKey),
		}).Want(t, 200)
	}
}

// TestUnknownLaunchesLookTheSame: the answer does not tell which codes existed.
func TestUnknownLaunchesLookTheSame(t *testing.T) {
	t.Parallel()
	c := activated(t, west)
	used := c.Code(nil)
	c.Redeem(used).Want(t, 200)
	never := c.Redeem(strings.Repeat("A", 43))
	if again := c.Redeem(used); again.Body != never.Body || again.Status != never.Status {
		t.Errorf("used: %d %s, never issued: %d %s", again.Status, again.Body, never.Status, never.Body)
	}
}

// TestCrossLaunchAsWebexPosts uses the address in the stored configuration.
func TestCrossLaunchAsWebexPosts(t *testing.T) {
	t.Parallel()
	c := activated(t, europe)
	devices := c.Cloud.Devices(c.Org.ID())
	reply, err := c.Cloud.CrossLaunch(t.Context(), c.Org.ID(), webextest.DigitalSignage, webextest.TaskAssignContent,
		[]string{devices[0].ID, devices[1].ID})
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(strings.TrimSuffix(reply.RedirectURL, "#top"), "launch=")
	got := c.Redeem(code).Want(t, 200).Object(t)["devices"]
	want := []object{
		{"deviceId": devices[0].ID, "displayName": devices[0].Name}, {"deviceId": devices[1].ID, "displayName": devices[1].Name},
	}
	if customer.Encode(got) != customer.Encode(want) {
		t.Errorf("devices are %v, want %v", got, want)
	}
}
