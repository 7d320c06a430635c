package vendorapi

import (
	"context"
	"maps"
	"slices"
	"time"

	"signpost/shared/gateway"
	"signpost/shared/secret"
)

// RequestsPerMinute is how many requests a label's keys may make together in a minute.
const RequestsPerMinute = 600

// authorize returns the label of the caller's key. It returns [gateway.ErrUnauthorized],
// or a [*gateway.LimitError]. It compares with every key, so that its duration does not
// depend on which one matches.
func (a API) authorize(ctx context.Context, request gateway.Request) (string, error) {
	presented, keys, found := secret.New(request.Bearer()), a.Keys(ctx), ""
	for _, label := range slices.Sorted(maps.Keys(keys)) {
		if presented.In(keys[label]) {
			found = label
		}
	}
	if found == "" {
		return "", gateway.ErrUnauthorized
	}
	now := a.Now()
	count, err := a.Store.CountRequest(ctx, found, now)
	if err == nil && count > RequestsPerMinute {
		err = &gateway.LimitError{RetryAfter: now.Truncate(time.Minute).Add(time.Minute).Sub(now)}
	}
	return found, err
}
