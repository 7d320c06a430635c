package channel_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"signpost/shared/channel"
	"signpost/shared/config/configtest"
	"signpost/shared/installation"
)

// TestCheckReload: an address that has no room for a reload's parameter is found, also in
// the revision that a rollout gives out.
func TestCheckReload(t *testing.T) {
	long := func(length int) channel.Document {
		return parsed(t, `{"channels": {"long": {"SIGNAGE_URL": "https://x.example.com/?`+strings.Repeat("a", length)+`"}}}`)
	}
	length := 2048
	for long(length).Check(configtest.Environ()) != nil {
		length--
	}
	for name, test := range map[string]struct {
		current, next channel.Document
		want          error
	}{
		"neither":    {long(100), long(100), nil},
		"current":    {long(length), long(100), channel.ErrNoRoom},
		"in rollout": {long(100), long(length), channel.ErrNoRoom},
		"just room":  {long(length - installation.ReloadLength), long(100), nil},
	} {
		store := &revisions{kept: map[int]channel.Document{1: test.current, 2: test.next}}
		store.current = channel.Current{Version: 1, Revision: 1, Latest: 2, Rollout: &channel.Rollout{
			Plan: channel.Plan{Stages: []installation.Stage{{Share: 1}}}, Revision: 2, State: channel.Running,
		}}
		channels, err := channel.NewSource(store, configtest.Environ(), time.Now).Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := channels.CheckReload(); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}
