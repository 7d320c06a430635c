package dynamo

import (
	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// candidateRow is an [installation.Candidate] in the table; its ID is the end
// of its sort key.
type candidateRow struct {
	workedRow
	Kind string `dynamodbav:"kind"`

	IssuedAt        int64             `dynamodbav:"issuedAt,omitempty"`
	AcceptableUntil int64             `dynamodbav:"acceptableUntil,omitempty"`
	Endpoints       map[string]string `dynamodbav:"endpoints,omitempty"`
	AllEndpoints    bool              `dynamodbav:"allEndpoints,omitempty"`
	Refused         bool              `dynamodbav:"refused,omitempty"`
	RefusedWith     string            `dynamodbav:"refusedWith,omitempty"`
	Invitation      string            `dynamodbav:"invitation,omitempty"`
}

// newCandidateRow returns the row of c after its next write. A refused candidate
// is not queued, regardless of c.
func newCandidateRow(c installation.Candidate) candidateRow {
	row := candidateRow{
		workedRow: newWorkedRow(c.Key, candidateSK(c.ID), c.Version, c.Statement, c.Work, c.Schedule, c.Unknown),
		Kind:      string(c.Kind), IssuedAt: millis(c.IssuedAt), AcceptableUntil: millis(c.AcceptableUntil),
		AllEndpoints: c.AllEndpoints, Refused: c.Refused, RefusedWith: c.RefusedWith, Invitation: c.Invitation,
	}
	row.ExpiresAt, row.BaseURL, row.Reference, row.RefreshToken = expirySeconds(c.ForgetAt), c.BaseURL, c.Reference, c.Refresh
	if len(c.Endpoints) > 0 {
		row.Endpoints = make(map[string]string, len(c.Endpoints))
		for feature, endpoint := range c.Endpoints {
			row.Endpoints[string(feature)] = endpoint
		}
	}
	row.queued = queue(c.Key, c.Schedule.DueAt, !c.Refused, row.ExpiresAt)
	return row
}

func (r candidateRow) candidate() installation.Candidate {
	c := installation.Candidate{
		Key: r.installationKey(), Kind: installation.CandidateKind(r.Kind), ID: candidateID(r.SK), Version: r.Version,
		Change: installation.Change{
			Statement: r.statement(), IssuedAt: instant(r.IssuedAt),
			AllEndpoints: r.AllEndpoints, Refresh: secret.Sealed(r.RefreshToken),
		},
		AcceptableUntil: instant(r.AcceptableUntil), BaseURL: r.BaseURL, Invited: installation.Invited{Invitation: r.Invitation, Reference: r.Reference}, Refused: r.Refused, RefusedWith: r.RefusedWith,
		Work: r.lease(), Schedule: r.schedule(r.DueAt), ForgetAt: expiryTime(r.ExpiresAt),
		Unknown: r.unknown.carried(),
	}
	if len(r.Endpoints) > 0 {
		c.Endpoints = make(map[webex.Feature]string, len(r.Endpoints))
		for feature, endpoint := range r.Endpoints {
			c.Endpoints[webex.Feature(feature)] = endpoint
		}
	}
	return c
}
