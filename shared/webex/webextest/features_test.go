package webextest_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/webex/webextest"
)

func TestConfigurationRules(t *testing.T) {
	const u = `"https://a.example.com/x?d=`
	for _, test := range []struct {
		feature, body string
		status        int
		about         string
	}{
		{"signage", signageBody, 200, ""},
		{"pwa", pwaBody, 200, ""},
		{"signage", `{"signageUrl":` + u + `$(deviceId)$(deviceName)$(deviceModel)$(ownerId)$(ownerName)$(organizationId)"}`, 200, ""},
		{"pwa", `{"pwaUrl":` + u + `$(deviceId)$(deviceName)$(deviceModel)$(ownerId)$(ownerName)$(organizationId)$(peripheralSerial)"}`, 200, ""},
		{"signage", `{"signageUrl":` + u + `$(peripheralSerial)"}`, 400, "unknown replacement value $(peripheralSerial)"},
		{"pwa", `{"pwaUrl":` + u + `$(color)"}`, 400, "unknown replacement value $(color)"},
		{"pwa", `{"pwaUrl":` + u + `$()"}`, 400, "unknown replacement value"},
		{"pwa", `{"pwaUrl":` + u + `$(deviceId"}`, 400, "not closed"},
		{"signage", `{"signageUrl":"http://a.example.com"}`, 200, ""},
		{"signage", `{"signageUrl":"javascript:alert(1)"}`, 400, "signageUrl must be an http or https URL"},
		{"signage", `{"signageUrl":""}`, 400, "signageUrl"},
		{"signage", `{"signageUrl":null}`, 400, "signageUrl must be a URL"},
		{"signage", `{}`, 400, "signageUrl is required"},
		{"pwa", `{"signageUrl":` + u + `"}`, 400, "pwaUrl is required"},
		{"signage", `{"signageUrl":` + u + `","pwaUrl":` + u + `"}`, 400, "unknown field pwaUrl"},
		{"pwa", `{"pwaUrl":` + u + `","directXapiAccessAllowListOverride":"a.example.com"}`, 200, ""},
		{"pwa", `{"pwaUrl":` + u + `","directXapiAccessAllowListOverride":["a"]}`, 400, "must be a string"},
		{"signage", `{"signageUrl":` + u + `","directXapiAccessAllowListOverride":"a"}`, 400, "unknown field"},
		{"signage", `{"signageUrl":` + u + `","crossLaunch":{}}`, 200, ""},
		{"signage", `{"signageUrl":` + u + `","crossLaunch":"x"}`, 400, "crossLaunch must be an object"},
		{"signage", `{"signageUrl":` + u + `","crossLaunch":{"assignContent":{}}}`, 400, "crossLaunch.assignContent.url"},
		{"signage", `{"signageUrl":` + u + `","crossLaunch":{"manageContent":{"url":"x"}}}`, 400, "crossLaunch.manageContent.url"},
		{"signage", `{"signageUrl":` + u + `","crossLaunch":{"manageContent":null}}`, 400, "must be an object"},
		{"signage", `{"signageUrl":` + u + `","crossLaunch":{"deleteContent":{"url":` + u + `"}}}`, 400, "unknown field crossLaunch.deleteContent"},
		{"signage", `{"signageUrl":` + u + `","crossLaunch":{"assignContent":{"url":` + u + `","x":1}}}`, 400, "unknown field crossLaunch.assignContent.x"},
		{"signage", `[]`, 400, "JSON object"},
		{"signage", ``, 400, "JSON object"},
	} {
		f, a := setupActivated(t)
		target := map[string]string{"signage": a.signage, "pwa": a.pwa}[test.feature]
		feature := map[string]string{"signage": webextest.DigitalSignage, "pwa": webextest.PersistentWebApp}[test.feature]
		r := f.put(target, a.access, test.body)
		if r.status != test.status || !strings.Contains(string(r.raw), test.about) {
			t.Errorf("%s: %d %s", test.body, r.status, r.raw)
		}
		_, stored := f.Configuration(f.org, feature)
		if accepted := test.status == 200; stored != accepted || (f.Pushes(f.org, feature) == 1) != accepted {
			t.Errorf("%s: stored %v, %d pushes", test.body, stored, f.Pushes(f.org, feature))
		}
	}
}

func TestConfigurationLife(t *testing.T) {
	f, a := setupActivated(t)
	if r := send(t, "GET", a.signage, "", a.access, ""); r.status != 404 {
		t.Errorf("GET of nothing: %d", r.status)
	}
	if r := send(t, "DELETE", a.signage, "", a.access, ""); r.status != 404 {
		t.Errorf("DELETE of nothing: %d", r.status)
	}
	for range 2 {
		f.put(a.signage, a.access, signageBody)
	}
	if n := f.Pushes(f.org, webextest.DigitalSignage); n != 2 {
		t.Errorf("%d pushes: an equal PUT is a push too", n)
	}
	var want map[string]any
	_ = json.Unmarshal([]byte(signageBody), &want)
	got, _ := f.Configuration(f.org, webextest.DigitalSignage)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	r := send(t, "GET", a.signage, "", a.access, "")
	if r.json["configurationVersion"] != 2.0 || r.json["lastModified"] == nil || !strings.Contains(string(r.raw), "$(deviceId)&name=") {
		t.Errorf("GET: %s", r.raw)
	}
	if r := send(t, "DELETE", a.signage, "", a.access, ""); r.status != 204 {
		t.Errorf("DELETE: %d", r.status)
	}
	if r := send(t, "PATCH", a.signage, "", a.access, ""); r.status != 405 {
		t.Errorf("PATCH: %d", r.status)
	}
}

