package installation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"signpost/shared/installation"
	"signpost/shared/secret"
)

func TestDeviceURL(t *testing.T) {
	i := installation.Installation{
		Key:       installation.Key{OrgKey: "org/1 é", AppID: "app"},
		Statement: installation.Statement{Region: "eu-central-1_k"}, DeviceKey: secret.New("KEY"),
	}
	for raw, want := range map[string]string{
		"":                                  "",
		"https://a.example.com/$(deviceId)": "https://a.example.com/$(deviceId)",
		"https://{region}.example.com/":     "https://eu-central-1_k.example.com/",
		"https://a/{organizationKey}":       "https://a/org%2F1%20%C3%A9",
		"https://a/?k={installationKey}&r={region}#{region}": "https://a/?k=KEY&r=eu-central-1_k#eu-central-1_k",
	} {
		if got := i.DeviceURL(raw); got != want {
			t.Errorf("%s is %s, want %s", raw, got, want)
		}
		if mask, err := installation.MaskDeviceURL(raw); err != nil || len(mask) != len(raw) || strings.Contains(mask, "{") {
			t.Errorf("mask of %s is %s, %v", raw, mask, err)
		}
	}
	for _, raw := range []string{"{", "a{}", "{Region}", "{region", "{region}{x}", "{{region}}", "{installationKey }"} {
		if _, err := installation.LongestDeviceURL(raw); !errors.Is(err, installation.ErrUnknownValue) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// A device key is a credential: 26 characters of an alphabet of 32 are 130 bits.
func TestDeviceKey(t *testing.T) {
	one, other := installation.NewDeviceKey(), installation.NewDeviceKey()
	if one.Equal(other) || len(one.Reveal()) != 26 || strings.Trim(one.Reveal(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		t.Errorf("keys %s and %s", one.Reveal(), other.Reveal())
	}
	if printed := fmt.Sprintf("%+v", installation.Installation{DeviceKey: one}); strings.Contains(printed, one.Reveal()) {
		t.Errorf("an installation prints its key: %s", printed)
	}
	longest, err := installation.LongestDeviceURL("{installationKey}")
	if err != nil || len(longest) != len(one.Reveal()) {
		t.Errorf("the longest key is %q, %v", longest, err)
	}
}
