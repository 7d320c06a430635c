package lifecycle

import (
	"maps"
	"time"

	"signpost/shared/installation"
)

// WithPass returns the row for display under these settings. If its shard's pass verified
// it later than the row says, it has the pass's time and result: passes do not write rows
// that are in order. A feature whose wanted configuration has changed is pending.
func (s Settings) WithPass(row installation.Installation, pass installation.Pass, now time.Time) installation.Installation {
	row.Features = maps.Clone(row.Features)
	for name, feature := range row.Features {
		if row.Exists() && feature.Endpoint != "" && s.Judge(row, name, nil, now).changes(feature) {
			feature.Status = installation.Pending
			row.Features[name] = feature
		}
	}
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

// WithPass is [Settings.WithPass] under the service's settings.
func (s *Service) WithPass(row installation.Installation, pass installation.Pass, now time.Time) installation.Installation {
	return s.settings.WithPass(row, pass, now)
}
