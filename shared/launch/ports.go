package launch

import (
	"context"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Creator stores launches.
type Creator interface {
	// Create stores l and marks used in one transaction, if the organization's
	// installation exists in region and used is not marked at l.IssuedAt. It makes
	// one request to the store, whatever the number of devices, and repeats it only
	// after a conflict with another transaction, for three attempts in all, or while the
	// table is throttled. It
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
	Region    string
	Scopes    []string
	Features  map[webex.Feature]installation.FeatureView
}

// CustomerOf returns what i says of its customer.
func CustomerOf(i installation.Installation) Customer {
	of := Customer{
		OrgName: i.OrgName, Reference: i.Reference, Region: i.Region, Scopes: append([]string{}, i.Scopes...),
		Features: map[webex.Feature]installation.FeatureView{},
	}
	for name, feature := range i.Features {
		of.Features[name] = feature.View()
	}
	return of
}

// Keeper stores the launches of activations.
type Keeper interface {
	// SaveLaunch stores l.
	SaveLaunch(ctx context.Context, l Launch) error
}

// Taker redeems launches.
type Taker interface {
	// Take deletes the launch with this id, and returns it with its installation's
	// customer. Of concurrent callers, one gets it. It returns [ErrUnknown] if there
	// is no such launch, it has expired at now, or its installation was removed.
	Take(ctx context.Context, id string, now time.Time) (l Launch, of Customer, err error)
}
