package installation

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
)

// Stage is one step of a rollout: the installations that get the new revision of the
// channels with it, beside those of the stages before.
type Stage struct {
	// Organizations are the keys of the organizations in it; empty if Share is set.
	Organizations []string `json:"organizations,omitempty" dynamodbav:"organizations,omitempty"`
	// Share is the share of all organizations, above 0 to 1.
	Share float64 `json:"share,omitempty" dynamodbav:"share,omitempty"`
}

// InStages reports whether one of the stages includes the installation. A greater share
// includes every organization that a smaller one does.
func (i Installation) InStages(stages []Stage) bool {
	return slices.ContainsFunc(stages, func(s Stage) bool {
		return slices.Contains(s.Organizations, i.OrgKey) || i.place() < s.Share
	})
}

// place is the organization's place in the order of a rollout, from 0 to below 1.
func (i Installation) place() float64 {
	sum := sha256.Sum256([]byte("rollout#" + i.OrgKey))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / math.Exp2(53)
}
