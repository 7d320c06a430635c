// Package invitation owns invitations: links that the vendor gives to one customer each,
// for the default integration or for a private one, whose manifest the customer uploads
// on its own. A link leads through the activation, and is used up by it.
//
// It decides what a link allows. The activation itself is package lifecycle's.
package invitation

import (
	"errors"
	"strings"
	"time"

	"signpost/shared/installation"
)

// ErrUnknown: no such invitation. It never existed, was used, was revoked, or has
// expired; the four look the same.
var ErrUnknown = errors.New("unknown invitation")

// ErrInvalid: what was posted or ordered is not valid. [InvalidError] says why.
var ErrInvalid = errors.New("invalid input")

// InvalidError is an [ErrInvalid] with all problems, in words for whoever sent it. They
// contain nothing of what was sent.
type InvalidError struct{ Problems []string }

// Error joins the problems.
func (e *InvalidError) Error() string { return strings.Join(e.Problems, "; ") }

// Unwrap returns [ErrInvalid].
func (*InvalidError) Unwrap() error { return ErrInvalid }

const (
	// DefaultLife and MaxLife are how long an invitation can be used.
	DefaultLife = 14 * 24 * time.Hour
	MaxLife     = 90 * 24 * time.Hour
	// keptFor is how long it is still listed after that.
	keptFor = 90 * 24 * time.Hour
)

// Invitation is one invitation.
type Invitation struct {
	// ID is the digest of the code; see secret.CodeID.
	ID string
	// AppID is that of the integration which it is for, in lower case: the default one,
	// or, if Private, one whose manifest only this customer gets.
	AppID   string
	Private bool
	// Reference is the vendor's own id of the customer, Label a name for the vendor's
	// lists. Both may be empty, and the customer sees neither.
	Reference, Label string
	CreatedAt        time.Time
	ExpiresAt        time.Time
	// RevokedAt and UsedAt are zero if it was not; UsedBy is the installation that it
	// was used for.
	RevokedAt time.Time
	UsedAt    time.Time
	UsedBy    installation.Key
	// Version counts the writes; 0 is an invitation that is not stored.
	Version int64
}

// ForgetAt is when the store may drop it.
func (i Invitation) ForgetAt() time.Time { return i.ExpiresAt.Add(keptFor) }

// State is what became of an invitation.
type State string

// The states of an invitation.
const (
	Open    State = "open"
	Used    State = "used"
	Revoked State = "revoked"
	Expired State = "expired"
)

// State returns what has become of the invitation at now.
func (i Invitation) State(now time.Time) State {
	switch {
	case !i.UsedAt.IsZero():
		return Used
	case !i.RevokedAt.IsZero():
		return Revoked
	case !now.Before(i.ExpiresAt):
		return Expired
	default:
		return Open
	}
}

// Invited is what an activation takes over from the invitation.
func (i Invitation) Invited() installation.Invited {
	return installation.Invited{Invitation: i.ID, Reference: i.Reference}
}
