package installation

import "time"

// Failure is how a worker's try ended, where it failed of Webex, kept for other
// workers that wait for its result. The zero Failure is none.
type Failure struct {
	// Owner is the lease of the worker that failed.
	Owner string
	// Status is the HTTP status of Webex's answer, 0 if there was none; Code is
	// OAuth's error code, where the token endpoint gave one.
	Status int
	Code   string
	// RetryAt is until when Webex asked to be left alone, zero if it did not say.
	RetryAt time.Time
}

// Of reports whether it is the failure of the worker with this lease.
func (f Failure) Of(lease Lease) bool { return f.Owner != "" && f.Owner == lease.Owner }
