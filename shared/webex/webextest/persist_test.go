package webextest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	firstRegion  = "us-west-2_r"
	secondRegion = "eu-central-1_k"
)

// persisted is a cloud with one customer and a directory.
type persisted struct {
	*Cloud
	directory, org string
	server         *httptest.Server
}

func newPersisted(t *testing.T) *persisted {
	t.Helper()
	k := &persisted{Cloud: NewCloud(Options{}), directory: t.TempDir()}
	if err := k.Persist(k.directory, func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	k.server = httptest.NewServer(k.Cloud)
	t.Cleanup(k.server.Close)
	k.SetBaseURL(k.server.URL)
	k.org = k.AddOrganization("Customer", firstRegion).ID()
	return k
}

// memory is the state in memory that a cloud has to keep, as JSON.
func memory(t *testing.T, c *Cloud) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []any{c.exportCloud()}
	for _, org := range c.orgs {
		all = append(all, c.exportOrganization(org))
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// reopened is a new cloud on the same directory.
func (k *persisted) reopened(t *testing.T) *Cloud {
	t.Helper()
	next := NewCloud(Options{})
	if err := next.Persist(k.directory, func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	return next
}

// activated activates the customer and stores both configurations.
func (k *persisted) activated(t *testing.T) *persisted {
	t.Helper()
	if _, err := k.MintActivation(k.org); err != nil {
		t.Fatal(err)
	}
	for _, feature := range []string{DigitalSignage, PersistentWebApp} {
		k.SetConfiguration(k.org, feature, map[string]any{features[feature].urlField: "https://example.com/$(deviceId)"})
	}
	return k
}

// exchange fetches an access token, as the integration does.
func (k *persisted) exchange(t *testing.T) (status int, accessToken string) {
	t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {k.RefreshToken(k.org)}, "client_id": {k.ClientID()}, "client_secret": {k.ClientSecret()}}
	response, err := http.PostForm(k.server.URL+"/"+firstRegion+"/v1/access_token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&tokens); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, tokens.AccessToken
}

// call sends a request of the integration with a fresh access token.
func (k *persisted) call(t *testing.T, method, address, body string) {
	t.Helper()
	status, access := k.exchange(t)
	if access == "" {
		t.Fatalf("the exchange: %d", status)
	}
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+access)
	answered, err := http.DefaultClient.Do(request)
	if err != nil || answered.StatusCode >= 300 {
		t.Fatalf("%s %s: %v %v", method, address, answered, err)
	}
	_ = answered.Body.Close()
}

// changing are the methods of a Cloud that change the kept state, each with a call
// that does.
var changing = map[string]func(*testing.T, *persisted){
	"RemoveOrganization": func(t *testing.T, k *persisted) {
		k.AddOrganization("Second", firstRegion)
		if _, err := k.MintDeprovision(k.org); err != nil {
			t.Fatal(err)
		}
		if err := k.RemoveOrganization(k.org); err != nil {
			t.Fatal(err)
		}
	},
	"SetBaseURL":      func(_ *testing.T, k *persisted) { k.SetBaseURL("http://127.0.0.1:1") },
	"AddOrganization": func(_ *testing.T, k *persisted) { k.AddOrganization("Another", secondRegion) },
	"AddOrganizationWithID": func(_ *testing.T, k *persisted) {
		k.AddOrganizationWithID("9c2cf9b5-80ac-47a0-8aff-6d87306a9633", "Given", secondRegion)
	},
	"AddDevice":              func(_ *testing.T, k *persisted) { k.AddDevice(k.org, Device{Name: "One more"}) },
	"AddDevices":             func(_ *testing.T, k *persisted) { k.AddDevices(k.org, make([]Device, 3)) },
	"FactoryReset":           func(_ *testing.T, k *persisted) { _, _ = k.FactoryReset(k.org, k.Devices(k.org)[0].ID) },
	"WipeWebAppStorage":      func(_ *testing.T, k *persisted) { k.WipeWebAppStorage(k.org) },
	"SetScopes":              func(_ *testing.T, k *persisted) { k.SetScopes(k.org, []string{"one"}) },
	"MintActivation":         func(_ *testing.T, k *persisted) { _, _ = k.MintActivation(k.org) },
	"MintStrangerActivation": func(_ *testing.T, k *persisted) { _, _ = k.MintStrangerActivation(k.org) },
	"MintUpdateApproved":     func(_ *testing.T, k *persisted) { _, _ = k.MintUpdateApproved(k.org, nil) },
	"MintDeprovision":        func(_ *testing.T, k *persisted) { _, _ = k.MintDeprovision(k.org) },
	"MintMove": func(_ *testing.T, k *persisted) {
		_, _ = k.MintMove(k.org, secondRegion, MoveOptions{NewRefreshToken: true})
	},
	"RevokeRefreshToken": func(_ *testing.T, k *persisted) { k.RevokeRefreshToken(k.org) },
	"RevokeAccessTokens": func(t *testing.T, k *persisted) {
		k.exchange(t)
		k.RevokeRefreshToken(k.org) // a lasting change: the access token itself was added and removed
		k.RevokeAccessTokens(k.org)
	},
	"SetConfiguration":    func(_ *testing.T, k *persisted) { k.SetConfiguration(k.org, DigitalSignage, map[string]any{"a": 1.5}) },
	"DeleteConfiguration": func(_ *testing.T, k *persisted) { k.DeleteConfiguration(k.org, DigitalSignage) },
	"RotateKeys":          func(_ *testing.T, k *persisted) { k.RotateKeys(firstRegion) },
	"PruneKeys":           func(_ *testing.T, k *persisted) { k.RotateKeys(secondRegion); k.PruneKeys(secondRegion) },
	"MakeKeys":            func(_ *testing.T, k *persisted) { k.MakeKeys() },
	"HealthCheck":         health,
	"Activate": func(t *testing.T, k *persisted) {
		k.opts.ProvisioningURL = integrationOf(t)
		_, _ = k.Activate(t.Context(), k.org)
	},
	"ApproveUpdate": func(t *testing.T, k *persisted) { _, _ = k.ApproveUpdate(t.Context(), k.org, []string{}) },
	"Move":          func(t *testing.T, k *persisted) { _, _ = k.Move(t.Context(), k.org, secondRegion, MoveOptions{}) },
	"Deprovision":   func(t *testing.T, k *persisted) { _, _ = k.Deprovision(t.Context(), k.org) },
	"ServeHTTP":     func(t *testing.T, k *persisted) { k.exchange(t) }, // and TestRequestsAreKept
	"UploadManifest": func(t *testing.T, k *persisted) {
		if _, err := k.UploadManifest(k.org, []byte(manifestOfTest)); err != nil {
			t.Fatal(err)
		}
	},
	"Persist": func(_ *testing.T, k *persisted) { k.AddOrganization("Kept", firstRegion) },
}

// unchanging are the methods that do not change the kept state.
var unchanging = strings.Fields(`
	ActionsToDrop AppID BaseURL ClearFaults ClientID ClientSecret Close Configuration Count CrossLaunch
	DeviceURL Devices DropNextAction DuplicateNextAction Faults HoldActions Inject Installation Integration Integrations
	JWKSURLs MintAction OnRequest Organization Organizations ProvisioningURL PublicKey Pushes RefreshToken AcceptsRefreshToken
	Regions ReleaseActions Requests ResetRequests SetReadback SetRotateRefreshTokens Sign SignRS256`)

// TestEveryChangeIsKept: a new process finds what a method changed. A new method has
// to be added to one of the lists.
func TestEveryChangeIsKept(t *testing.T) {
	for method := range reflect.TypeFor[*Cloud]().Methods() {
		change, changes := changing[method.Name]
		if changes == slices.Contains(unchanging, method.Name) {
			t.Errorf("%s has to be in one of the lists, changing or unchanging", method.Name)
		}
		if !changes {
			continue
		}
		t.Run(method.Name, func(t *testing.T) {
			k := newPersisted(t).activated(t)
			before := memory(t, k.Cloud)
			change(t, k)
			after := memory(t, k.Cloud)
			if before == after {
				t.Fatal("the call of the test changes nothing")
			}
			if state := memory(t, k.reopened(t)); state != after {
				t.Errorf("in memory is\n%s\nkept is\n%s", after, state)
			}
		})
	}
}

// integrationOf starts an integration that gives the same answer to every request.
func integrationOf(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"operationalState":"impaired","tokensState":"valid"}`))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func health(t *testing.T, k *persisted) {
	view, _ := k.Installation(k.org)
	k.call(t, http.MethodPatch, view.AppURL, `{"actionsUrl":"`+integrationOf(t)+`"}`)
	if reply, err := k.HealthCheck(t.Context(), k.org); err != nil || reply.Status != 200 {
		t.Fatal(reply.Status, err)
	}
}

// TestRequestsAreKept: what a request changed is kept once it is answered.
func TestRequestsAreKept(t *testing.T) {
	for name, request := range map[string]struct {
		method, path, body string
		fault              Fault
	}{
		"PATCH":          {http.MethodPatch, "", `{"provisioningState":"completed","customer":{"id":"x"}}`, Fault{}},
		"PUT":            {http.MethodPut, "/features/digital_signage", `{"signageUrl":"https://example.com/new"}`, Fault{}},
		"DELETE":         {http.MethodDelete, "/features/digital_signage", "", Fault{}},
		"DELETE the app": {http.MethodDelete, "", "", Fault{}},
		"slow":           {http.MethodPut, "/features/digital_signage", `{"signageUrl":"https://example.com/new"}`, Fault{Kind: KindSignage, Delay: time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newPersisted(t).activated(t)
			view, _ := k.Installation(k.org)
			k.Inject(request.fault)
			before := memory(t, k.Cloud)
			k.call(t, request.method, view.AppURL+request.path, request.body)
			if after := memory(t, k.Cloud); before == after || memory(t, k.reopened(t)) != after {
				t.Error("not kept")
			}
		})
	}
}

// TestRotatedTokenIsKept: the integration may have either of the two values.
func TestRotatedTokenIsKept(t *testing.T) {
	k := newPersisted(t).activated(t)
	first := k.RefreshToken(k.org)
	k.SetRotateRefreshTokens(true)
	k.exchange(t)
	next := k.reopened(t)
	for _, value := range []string{first, k.RefreshToken(k.org)} {
		if token := next.refreshTokens[value]; token == nil {
			t.Error("a refresh token is lost")
		}
	}
	if next.refreshTokens[first].Next != k.RefreshToken(k.org) {
		t.Error("the old token yields another new one")
	}
}

// TestKeysAreKept: tokens that were signed before still verify.
func TestKeysAreKept(t *testing.T) {
	k := newPersisted(t)
	k.RotateKeys(firstRegion)
	_, before := k.PublicKey(firstRegion)
	if _, after := k.reopened(t).PublicKey(firstRegion); before != after {
		t.Errorf("the signing key was %s and is %s", before, after)
	}
}

// TestEveryFieldIsKept: JSON omits unexported fields.
func TestEveryFieldIsKept(t *testing.T) {
	restored := []string{"org", "installed", "manifest"} // from where they are stored
	forgotten := []string{"dropNext", "duplicateNext"}   // see Persist
	for _, kind := range []reflect.Type{
		reflect.TypeFor[organization](), reflect.TypeFor[installation](), reflect.TypeFor[storedConfiguration](),
		reflect.TypeFor[refreshToken](), reflect.TypeFor[accessToken](), reflect.TypeFor[Device](),
		reflect.TypeFor[upload](),
	} {
		for _, field := range reflect.VisibleFields(kind) {
			if known := slices.Contains(slices.Concat(restored, forgotten), field.Name); known == (field.Tag.Get("json") != "") || known == field.IsExported() {
				t.Errorf("is %s.%s kept?", kind, field.Name)
			}
		}
	}
}

func TestWhatCannotBeKept(t *testing.T) {
	k := newPersisted(t).activated(t)
	var reason error
	k.saveFailed = func(err error) { reason = err }
	if err := os.RemoveAll(k.directory); err != nil {
		t.Fatal(err)
	}
	if status, _ := k.exchange(t); status != http.StatusInternalServerError || !errors.Is(reason, os.ErrNotExist) {
		t.Errorf("answered %d, because of %v", status, reason)
	}
}

func TestFilesThatAreNotOurs(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":       "{",
		"another format": `{"format":99}`,
		"a stranger's":   `{"format":1,"more":true}`,
		"no key":         `{"format":1,"regions":{"us-west-2_r":{}}}`,
		"a bad key":      `{"format":1,"regions":{"us-west-2_r":{"es":[{"kid":"k","key":"AAAA"}]}}}`,
	} {
		directory := t.TempDir()
		if err := os.WriteFile(filepath.Join(directory, cloudFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := NewCloud(Options{}).Persist(directory, nil); err == nil || !strings.Contains(err.Error(), directory) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
