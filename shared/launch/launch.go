// Package launch owns cross-launches: an admin chose devices in Control Hub,
// and the vendor's own page, which Control Hub opens, must learn which. The
// page gets a code in its address; its server redeems the code, once. The
// package does no I/O of its own.
package launch

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"signpost/shared/webex"
)

// ErrUnknown: no such launch. It never existed, was redeemed, is too old, or
// its installation was removed; nobody learns which.
var ErrUnknown = errors.New("unknown launch")

// ErrTooManyDevices: more devices than one launch may hold.
var ErrTooManyDevices = errors.New("too many devices in one launch")

// ErrFeatureNotProvided: this deployment does not provide the feature.
var ErrFeatureNotProvided = errors.New("feature is not provided")

// ErrDevice: a device of the list is not usable. Wrapped with what is wrong.
var ErrDevice = errors.New("device list is malformed")

const (
	// MaxDevices is how many devices one launch may hold, duplicates counted.
	MaxDevices = 10_000
	// MaxDeviceField is how long a device's id or name may be, in bytes.
	MaxDeviceField = 512
	// Life is how long a launch can be redeemed.
	Life = 5 * time.Minute
)

// Device is one that an admin selected. The list is Control Hub's word and not
// signed: whoever redeems it must check that the devices are the
// organization's.
type Device struct {
	DeviceID    string `json:"deviceId"`
	DisplayName string `json:"displayName,omitempty"`
}

// Launch is one cross-launch.
type Launch struct {
	// ID is the digest of the code; see [IDOf].
	ID string
	// OrgKey is [webex.OrganizationKey] of OrgID.
	OrgKey string
	// OrgID is the token's `sub`.
	OrgID   string
	AppID   string
	Feature webex.Feature
	Task    webex.Task
	Devices []Device
	// IssuedAt is our time of receipt.
	IssuedAt time.Time
}

// ExpiresAt is when the launch can no longer be redeemed.
func (l Launch) ExpiresAt() time.Time { return l.IssuedAt.Add(Life) }

// NewCode makes a launch code: 256 random bits, in 43 characters that are safe
// in a URL. It is a credential.
func NewCode() string {
	var random [32]byte
	rand.Read(random[:]) // never fails: it crashes the program instead
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// IDOf returns the id under which the launch with this code is stored: its
// SHA-256, so that the table does not hold what opens a launch.
func IDOf(code string) string {
	sum := sha256.Sum256([]byte(code))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
