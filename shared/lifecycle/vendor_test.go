package lifecycle_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/webex"
)

// shown returns the signage address that Webex stores.
func (w *world) shown() string {
	stored, _ := w.cloud.Configuration(w.org.ID(), string(webex.DigitalSignage))
	address, _ := stored["signageUrl"].(string)
	return address
}

func TestOurValuesInDeviceURLs(t *testing.T) {
	w := newWorld(t)
	w.verifyDue() // the first pass, which is not spread over the interval
	w.provide(webex.DigitalSignage, lifecycle.Content{DeviceURL: "https://{region}.vendor.example/{organizationKey}?k={installationKey}&d=$(deviceId)"})
	w.activateOrg(w.org)
	row, _ := w.stored()
	key := row.DeviceKey.Reveal()
	want := func(key string) string {
		return "https://" + home + ".vendor.example/" + row.OrgKey + "?k=" + key + "&d=$(deviceId)"
	}
	if got := w.shown(); got != want(key) || key == "" {
		t.Errorf("Webex stores %s, want %s", got, want(key))
	}
	t.Run("another activation keeps the key", func(t *testing.T) {
		w.pass(time.Second)
		w.activateOrg(w.org)
		if got := w.shown(); got != want(key) || w.pushes(webex.DigitalSignage) != 1 {
			t.Errorf("Webex stores %s after %d pushes", got, w.pushes(webex.DigitalSignage))
		}
	})
	t.Run("rotated by one push", func(t *testing.T) {
		rotated, err := w.vendor().RotateDeviceKey(t.Context(), row.Key)
		wantErr(t, err, nil)
		next := rotated.DeviceKey.Reveal()
		w.wantReport(w.verifyDue(), schedule.Report{Verified: 1, Pushed: 1})
		w.wantReport(w.verifyDue(), schedule.Report{})
		if got := w.shown(); got != want(next) || next == key {
			t.Errorf("Webex stores %s, want %s", got, want(next))
		}
		if strings.Contains(w.log.text(), next) || strings.Contains(w.log.text(), key) {
			t.Error("the log contains a key")
		}
	})
	t.Run("a reload is one push of another address", func(t *testing.T) {
		before, pushes := w.shown(), w.pushes(webex.DigitalSignage)
		for n := range 2 {
			_, err := w.vendor().Reload(t.Context(), row.Key)
			wantErr(t, err, nil)
			w.verifyDue()
			if got := w.shown(); got != fmt.Sprintf("%s&_signpost_reload=%d", before, n+1) || w.pushes(webex.DigitalSignage) != pushes+n+1 {
				t.Errorf("after %d pushes, Webex stores %s", w.pushes(webex.DigitalSignage)-pushes, got)
			}
		}
	})
	t.Run("gone with the installation", func(t *testing.T) {
		former, _ := w.stored()
		wantErr(t, w.service().Withdraw(t.Context(), row.Key), nil)
		_, err := w.vendor().RotateDeviceKey(t.Context(), row.Key)
		wantErr(t, err, installation.ErrNotFound)
		w.pass(2 * time.Second)
		w.activateOrg(w.org)
		if again, _ := w.stored(); again.DeviceKey.Equal(former.DeviceKey) || again.DeviceKey.IsZero() {
			t.Error("a new installation has the key of the removed one")
		}
	})
}

func TestChannels(t *testing.T) {
	w := activatedWorld(t)
	w.settings.Channels.Contents = map[string]map[webex.Feature]lifecycle.Content{
		"europe": {webex.DigitalSignage: {DeviceURL: "https://eu.vendor.example/"}, webex.PersistentWebApp: {DeviceURL: webApp}},
		"bare":   {webex.DigitalSignage: {DeviceURL: signage}},
	}
	w.settings.Channels.Regions = map[string]string{elsewhere: "europe"}
	european := w.cloud.AddOrganization("Européenne", elsewhere)
	w.activateOrg(european)
	if stored, _ := w.cloud.Configuration(european.ID(), string(webex.DigitalSignage)); stored["signageUrl"] != "https://eu.vendor.example/" {
		t.Errorf("in the claimed region: %v", stored)
	}
	assign := func(name string) {
		t.Helper()
		row, _ := w.stored()
		_, err := w.vendor().AssignChannel(t.Context(), row.Key, name)
		wantErr(t, err, nil)
	}
	w.verifyDue() // the new settings begin passes
	pushes := w.pushes(webex.DigitalSignage)

	assign("europe")
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1, Pushed: 1})
	if got := w.shown(); got != "https://eu.vendor.example/" {
		t.Errorf("assigned to europe, Webex stores %s", got)
	}
	assign("bare")
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1, Pushed: 1, Deleted: 1})
	if _, stored := w.cloud.Configuration(w.org.ID(), string(webex.PersistentWebApp)); stored {
		t.Error("a channel without the web app left it at Webex")
	}
	assign("")
	w.wantReport(w.verifyDue(), schedule.Report{Verified: 1, Pushed: 1})
	w.inSync()
	w.wantPushes(webex.DigitalSignage, pushes+2) // bare and the default one have the same address

	assign("europe")
	w.activateOrg(w.org)
	if got := w.shown(); got != "https://eu.vendor.example/" {
		t.Errorf("activated again, Webex stores %s", got)
	}
}

// overtaken is a store at whose first write something else comes first.
type overtaken struct {
	lifecycle.Store
	by func()
}

func (s *overtaken) Save(ctx context.Context, i installation.Installation) (installation.Installation, error) {
	if by := s.by; by != nil {
		s.by = nil
		by()
	}
	return s.Store.Save(ctx, i)
}

// TestAChangeIsOvertaken by a new activation, which is changed then, or by a removal.
func TestAChangeIsOvertaken(t *testing.T) {
	for name, test := range map[string]struct {
		by   func(*world)
		want error
	}{
		"another activation": {func(w *world) { w.pass(time.Second); w.activateOrg(w.org) }, nil},
		"a removal": {func(w *world) {
			w.pass(time.Second)
			w.must(w.act(w.minted(w.cloud.MintAction(w.org.ID(), "deprovision", nil))))
		}, installation.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			w := activatedWorld(t)
			before, _ := w.stored()
			vendor, err := lifecycle.NewVendor(&overtaken{w.store, func() { test.by(w) }}, w.clock, slog.New(slog.DiscardHandler))
			w.must(err)
			changed, err := vendor.AssignChannel(t.Context(), before.Key, "gold")
			wantErr(t, err, test.want)
			if stored, _ := w.stored(); err == nil && (stored.Channel != "gold" || changed.Generation == before.Generation) {
				t.Errorf("stored %q of generation %s, was %s", stored.Channel, changed.Generation, before.Generation)
			}
		})
	}
}
