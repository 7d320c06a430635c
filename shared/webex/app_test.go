package webex_test

import (
	"errors"
	"slices"
	"testing"

	"signpost/shared/webex"
)

// The answer to an update of the app may show what Webex stores.
func TestAnswerToAnUpdateOfTheApp(t *testing.T) {
	tests := map[string]struct {
		answer          string
		signage, webApp bool // whether it shows that there is none
	}{
		"nothing":         {``, false, false},
		"no JSON":         {`<html>`, false, false},
		"something else":  {`{"message":"done"}`, false, false},
		"wrong type":      {`{"provisioningState":"completed","manifestVersion":"x"}`, true, true},
		"none":            {`{"provisioningState":"completed"}`, true, true},
		"none, said so":   {`{"provisioningState":"completed","digitalSignageConfiguration":null}`, true, true},
		"signage's":       {`{"provisioningState":"completed","digitalSignageConfiguration":{"signageUrl":"https://a"}}`, false, true},
		"the web app's":   {`{"provisioningState":"completed","persistentWebAppConfiguration":{}}`, true, false},
		"cut short":       {`{"provisioningState":"completed","roles":[`, false, false},
		"odd members":     {`{"scopes":{"a":1},"healthCheckDetails":[],"manifestVersion":2.5,"provisioningState":"completed","persistentWebAppConfiguration":{}}`, true, false},
		"in another case": {`{"ProvisioningState":"completed","DigitalSignageConfiguration":{}}`, false, true},
		"of another form": {`{"provisioningState":"completed","digitalSignageConfiguration":[]}`, false, true},
	}
	for name, test := range tests {
		var app webex.App
		update := webex.AppUpdate{ProvisioningState: webex.ProvisioningCompleted, Response: &app}
		if err := webex.NewClient(nil).UpdateApp(t.Context(), serve(t, status(200, test.answer)), bearer, update); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if app.StoresNone(webex.DigitalSignage) != test.signage || app.StoresNone(webex.PersistentWebApp) != test.webApp {
			t.Errorf("%s: %+v", name, app)
		}
	}
}

// A malformed member of Webex's record neither fails the call nor loses others.
func TestGetApp(t *testing.T) {
	tests := map[string]struct {
		answer  string
		version int
		scopes  []string
		err     error
	}{
		"plain":         {`{"manifestVersion":2,"scopes":["a","b"]}`, 2, []string{"a", "b"}, nil},
		"fraction":      {`{"manifestVersion":2.0,"scopes":["a"]}`, 2, []string{"a"}, nil},
		"exponent":      {`{"manifestVersion":20e-1,"scopes":"a,b"}`, 2, []string{"a", "b"}, nil},
		"text":          {`{"manifestVersion":"2"}`, 2, nil, nil},
		"no number":     {`{"manifestVersion":"two","scopes":["a"]}`, 0, []string{"a"}, nil},
		"null":          {`{"manifestVersion":null,"scopes":null}`, 0, nil, nil},
		"odd others":    {`{"id":7,"customer":"x","features":[7],"createdAt":0,"manifestVersion":2}`, 2, nil, nil},
		"mark before":   {"\ufeff" + `{"manifestVersion":2}`, 2, nil, nil},
		"nothing in it": {`{}`, 0, nil, nil},
		"nothing":       {``, 0, nil, webex.ErrUnavailable},
		"null alone":    {`null`, 0, nil, webex.ErrUnavailable},
		"a list":        {`[]`, 0, nil, webex.ErrUnavailable},
		"cut short":     {`{"manifestVersion":2`, 0, nil, webex.ErrUnavailable},
	}
	for name, test := range tests {
		app, err := webex.NewClient(nil).GetApp(t.Context(), serve(t, status(200, test.answer)), bearer)
		if !errors.Is(err, test.err) || app.ManifestVersion != test.version || !slices.Equal(app.Scopes, test.scopes) {
			t.Errorf("%s: %+v, %v", name, app, err)
		}
	}
}
