package installation

import "time"

// Used is the mark that a token was applied, kept as long as the token, or the
// candidate made from it, could be accepted again.
type Used struct {
	Key
	// ID is the digest of the token's `jti`.
	ID string
	// Until is when the mark expires, whether or not the store has deleted it.
	Until time.Time
	// Invitation is the id of the invitation that is used up with the token, "" for
	// none. It is not stored with the mark.
	Invitation string
}

// Ref names a row to be claimed: an installation, or one of its candidates.
type Ref struct {
	Key
	// Candidate is the candidate's ID, "" for the installation itself.
	Candidate string
	// DueAt is since when the row is due; it is claimed only while it is due. With the
	// zero time it is claimed regardless, by a worker that found that it needs work.
	DueAt time.Time
	// ChannelRevision, unless 0, is the [Installation.ChannelRevision] that an installation
	// gets with the claim.
	ChannelRevision int
}

// Work is a row that a worker has claimed: exactly one of the two is set.
type Work struct {
	Installation *Installation
	Candidate    *Candidate
}
