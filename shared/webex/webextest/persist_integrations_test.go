package webextest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

const manifestOfTest = `{
	"id": "0b0f4c39-5f3c-4c5a-9a7e-6d7f5f5a1a01", "manifestVersion": 1, "displayName": "Signage & more", "vendor": "Vendor",
	"email": "support@example.com", "description": "Shows things.", "availability": "global",
	"apiAccess": [{"scope": "spark-admin:devices_digital_signage", "access": "required"}],
	"provisioning": {"type": "manual", "activationGuideUrl": "https://example.com/?a=1&b=2"}, "features": ["digital_signage"]
}`

// TestIntegrationsAreKept: a new process knows the upload, its client and what it has
// installed.
func TestIntegrationsAreKept(t *testing.T) {
	k := newPersisted(t).activated(t)
	i, err := k.UploadManifest(k.org, []byte(manifestOfTest))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.MintActivation(k.org); err != nil {
		t.Fatal(err)
	}
	i.SetConfiguration(k.org, DigitalSignage, map[string]any{"signageUrl": "https://example.com/of-the-upload"})
	device := k.Devices(k.org)[0].ID
	shown, _ := k.DeviceURL(k.org, device)

	next := k.reopened(t)
	if before, after := memory(t, k.Cloud), memory(t, next); before != after {
		t.Fatalf("in memory is\n%s\nkept is\n%s", before, after)
	}
	found, ok := next.Integration(k.org, i.AppID())
	if !ok || found.ClientID() != i.ClientID() || found.View().ActivationGuideURL != "https://example.com/?a=1&b=2" {
		t.Fatalf("found %v", found)
	}
	if found.RefreshToken(k.org) != i.RefreshToken(k.org) || next.RefreshToken(k.org) != k.RefreshToken(k.org) {
		t.Error("other refresh tokens")
	}
	if again, _ := next.DeviceURL(k.org, device); again != shown {
		t.Errorf("the device shows %s, before %s", again, shown)
	}
	if _, err := next.UploadManifest(k.org, []byte(manifestOfTest)); err == nil {
		t.Error("the version was forgotten")
	}
	if _, err := found.MintDeprovision(k.org); err != nil {
		t.Fatal(err)
	}
	if err := found.Remove(k.org); err != nil {
		t.Fatal(err)
	}
	if left := (&persisted{Cloud: next, directory: k.directory}).reopened(t).Integrations(k.org); len(left) != 1 {
		t.Errorf("%d integrations are kept after a removal", len(left))
	}
}

// before rewrites a kept organization as it was before there were several integrations.
func (k *persisted) before(t *testing.T) {
	t.Helper()
	file := filepath.Join(k.directory, organizationsFolder, k.org+".json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var kept map[string]any
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	delete(kept, "pushed")
	kept["pushes"] = map[string]int{DigitalSignage: 3}
	own := kept["installations"].([]any)[0].(map[string]any)
	kept["installation"], kept["newestRefreshToken"] = own["id"], own["newestRefreshToken"]
	delete(own, "newestRefreshToken")
	for _, stored := range own["configurations"].(map[string]any) {
		delete(stored.(map[string]any), "sequence")
	}
	if err := os.WriteFile(file, encode(kept), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFolderFromBeforeSeveralIntegrations: what it holds is the default integration's.
func TestFolderFromBeforeSeveralIntegrations(t *testing.T) {
	k := newPersisted(t).activated(t)
	device := k.Devices(k.org)[0].ID
	shown, _ := k.DeviceURL(k.org, device)
	k.before(t)
	next := k.reopened(t)
	view, installed := next.Installation(k.org)
	if before, _ := k.Installation(k.org); !installed || view.ID != before.ID {
		t.Errorf("installation %+v", view)
	}
	if next.RefreshToken(k.org) != k.RefreshToken(k.org) || !next.AcceptsRefreshToken(k.RefreshToken(k.org)) {
		t.Error("the refresh token is lost")
	}
	if n := next.Pushes(k.org, DigitalSignage); n != 3 {
		t.Errorf("%d pushes", n)
	}
	if again, _ := next.DeviceURL(k.org, device); again != shown || shown == "" {
		t.Errorf("the device shows %q, before %q", again, shown)
	}
	if before, after := memory(t, next), memory(t, k.reopened(t)); before != after {
		t.Errorf("converted to\n%s\nkept is\n%s", before, after)
	}
}

// TestKeptForAnotherClient: the default integration got another OAuth client, as after
// an upload of its manifest elsewhere. What the former one had installed is gone.
func TestKeptForAnotherClient(t *testing.T) {
	k := newPersisted(t).activated(t)
	refresh := k.RefreshToken(k.org)
	next := NewCloud(Options{ClientID: "C1", ClientSecret: "another"})
	if err := next.Persist(k.directory, func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	if _, installed := next.Installation(k.org); installed || next.AcceptsRefreshToken(refresh) {
		t.Error("installed with another client")
	}
	if _, err := next.MintActivation(k.org); err != nil || next.RefreshToken(k.org) == "" {
		t.Error(err)
	}
}
