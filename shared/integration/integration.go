// Package integration owns the vendor's integrations at Webex: which app ids are the
// vendor's, and the OAuth client of each. The default integration is that of the
// settings. Every further one, such as a customer's own upload of the manifest, is
// registered in the store, and is chosen by what a verified token says, never by trial.
//
// It opens no sealed secret, and does no I/O but through [Store].
package integration

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"signpost/shared/secret"
)

// ErrUnknown: no integration with this app id is registered for the organization.
var ErrUnknown = errors.New("integration is not registered")

// Integration is one registered integration: one upload of a manifest, which yields an
// OAuth client of its own [page].
type Integration struct {
	// AppID is the id in the manifest, a UUID in lower case.
	AppID string
	// OrgKey is the key of the only organization that it is for, "" for any. One app id
	// may be registered for several: each may have uploaded the same manifest [experience].
	OrgKey string
	// ClientID and ClientSecret are the OAuth client. The secret is sealed for
	// [Integration.SecretPlace].
	ClientID     string
	ClientSecret secret.Sealed
	// Label is the vendor's own name for it; may be empty.
	Label string
	// Reference is the vendor's own id of the customer; may be empty.
	Reference string
	CreatedAt time.Time
	// Invitation is the id of the invitation that the customer registered it with, ""
	// if the vendor did.
	Invitation string
	// UnprovenUntil is when the registration is dropped unless Webex has accepted a
	// refresh token from this client by then; zero once it has, or if the vendor
	// registered it.
	UnprovenUntil time.Time
	// Version counts the writes; 0 is a registration that is not stored.
	Version int64
}

// MaxLabel is the greatest length of a label or a reference, in bytes.
const MaxLabel = 256

// IsLabel reports whether a text can be a label or a reference: one line of at most
// [MaxLabel] bytes, which may be empty.
func IsLabel(text string) bool {
	return len(text) <= MaxLabel && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// SecretPlace names where the sealed client secret is stored. It is bound to the
// ciphertext, which cannot be opened anywhere else.
func (i Integration) SecretPlace() string {
	return "integration#" + i.AppID + "#" + i.OrgKey + "/clientSecret"
}

// Store keeps registrations.
type Store interface {
	// Integrations lists the registrations of an app id that have not expired at now: at
	// most one for each organization and one for any, strongly consistent.
	Integrations(ctx context.Context, appID string, now time.Time) ([]Integration, error)
	// SaveIntegration writes i if its Version is still the one that was read, and raises
	// it by one. It returns [installation.ErrConflict] otherwise.
	SaveIntegration(ctx context.Context, i Integration, now time.Time) (Integration, error)
}
