package launch

import (
	"context"
	"time"

	"signpost/shared/installation"
)

// Creator stores launches.
type Creator interface {
	// Create stores l and marks used in one transaction, on the condition that
	// the organization's installation exists and lives in region. It is one
	// request to the store, whatever the number of devices; only a conflict
	// with another transaction repeats it, three times at most. It returns
	// [installation.ErrNotFound], [installation.ErrWrongRegion],
	// [installation.ErrReplayed], in this order of precedence, or
	// [ErrTooManyDevices] if the list is too large to store, and
	// [installation.ErrConflict] if the third try was in conflict too.
	// Whether the token was marked before is asked at l.IssuedAt.
	Create(ctx context.Context, l Launch, region string, used installation.Used) error
}

// Taker redeems launches.
type Taker interface {
	// Take returns the launch with this id and its installation's orgName,
	// and deletes the launch: of any number of callers one gets it. It returns
	// [ErrUnknown] if it is not there, is past its ExpiresAt at now, or its
	// installation no longer exists.
	Take(ctx context.Context, id string, now time.Time) (l Launch, orgName string, err error)
}
