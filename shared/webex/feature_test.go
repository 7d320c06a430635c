package webex_test

import (
	"testing"

	"signpost/shared/webex"
)

func TestFeatureConfigEqual(t *testing.T) {
	signage := webex.FeatureConfig{
		Feature: webex.DigitalSignage, DeviceURL: "https://s.example.com/?d=$(deviceId)",
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
		"content":          {signage, with(signage, func(c *webex.FeatureConfig) { c.DeviceURL = "https://s.example.com/?d=%24%28deviceId%29" }), false},
		"assign":           {signage, with(signage, func(c *webex.FeatureConfig) { c.AssignContentURL = "" }), false},
		"manage":           {signage, with(signage, func(c *webex.FeatureConfig) { c.ManageContentURL += "/" }), false},
		"list in capitals": {with(app, func(c *webex.FeatureConfig) { c.XAPIAllowList = "A.example.com,b" }), with(app, func(c *webex.FeatureConfig) { c.XAPIAllowList = "a.example.com, B" }), true},
		"host in capitals": {with(app, func(c *webex.FeatureConfig) { c.DeviceURL = "https://S.example.com/" }), with(app, func(c *webex.FeatureConfig) {
			c.DeviceURL, c.XAPIAllowList = "https://S.example.com/", "s.example.com"
		}), true},
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
