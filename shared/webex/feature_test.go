package webex_test

import (
	"strings"
	"testing"

	"signpost/shared/webex"
)

func TestCheckContentURL(t *testing.T) {
	tests := []struct {
		feature webex.Feature
		url     string
		problem string // part of the error, "" for none
	}{
		{webex.DigitalSignage, "https://signage.example.com/webex?deviceId=$(deviceId)&n=$(deviceName)", ""},
		{webex.DigitalSignage, "https://$(organizationId).example.com/$(deviceModel)/$(ownerId)/$(ownerName)", ""},
		{webex.PersistentWebApp, "https://pwa.example.com/?s=$(peripheralSerial)", ""},
		{webex.DigitalSignage, "http://127.0.0.1:3001/signage?d=$(deviceId)", ""},
		{webex.DigitalSignage, "https://signage.example.com/?s=$(peripheralSerial)", "allows $(deviceId), $(deviceName)"},
		{webex.DigitalSignage, "https://signage.example.com/?s=$(DeviceId)", "unknown replacement value"},
		{webex.DigitalSignage, "https://signage.example.com/?s=$(deviceId", "unknown replacement value"},
		{webex.DigitalSignage, "https://signage.example.com/?s=$()", "unknown replacement value"},
		{webex.DigitalSignage, "https://signage.example.com/?_cisco_app_id=1", "_cisco_app_id"},
		{webex.DigitalSignage, "http://signage.example.com/", "https"},
		{webex.DigitalSignage, "signage.example.com", "https"},
		{webex.DigitalSignage, "https://user:pw@signage.example.com", "https"},
		{webex.DigitalSignage, "javascript:alert(1)", "https"},
	}
	for _, test := range tests {
		err := test.feature.CheckContentURL(test.url)
		if (err == nil) != (test.problem == "") || (err != nil && !strings.Contains(err.Error(), test.problem)) {
			t.Errorf("%s %q: error = %v, want %q", test.feature, test.url, err, test.problem)
		}
	}
}

func TestFeatureConfigEqual(t *testing.T) {
	signage := webex.FeatureConfig{
		Feature: webex.DigitalSignage, ContentURL: "https://s.example.com/?d=$(deviceId)",
		AssignContentURL: "https://us.example.com/a", ManageContentURL: "https://us.example.com/m",
	}
	app := signage
	app.Feature = webex.PersistentWebApp
	with := func(c webex.FeatureConfig, change func(*webex.FeatureConfig)) webex.FeatureConfig {
		change(&c)
		return c
	}
	tests := map[string]struct {
		a, b webex.FeatureConfig
		want bool
	}{
		"same":             {signage, signage, true},
		"another feature":  {signage, app, false},
		"content":          {signage, with(signage, func(c *webex.FeatureConfig) { c.ContentURL = "https://s.example.com/?d=%24%28deviceId%29" }), false},
		"assign":           {signage, with(signage, func(c *webex.FeatureConfig) { c.AssignContentURL = "" }), false},
		"manage":           {signage, with(signage, func(c *webex.FeatureConfig) { c.ManageContentURL += "/" }), false},
		"default list":     {app, with(app, func(c *webex.FeatureConfig) { c.XAPIAllowList = "s.example.com" }), true},
		"another list":     {app, with(app, func(c *webex.FeatureConfig) { c.XAPIAllowList = "*.example.com" }), false},
		"list of signage":  {signage, with(signage, func(c *webex.FeatureConfig) { c.XAPIAllowList = "s.example.com" }), false},
		"same custom list": {with(app, func(c *webex.FeatureConfig) { c.XAPIAllowList = "x" }), with(app, func(c *webex.FeatureConfig) { c.XAPIAllowList = "x" }), true},
	}
	for name, test := range tests {
		if got := test.a.Equal(test.b); got != test.want || got != test.b.Equal(test.a) {
			t.Errorf("%s: equal = %v, want %v both ways", name, got, test.want)
		}
	}
}
