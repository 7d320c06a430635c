package webex_test

import (
	"testing"

	"signpost/shared/webex"
)

// What Webex answers to being told of us says what it stores, or nothing at all.
func TestAnswerToAnUpdateOfTheApp(t *testing.T) {
	tests := map[string]struct {
		answer          string
		signage, webApp bool // whether it is said that there is none
	}{
		"nothing":         {``, false, false},
		"no JSON":         {`<html>`, false, false},
		"something else":  {`{"message":"done"}`, false, false},
		"wrong type":      {`{"provisioningState":"completed","manifestVersion":"x"}`, false, false},
		"none":            {`{"provisioningState":"completed"}`, true, true},
		"none, said so":   {`{"provisioningState":"completed","digitalSignageConfiguration":null}`, true, true},
		"signage's":       {`{"provisioningState":"completed","digitalSignageConfiguration":{"signageUrl":"https://a"}}`, false, true},
		"the web app's":   {`{"provisioningState":"completed","persistentWebAppConfiguration":{}}`, true, false},
		"of another form": {`{"provisioningState":"completed","digitalSignageConfiguration":[]}`, false, true},
	}
	for name, test := range tests {
		var app webex.App
		update := webex.AppUpdate{ProvisioningState: webex.ProvisioningCompleted, Answer: &app}
		if err := webex.NewClient(nil).UpdateApp(t.Context(), serve(t, status(200, test.answer)), bearer, update); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if app.StoresNone(webex.DigitalSignage) != test.signage || app.StoresNone(webex.PersistentWebApp) != test.webApp {
			t.Errorf("%s: %+v", name, app)
		}
	}
}
