package installation

import "time"

// Failure is how a worker's call to Webex failed, stored for other workers that wait
// for its result. The zero Failure is none.
type Failure struct {
	// Owner is the lease of the worker that failed.
	Owner string
	// Status is the HTTP status of Webex's response, 0 if there was none; Code is
	// OAuth's error code, where the token endpoint gave one.
	Status int
	Code   string
	// RetryAt is when Webex allows the next call, zero if it did not say.
	RetryAt time.Time
}

// Of reports whether f is the failure of the worker that holds this lease.
func (f Failure) Of(lease Lease) bool { return f.Owner != "" && f.Owner == lease.Owner }
