package lifecycle

import (
	"time"

	"signpost/shared/installation"
)

// WithPass returns the row, for display, with the time and the result of its shard's
// pass if that verified it last: passes do not write the rows that they find in order.
func WithPass(row installation.Installation, pass installation.Pass, now time.Time) installation.Installation {
	verified := pass.VerifiedAt(row, Hosts(row), now)
	if !verified.After(row.Schedule.VerifiedAt) {
		return row
	}
	row.Schedule.VerifiedAt = verified
	if row.Schedule.LastResult != ResultDrifting { // the next push is still postponed
		row.Schedule.LastResult = ResultInOrder
	}
	return row
}
