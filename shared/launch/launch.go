// Package launch owns cross-launches: an administrator selects devices in Control
// Hub, which opens the vendor's page with a code in its address. The page's server
// redeems the code once, for the list of devices. An activation in the browser can end with
// a launch too, which leads the administrator to the vendor's onboarding. The package does
// no I/O.
package launch

import (
	"errors"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// ErrUnknown: no such launch. It never existed, was redeemed, is too old, or its
// installation was removed; the four look the same.
var ErrUnknown = errors.New("unknown launch")

// ErrTooManyDevices: more devices than one launch can hold.
var ErrTooManyDevices = errors.New("too many devices in one launch")

// ErrFeatureNotProvided: this deployment does not provide the feature.
var ErrFeatureNotProvided = errors.New("feature is not provided")

// ErrDevice: a device of the list is malformed. [DeviceError] says which and why.
var ErrDevice = errors.New("device list is malformed")

const (
	// MaxDevices is how many devices one launch can hold, duplicates counted.
	MaxDevices = 10_000
	// MaxDeviceField is the greatest length of a device's id or name, in bytes.
	MaxDeviceField = 512
	// Life is how long a launch can be redeemed.
	Life = 5 * time.Minute
	// WelcomeLife is how long the launch of an activation can be redeemed: an
	// administrator reads the page before going on.
	WelcomeLife = 15 * time.Minute
)

// Welcome is the task of the launch at the end of an activation. It is ours: no token has
// it.
const Welcome webex.Task = "welcome"

// Device is a device that an administrator selected. Webex does not sign the list:
// the content server must check that the devices are the organization's.
type Device struct {
	DeviceID    string `json:"deviceId"`
	DisplayName string `json:"displayName,omitempty"`
}

// Launch is one cross-launch.
type Launch struct {
	// ID is the digest of the code; see [secret.CodeID].
	ID string
	// Key is that of the installation.
	installation.Key
	// OrgID is the token's `sub`.
	OrgID string
	// Feature is "" for a [Welcome], which has no devices either.
	Feature webex.Feature
	Task    webex.Task
	Devices []Device
	// UserID is who activated the integration, for a [Welcome], "" if Webex did not say.
	UserID   string
	IssuedAt time.Time // by our clock
}

// ExpiresAt is when the launch can no longer be redeemed.
func (l Launch) ExpiresAt() time.Time {
	if l.Task == Welcome {
		return l.IssuedAt.Add(WelcomeLife)
	}
	return l.IssuedAt.Add(Life)
}
