package launch

import (
	"context"
	"time"

	"signpost/shared/installation"
)

// Creator stores launches.
type Creator interface {
	// Create stores l and marks used in one transaction, if the organization's
	// installation exists in region and used is not marked at l.IssuedAt. It makes
	// one request to the store, whatever the number of devices, and repeats it only
	// after a conflict with another transaction, for three attempts in all. It
	// returns [installation.ErrNotFound], [installation.ErrWrongRegion],
	// [installation.ErrReplayed], in this order of precedence,
	// [ErrTooManyDevices] if the list is too large to store, or
	// [installation.ErrConflict] if the third attempt was in conflict too.
	Create(ctx context.Context, l Launch, region string, used installation.Used) error
}

// Customer is what an installation says of its customer.
type Customer struct {
	OrgName string
	// Reference is the vendor's own id of the customer; may be empty.
	Reference string
}

// Taker redeems launches.
type Taker interface {
	// Take deletes the launch with this id, and returns it with its installation's
	// customer. Of concurrent callers, one gets it. It returns [ErrUnknown] if there
	// is no such launch, it has expired at now, or its installation was removed.
	Take(ctx context.Context, id string, now time.Time) (l Launch, of Customer, err error)
}
