package webextest_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/webex/webextest"
)

// uploaded uploads a manifest in an organization.
func (f *fixture) uploaded(orgID string, changes object) *webextest.Integration {
	f.Helper()
	i, err := f.UploadManifest(orgID, manifestWith(f.T, changes))
	if err != nil {
		f.Fatal(err)
	}
	return i
}

// exchangeAs sends a token request with any client.
func (f *fixture) exchangeAs(clientID, clientSecret, refresh string) result {
	f.Helper()
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {clientID}, "client_secret": {clientSecret},
	}
	return send(f.T, "POST", f.BaseURL()+"/"+west+"/v1/access_token", "application/x-www-form-urlencoded", "", form.Encode())
}

// installed is an integration that is activated in an organization, and listens.
type installed struct {
	*webextest.Integration
	*integration
	secret, access string
	claims         map[string]any
}

func (f *fixture) installs(i *webextest.Integration) *installed {
	f.Helper()
	code, err := i.MintActivation(f.org)
	if err != nil {
		f.Fatal(err)
	}
	_, claims := claimsOf(f.T, code)
	n := &installed{Integration: i, integration: newIntegration(f.T), secret: i.ClientSecret(), claims: claims}
	r := f.exchangeAs(i.ClientID(), n.secret, claims["refreshToken"].(string))
	if r.status != 200 {
		f.Fatalf("exchange: %d %s", r.status, r.raw)
	}
	n.access = r.json["access_token"].(string)
	r = send(f.T, "PATCH", claims["appUrl"].(string), "", n.access, `{"provisioningState":"completed","actionsUrl":"`+n.url+`/actions"}`)
	if r.status != 200 || r.json["id"] != i.AppID() {
		f.Fatalf("PATCH: %d %s", r.status, r.raw)
	}
	return n
}

// shows PUTs a configuration of signage, with cross-launches.
func (n *installed) shows(f *fixture, page string) {
	f.Helper()
	f.put(n.claims["signageUrl"].(string), n.access, `{"signageUrl":"https://`+page+`/","crossLaunch":{"manageContent":{"url":"`+n.url+`/manage"}}}`)
}

