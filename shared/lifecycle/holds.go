package lifecycle

import (
	"slices"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Holds reports whether an installation, as its row says, holds what its channel wants.
// It does not if the outcome of its last push is unknown.
func (s *Service) Holds(row installation.Installation) bool {
	now := s.now()
	return !slices.ContainsFunc(webex.Features, func(name webex.Feature) bool {
		feature := row.Features[name]
		return feature.Status == installation.Pending || s.settings.Judge(row, name, nil, now).changes(feature)
	})
}
