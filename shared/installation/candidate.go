package installation

import (
	"cmp"
	"fmt"
	"time"

	"signpost/shared/webex"
)

// CandidateLife is how long an unproven candidate is kept: the lifetime of a
// refresh token, after which it can no longer be proven.
const CandidateLife = 90 * 24 * time.Hour

// CandidateKind is what a candidate becomes when it is proven.
type CandidateKind string

const (
	// Activation becomes the organization's installation.
	Activation CandidateKind = "activation"
	// Move brings the installation to another region, as a token signed by the
	// new region says.
	Move CandidateKind = "move"
)

// Candidate is what a token asks for before it is proven. The proof is that Webex
// accepts its refresh token from our OAuth client. A candidate is stored before
// Webex is called, beside the installation, which does not change until the proof.
type Candidate struct {
	Key
	Kind CandidateKind
	// ID is the digest of the token's `jti`; for an activation it is the
	// generation that it would begin.
	ID      string
	Version int64

	Change
	// AcceptableUntil is when the token can no longer be accepted.
	AcceptableUntil time.Time
	// BaseURL is our public address as Webex reached it.
	BaseURL string
	Invited

	// Refused is set once Webex refused the refresh token: the row stays, but
	// the schedule does not try it again. RefusedWith is a digest of the settings
	// and credentials that it was refused with: when the same token is posted again,
	// it is tried again only if they have changed.
	Refused     bool
	RefusedWith string

	Work     Lease
	Schedule Schedule
	// ForgetAt is when the store may drop it.
	ForgetAt time.Time
	// Unknown is as [Installation.Unknown].
	Unknown any
}

// Invited is what an activation takes over from the invitation that it came with; zero
// without one.
type Invited struct {
	// Invitation is the id of the invitation, which the activation uses up.
	Invitation string
	// Reference is the vendor's own id of the customer.
	Reference string
}

// NewCandidate returns what token asks for, without its refresh token, which
// the caller seals. baseURL is our public address.
func NewCandidate(kind CandidateKind, token webex.Token, baseURL string, now time.Time) Candidate {
	c := Candidate{
		Key: KeyOf(token), Kind: kind, ID: Digest(token.ID),
		Change: NewChange(token), AcceptableUntil: token.AcceptableUntil(),
		BaseURL: baseURL, ForgetAt: now.Add(CandidateLife),
	}
	c.Region = cmp.Or(c.Region, token.KeyRegion)
	return c
}

// Used returns the mark of c's token. The schedule tries a candidate again for
// as long as it is kept, so the mark outlives the token's own time.
func (c Candidate) Used() Used {
	return Used{Key: c.Key, ID: c.ID, Until: c.AcceptableUntil.Add(CandidateLife), Invitation: c.Invitation}
}

// Generation is the generation that an activation would begin.
func (c Candidate) Generation() Generation { return Generation(c.ID) }

// CheckActivation reports whether an activation with this `iat` and generation
// may replace current, which may be the zero Installation: [ErrReplayed] if it
// began current, whether that was removed since or not, [ErrStale] if it is older
// than the last activation or removal. An action applied since the code was
// issued does not prevent it, see [Candidate.Promote]: Webex sends actions for an
// activation that may not have arrived here yet.
func CheckActivation(current Installation, generation Generation, issuedAt time.Time) error {
	switch {
	case current.Version == 0:
		return nil
	case current.Generation == generation:
		return fmt.Errorf("activation of %s: %w", current.OrgKey, ErrReplayed)
	case issuedAt.Before(current.ActivatedAt) || issuedAt.Before(current.RemovedAt):
		return fmt.Errorf("activation of %s: %w", current.OrgKey, ErrStale)
	default:
		return nil
	}
}

// Promote returns the installation that the proven activation c becomes in
// place of current. What later tokens said of current is kept: the code would
// restore addresses that the customer has moved away from. The caller sets the
// OAuth tokens. An in-progress worker keeps its lease: both activations are of the
// same devices. It returns the errors of [CheckActivation].
func (c Candidate) Promote(current Installation) (Installation, error) {
	if err := CheckActivation(current, c.Generation(), c.IssuedAt); err != nil {
		return Installation{}, err
	}
	next := Installation{
		Key: c.Key, Statement: c.Statement,
		State: Active, Generation: c.Generation(), Version: current.Version, Revision: current.Revision + 1,
		ActivatedAt: c.IssuedAt, LastActionAt: c.IssuedAt, ActivationUntil: c.AcceptableUntil,
		MovedAt: c.IssuedAt, EndpointsAt: c.IssuedAt,
		Features: map[webex.Feature]Feature{}, BaseURL: c.BaseURL, Notice: NoticeActivated,
		Reference: cmp.Or(c.Reference, current.Reference), Channel: current.Channel,
		Tokens: Tokens{IssuedAt: c.IssuedAt}, Work: current.Work,
	}
	for feature, endpoint := range c.Endpoints {
		next.Features[feature] = Feature{Endpoint: endpoint, Status: Pending}
	}
	if current.Exists() {
		next.DeviceKey, next.ChannelRevision, next.Reloads = current.DeviceKey, current.ChannelRevision, current.Reloads
		next.keepNewer(current)
	}
	return next, nil
}

// keepNewer copies from other, another activation or another copy of the same
// organization, what tokens issued after i's own said, and reports whether there
// were any.
func (i *Installation) keepNewer(other Installation) bool {
	acted, moved, offered := other.LastActionAt.After(i.LastActionAt), other.MovedAt.After(i.MovedAt), other.EndpointsAt.After(i.EndpointsAt)
	if acted {
		i.LastActionAt, i.Subject = other.LastActionAt, other.Subject
		i.ManifestVersion = max(i.ManifestVersion, other.ManifestVersion)
	}
	if moved {
		if i.URLs.App != other.URLs.App {
			i.RegisteredActionsURL = ""
		}
		// The access token may be another region's.
		i.Tokens.Access, i.Tokens.AccessExpiresAt = nil, time.Time{}
		i.MovedAt, i.Region, i.URLs = other.MovedAt, other.Region, other.URLs
	}
	if offered {
		i.EndpointsAt, i.Features = other.EndpointsAt, map[webex.Feature]Feature{}
		for name, feature := range other.Features {
			i.Features[name] = Feature{Endpoint: feature.Endpoint, Status: Pending}
		}
	}
	return acted || moved || offered
}

// Apply returns current after the proven move c, or [ErrStale] if a newer action
// was applied since. An activation issued before the move is not newer, however
// late it arrived.
func (c Candidate) Apply(current Installation) (Installation, error) {
	if !current.Exists() || c.IssuedAt.Before(current.LastActionAt) {
		return Installation{}, fmt.Errorf("move of %s: %w", c.OrgKey, ErrStale)
	}
	return current.changed(c.Change), nil
}