func TestBehindTheIntegrationsBack(t *testing.T) {
	f, a := setupActivated(t)
	mine := map[string]any{"signageUrl": "https://b.example.com"}
	f.SetConfiguration(f.org, webextest.DigitalSignage, mine)
	mine["signageUrl"] = "changed later"
	if r := send(t, "GET", a.signage, "", a.access, ""); r.json["signageUrl"] != "https://b.example.com" {
		t.Errorf("GET: %s", r.raw)
	}
	f.SetReadback(func(_ string, configuration map[string]any) map[string]any {
		configuration["signageUrl"] = "https://B.example.com/"
		return configuration
	})
	if r := send(t, "GET", a.signage, "", a.access, ""); r.json["signageUrl"] != "https://B.example.com/" {
		t.Errorf("GET with a readback: %s", r.raw)
	}
	f.DeleteConfiguration(f.org, webextest.DigitalSignage)
	if r := send(t, "GET", a.signage, "", a.access, ""); r.status != 404 {
		t.Errorf("GET: %d", r.status)
	}
	if f.Pushes(f.org, webextest.DigitalSignage) != 0 {
		t.Error("a push without a PUT")
	}
}

func TestFeatureOutsideTheManifest(t *testing.T) {
	f := setup(t, webextest.Options{Features: []string{webextest.DigitalSignage}})
	a := f.activate()
	if r := f.put(a.app+"/features/persistent_web_app", a.access, pwaBody); r.status != 404 {
		t.Errorf("PUT: %d %s", r.status, r.raw)
	}
}

func TestDeviceURL(t *testing.T) {
	f, a := setupActivated(t)
	board := f.AddDevice(f.org, webextest.Device{Name: "Board Room & Co/#1+", Model: "Cisco Board Pro", OwnerName: "Größe"})
	navigator := f.AddDevice(f.org, webextest.Device{Model: "Cisco Room Navigator", PeripheralSerial: "FOC1"})
	if _, ok := f.DeviceURL(f.org, board.ID); ok {
		t.Error("a URL without a configuration")
	}
	f.put(a.signage, a.access, `{"signageUrl":"https://s.example.com/w?n=$(deviceName)&o=$(ownerName)&i=$(deviceId)&g=$(organizationId)#top"}`)
	f.put(a.pwa, a.access, `{"pwaUrl":"https://p.example.com/w/$(peripheralSerial)"}`)
	sub := a.claims["sub"].(string)
	appID := url.QueryEscape(f.AppID())
	for id, want := range map[string]string{
		board.ID: "https://s.example.com/w?n=Board%20Room%20%26%20Co%2F%231%2B&o=Gr%C3%B6%C3%9Fe&i=" + board.ID + "&g=" + sub +
			"&_cisco_app_id=" + appID + "#top",
		navigator.ID: "https://p.example.com/w/FOC1?_cisco_app_id=" + appID,
	} {
		if got, ok := f.DeviceURL(f.org, id); got != want || !ok {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if _, ok := f.DeviceURL(f.org, "nobody's"); ok {
		t.Error("a URL for an unknown device")
	}
	if len(f.Devices(f.org)) != 7 {
		t.Errorf("%d devices", len(f.Devices(f.org)))
	}
}

// TestFactoryReset: after a reset, a device's address has a new deviceId and the
// same ownerId.
func TestFactoryReset(t *testing.T) {
	f := setup(t, webextest.Options{})
	if _, err := f.MintActivation(f.org); err != nil {
		t.Fatal(err)
	}
	f.SetConfiguration(f.org, webextest.DigitalSignage, map[string]any{"signageUrl": "https://example.com/?d=$(deviceId)&o=$(ownerId)"})
	before := f.Devices(f.org)[0]
	f.clock.advance(time.Hour)
	control := "organizations/" + f.org + "/factoryReset"
	after := ask[webextest.Device](f, "POST", control, `{"device":"`+before.ID+`"}`)
	if after.ID == before.ID || after.OwnerID != before.OwnerID || after.Name != before.Name || after.StorageSince.Sub(before.StorageSince) != time.Hour {
		t.Errorf("it was %+v and is %+v", before, after)
	}
	if _, shows := f.DeviceURL(f.org, before.ID); shows {
		t.Error("the old id still shows something")
	}
	address, _ := f.DeviceURL(f.org, after.ID)
	if !strings.Contains(address, "d="+after.ID+"&o="+before.OwnerID) {
		t.Errorf("it shows %s", address)
	}
	if got := send(t, "POST", f.BaseURL()+"/_control/"+control, "application/json", "", `{"device":"`+before.ID+`"}`); got.status != 404 {
		t.Errorf("a device that is not there: %d", got.status)
	}
}

// TestWipeOfStorage: only what web apps stored is wiped, not what signage stored.
func TestWipeOfStorage(t *testing.T) {
	f := setup(t, webextest.Options{})
	before := f.Devices(f.org)
	f.clock.advance(24 * time.Hour)
	ask[object](f, "POST", "organizations/"+f.org+"/wipeWebAppStorage", "")
	for i, d := range f.Devices(f.org) {
		wiped := d.StorageSince.Sub(before[i].StorageSince) == 24*time.Hour
		if wiped != (d.Kind == webextest.KindShowsWebApp) || !wiped && !d.StorageSince.Equal(before[i].StorageSince) {
			t.Errorf("%s: wiped %v", d.Name, wiped)
		}
	}
}
