// Package installationtest holds what tests that store installations share.
package installationtest

import (
	"signpost/shared/installation"
	"signpost/shared/webex/webextest"
)

// Key returns the key of an organization's installation of the simulated Webex's default
// integration.
func Key(orgKey string) installation.Key {
	return installation.Key{OrgKey: orgKey, AppID: webextest.DefaultAppID}
}