func TestUploadsOfOneID(t *testing.T) {
	f := setup(t, webextest.Options{})
	other := f.AddOrganization("Other", east).ID()
	first := f.uploaded(f.org, object{"manifestVersion": 3})
	for _, test := range []struct {
		name    string
		org     string
		changes object
		err     string // of the upload
		same    bool   // as the first integration
	}{
		{"equal version", f.org, object{"manifestVersion": 3}, "manifestVersion 3: version 3 is uploaded, use a higher number", false},
		{"lower version", f.org, object{"manifestVersion": 2}, "use a higher number", false},
		{"not valid", f.org, object{"manifestVersion": 4, "vendor": nil}, "vendor must be", false},
		{"higher version", f.org, object{"manifestVersion": 4}, "", true},
		{"the id in capitals", f.org, object{"manifestVersion": 5, "id": strings.ToUpper(testAppID)}, "", true},
		{"another organization", other, object{"manifestVersion": 1}, "", false},
		{"another id", f.org, object{"id": "7a1c1b5e-0f4e-4dfc-9df5-1d8a3b4c5d6e"}, "", false},
		{"the default integration's id", f.org, object{"id": f.AppID()}, "", false},
		{"an unknown organization", "nobody", nil, `no organization "nobody"`, false},
	} {
		i, err := f.UploadManifest(test.org, manifestWith(t, test.changes))
		if test.err != "" {
			if i != nil || err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if same := i.ClientID() == first.ClientID(); same != test.same || (i.ClientSecret() == "") != test.same {
			t.Errorf("%s: the same client is %v, its secret %q", test.name, same, i.ClientSecret())
		}
		if i.ClientID() == f.ClientID() || !strings.Contains(string(i.Manifest()), `"manifestVersion"`) {
			t.Errorf("%s: client %s, manifest %s", test.name, i.ClientID(), i.Manifest())
		}
	}
	if view := first.View(); view.ManifestVersion != 5 || view.OrgID != f.org {
		t.Errorf("the first integration is %+v", view)
	}
	if _, err := f.UploadManifest(f.org, []byte("{")); err == nil || !strings.Contains(err.Error(), "not a JSON object") {
		t.Errorf("not JSON: %v", err)
	}
}

func TestWhoCanActivate(t *testing.T) {
	f := setup(t, webextest.Options{})
	other := f.AddOrganization("Other", east).ID()
	private := f.uploaded(f.org, nil)
	global := f.uploaded(f.org, object{"id": "7a1c1b5e-0f4e-4dfc-9df5-1d8a3b4c5d6e", "availability": "global"})
	for _, test := range []struct {
		name string
		i    *webextest.Integration
		org  string
		err  error
	}{
		{"private, its own", private, f.org, nil},
		{"private, another's", private, other, webextest.ErrNotAvailable},
		{"global, its own", global, f.org, nil},
		{"global, another's", global, other, nil},
	} {
		if _, err := test.i.MintActivation(test.org); !errors.Is(err, test.err) {
			t.Errorf("%s: %v", test.name, err)
		}
		_, isInstalled := test.i.Installation(test.org)
		found, isListed := f.Integration(test.org, strings.ToUpper(test.i.AppID()))
		if good := test.err == nil; isInstalled != good || isListed != good || good && (found.ClientID() != test.i.ClientID() || found.ClientSecret() != "") {
			t.Errorf("%s: installed %v, listed %v", test.name, isInstalled, isListed)
		}
	}
	lists := map[string][]string{f.org: {f.AppID(), private.AppID(), global.AppID()}, other: {f.AppID(), global.AppID()}}
	for org, want := range lists {
		var got []string
		for _, i := range f.Integrations(org) {
			got = append(got, i.AppID())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s lists %v, want %v", org, got, want)
		}
	}
	own := f.uploaded(other, object{"id": global.AppID()})
	if found, _ := f.Integration(other, global.AppID()); found.ClientID() != own.ClientID() {
		t.Error("an organization's own upload does not come first")
	}
	if err := f.RemoveOrganization(other); !errors.Is(err, webextest.ErrInstalled) {
		t.Errorf("removal of an organization with an integration: %v", err)
	}
}

func TestRemovedOrganizationsUploads(t *testing.T) {
	f := setup(t, webextest.Options{})
	private := f.uploaded(f.org, nil)
	other := f.AddOrganization("Other", east).ID()
	global := f.uploaded(f.org, object{"id": "7a1c1b5e-0f4e-4dfc-9df5-1d8a3b4c5d6e", "availability": "global"})
	if err := f.RemoveOrganization(f.org); err != nil {
		t.Fatal(err)
	}
	if r := f.exchangeAs(private.ClientID(), private.ClientSecret(), "x"); r.json["error"] != "invalid_client" {
		t.Errorf("the private integration's client: %s", r.raw)
	}
	if _, ok := f.Integration(other, global.AppID()); !ok {
		t.Error("the global integration is gone")
	}
}

// TestRemovedIntegration: its client is gone, and the same manifest is a new integration.
func TestRemovedIntegration(t *testing.T) {
	f := setup(t, webextest.Options{})
	other := f.AddOrganization("Other", east).ID()
	i := f.uploaded(f.org, object{"availability": "global"})
	fallback, _ := f.Integration(f.org, f.AppID())
	installed := f.installs(i)
	for _, test := range []struct {
		name string
		i    *webextest.Integration
		org  string
		err  error
	}{
		{"the default one", fallback, f.org, webextest.ErrNotOwn},
		{"another organization's", i, other, webextest.ErrNotOwn},
		{"installed", i, f.org, webextest.ErrInstalled},
	} {
		if err := test.i.Remove(test.org); !errors.Is(err, test.err) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, err := i.MintDeprovision(f.org); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := i.Remove(f.org); err != nil {
			t.Fatal(err)
		}
	}
	if r := f.exchangeAs(i.ClientID(), installed.secret, "x"); r.json["error"] != "invalid_client" {
		t.Errorf("its client: %s", r.raw)
	}
	if _, err := i.MintActivation(f.org); !errors.Is(err, webextest.ErrNotAvailable) || len(f.Integrations(f.org)) != 1 {
		t.Errorf("it is still there: %v", err)
	}
	if again := f.uploaded(f.org, nil); again.ClientSecret() == "" || again.ClientID() == i.ClientID() {
		t.Error("the same manifest is not a new integration")
	}
}

func TestClientsOfSeveralIntegrations(t *testing.T) {
	f, ours := setupActivated(t)
	test := f.installs(f.uploaded(f.org, nil))
	theirs := test.claims["refreshToken"].(string)
	for _, c := range []struct {
		name, client, secret, refresh string
		status                        int
		err                           string
	}{
		{"its own", test.ClientID(), test.secret, theirs, 200, ""},
		{"the default one's own", f.ClientID(), f.ClientSecret(), ours.refresh, 200, ""},
		{"wrong secret", test.ClientID(), "x", theirs, 401, "invalid_client"},
		{"another client's secret", test.ClientID(), f.ClientSecret(), theirs, 401, "invalid_client"},
		{"unknown client", "x", test.secret, theirs, 401, "invalid_client"},
		{"the default one's token", test.ClientID(), test.secret, ours.refresh, 400, "invalid_grant"},
		{"the default one with its token", f.ClientID(), f.ClientSecret(), theirs, 400, "invalid_grant"},
	} {
		r := f.exchangeAs(c.client, c.secret, c.refresh)
		if code, _ := r.json["error"].(string); r.status != c.status || code != c.err {
			t.Errorf("%s: %d %s", c.name, r.status, r.raw)
		}
	}
	if !test.AcceptsRefreshToken(theirs) || test.AcceptsRefreshToken(ours.refresh) || f.AcceptsRefreshToken(theirs) {
		t.Error("AcceptsRefreshToken does not follow the client")
	}
	if test.RefreshToken(f.org) != theirs || f.RefreshToken(f.org) != ours.refresh {
		t.Error("RefreshToken does not follow the integration")
	}
	if r := send(t, "GET", test.claims["appUrl"].(string), "", ours.access, ""); r.status != 403 {
		t.Errorf("the default one's access token opens another installation: %d", r.status)
	}
	test.RevokeAccessTokens(f.org)
	test.RevokeRefreshToken(f.org)
	for name, c := range map[string]struct {
		app, access string
		status      int
	}{
		"revoked":        {test.claims["appUrl"].(string), test.access, 401},
		"of the default": {ours.app, ours.access, 200},
	} {
		if r := send(t, "GET", c.app, "", c.access, ""); r.status != c.status {
			t.Errorf("%s: %d", name, r.status)
		}
	}
	if test.AcceptsRefreshToken(theirs) || !f.AcceptsRefreshToken(ours.refresh) {
		t.Error("the wrong refresh token is revoked")
	}
}

func TestTokensOfAnUpload(t *testing.T) {
	f := setup(t, webextest.Options{})
	i := f.uploaded(f.org, object{
		"features":  []string{webextest.PersistentWebApp},
		"apiAccess": []object{{"scope": webextest.ScopePWA, "access": "required"}, {"scope": webextest.ScopePWAXAPI, "access": "optional"}},
	})
	n := f.installs(i)
	_, hasSignage := n.claims["signageUrl"]
	got := object{"appId": n.claims["appId"], "scopes": n.claims["scopes"], "signage": hasSignage}
	want := object{"appId": testAppID, "scopes": webextest.ScopePWA + "," + webextest.ScopePWAXAPI, "signage": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("activation code (-want +got):\n%s", diff)
	}
	view, _ := n.Installation(f.org)
	if !slices.Equal(view.Features, []string{webextest.PersistentWebApp}) || len(view.Scopes) != 2 || view.ManifestVersion != 1 {
		t.Errorf("installation %+v", view)
	}
	token, err := n.MintAction(f.org, webextest.ActionHealthCheck, nil)
	if _, claims := claimsOf(t, token); err != nil || claims["appId"] != testAppID {
		t.Errorf("action token of %v, %v", claims["appId"], err)
	}
}

// TestSideBySide: what one integration does in an organization leaves the others alone.
func TestSideBySide(t *testing.T) {
	f, ours, listens := provisioned(t)
	test := f.installs(f.uploaded(f.org, nil))
	lobby := f.Devices(f.org)[0].ID
	shown := func(page, appID string) {
		t.Helper()
		if u, _ := f.DeviceURL(f.org, lobby); u != "https://"+page+"/?_cisco_app_id="+appID {
			t.Errorf("the device shows %s, want %s", u, page)
		}
	}
	f.put(ours.signage, ours.access, `{"signageUrl":"https://production/"}`)
	shown("production", f.AppID())
	test.shows(f, "test")
	test.shows(f, "test")
	shown("test", testAppID)
	if own, other := f.Pushes(f.org, webextest.DigitalSignage), test.Pushes(f.org, webextest.DigitalSignage); own != 1 || other != 2 {
		t.Errorf("pushes %d and %d", own, other)
	}
	if stored, _ := f.Configuration(f.org, webextest.DigitalSignage); stored["signageUrl"] != "https://production/" {
		t.Errorf("the default integration's configuration is %v", stored)
	}
	f.put(ours.signage, ours.access, `{"signageUrl":"https://production/"}`)
	shown("production", f.AppID())
	test.SetConfiguration(f.org, webextest.DigitalSignage, object{"signageUrl": "https://altered/"})
	shown("altered", testAppID)
	test.DeleteConfiguration(f.org, webextest.DigitalSignage)
	shown("production", f.AppID())
	test.shows(f, "test")

	test.answers(200, `{"redirectUrl":"https://content.example.com/"}`)
	reply, err := test.CrossLaunch(t.Context(), f.org, webextest.DigitalSignage, webextest.TaskManageContent, nil)
	if claims, _ := test.only(t); err != nil || reply.RedirectURL == "" || claims["appId"] != testAppID {
		t.Errorf("cross-launch %v, %v", claims, err)
	}
	test.answers(200, `{"operationalState":"impaired","tokensState":"valid"}`)
	if _, err := test.HealthCheck(t.Context(), f.org); err != nil {
		t.Fatal(err)
	}
	if view, _ := test.Installation(f.org); view.OperationalState != "impaired" {
		t.Errorf("health %+v", view)
	}
	if view, _ := f.Installation(f.org); view.OperationalState != "" {
		t.Errorf("the default integration's health %+v", view)
	}
	test.SetScopes(f.org, nil)
	if view, _ := f.Installation(f.org); len(view.Scopes) != 2 {
		t.Error("the default integration's scopes changed")
	}
	if _, err := test.Deprovision(t.Context(), f.org); err != nil {
		t.Fatal(err)
	}
	if posted := test.received(); len(posted) != 2 || len(listens.received()) != 0 { // health check and deprovision
		t.Errorf("posted %v", posted)
	}
	if _, is := test.Installation(f.org); is || test.RefreshToken(f.org) != "" {
		t.Error("still installed")
	}
	shown("production", f.AppID())
	f.accessToken(ours.oauth, ours.refresh)
}

func TestUpdateOfAnUpload(t *testing.T) {
	f, ours, listens := provisioned(t)
	test := f.installs(f.uploaded(f.org, nil))
	test.shows(f, "test")
	if _, err := test.MintUpdateApproved(f.org); !errors.Is(err, webextest.ErrNoUpdate) {
		t.Errorf("nothing to approve: %v", err)
	}
	f.uploaded(f.org, object{"manifestVersion": 7, "features": []string{webextest.PersistentWebApp}, "apiAccess": []object{{"scope": webextest.ScopePWA, "access": "required"}}})
	if view, _ := test.Installation(f.org); view.ManifestVersion != 1 || len(view.Features) != 2 {
		t.Errorf("updated before it was approved: %+v", view)
	}
	if _, err := test.ApproveUpdate(t.Context(), f.org); err != nil {
		t.Fatal(err)
	}
	claims, _ := test.only(t)
	_, hasSignage := claims["signageUrl"]
	if claims["manifestVersion"] != 7.0 || claims["scopes"] != webextest.ScopePWA || hasSignage || claims["pwaUrl"] == nil {
		t.Errorf("updateApproved %v", claims)
	}
	if view, _ := test.Installation(f.org); view.ManifestVersion != 7 || len(view.Features) != 1 {
		t.Errorf("approved: %+v", view)
	}
	if _, stored := test.Configuration(f.org, webextest.DigitalSignage); stored {
		t.Error("the configuration of the removed feature is stored")
	}
	if view, _ := f.Installation(f.org); view.ManifestVersion != 1 || len(listens.received()) != 0 || view.AppURL != ours.app {
		t.Errorf("the default integration changed: %+v", view)
	}
	// A default integration found by its id is approved like by [Cloud.ApproveUpdate].
	found, _ := f.Integration(f.org, f.AppID())
	if _, err := found.ApproveUpdate(t.Context(), f.org); err != nil {
		t.Fatal(err)
	}
	if claims, _ := listens.only(t); claims["manifestVersion"] != 2.0 {
		t.Errorf("updateApproved of the default integration %v", claims)
	}
}

// TestMoveOfSeveral: each integration is told of the move by a token of its own.
func TestMoveOfSeveral(t *testing.T) {
	f, _, listens := provisioned(t)
	test := f.installs(f.uploaded(f.org, nil))
	if _, err := f.Move(t.Context(), f.org, europe, webextest.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if claims, _ := listens.only(t); claims["appId"] != f.AppID() || len(test.received()) != 0 {
		t.Errorf("update %v", claims)
	}
	if r := send(t, "GET", test.claims["appUrl"].(string), "", test.access, ""); r.status != 410 {
		t.Errorf("the old region: %d", r.status)
	}
	if _, err := test.Move(t.Context(), f.org, europe, webextest.MoveOptions{SignedBy: "old", NewRefreshToken: true}); err != nil {
		t.Fatal(err)
	}
	claims, token := test.only(t)
	if claims["appId"] != testAppID || claims["region"] != europe || !f.verifies(west, token) {
		t.Errorf("update %v", claims)
	}
	if refresh, _ := claims["refreshToken"].(string); refresh == "" || test.RefreshToken(f.org) != refresh || !test.AcceptsRefreshToken(refresh) {
		t.Errorf("refresh token %q", refresh)
	}
	if _, err := test.MintMove(f.org, europe, webextest.MoveOptions{}); err == nil {
		t.Error("told of the same move twice")
	}
}

func TestActivateAnUploadOverHTTPS(t *testing.T) {
	f := setup(t, webextest.Options{})
	i := f.uploaded(f.org, nil)
	if _, err := i.Activate(t.Context(), f.org); !errors.Is(err, webextest.ErrNoProvisioningURL) {
		t.Errorf("manual provisioning: %v", err)
	}
	listens := newIntegration(t)
	f.uploaded(f.org, object{"manifestVersion": 2, "provisioning": object{"type": "https", "url": listens.url + "/activation"}})
	if reply, err := i.Activate(t.Context(), f.org); err != nil || reply.URL != listens.url+"/activation" {
		t.Errorf("posted to %s, %v", reply.URL, err)
	}
	if claims, _ := listens.only(t); claims["appId"] != testAppID || claims["action"] != "provision" {
		t.Errorf("activation code %v", claims)
	}
}
