package model_test

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// maxLag is how much older than the table what a pass reads may be.
const maxLag = time.Second

// written is a row as it was from some time on.
type written struct {
	at  time.Time
	row installation.Installation
}

// asOf returns rows as a reader finds them whose replica lags behind.
func (m *oracle) asOf(rows []installation.Installation, at time.Time) []installation.Installation {
	m.mu.Lock()
	defer m.mu.Unlock()
	var seen []installation.Installation
	for _, row := range rows {
		for _, w := range slices.Backward(m.org(row.OrgKey).past) {
			if !w.at.After(at) {
				if w.row.Exists() {
					seen = append(seen, w.row)
				}
				break
			}
		}
	}
	return seen
}

// asked sees a complete answer about a configuration reach the product, which
// Webex gave at that time.
func (m *oracle) asked(endpoint string, status int, at time.Time) {
	if status >= 300 && status != http.StatusNotFound && status != http.StatusGone {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.askedAt[endpoint] = at
}

// passSaved judges how far a pass is said to have come.
func (m *oracle) passSaved(p installation.Pass) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.passes[p.Shard] = p
	for key := range m.orgs {
		if installation.ShardOf(key) == p.Shard {
			m.verified(key)
		}
	}
}

// endpointsAsked are where Webex is asked about an installation: not about what we
// do not provide and know to be gone.
func endpointsAsked(row installation.Installation) map[webex.Feature]string {
	asked := map[webex.Feature]string{}
	for name, feature := range row.Features {
		if feature.Endpoint != "" && feature.Status != installation.NotProvided {
			asked[name] = feature.Endpoint
		}
	}
	return asked
}

// verified holds what passes say of an installation to what was asked of Webex: no
// row is skipped. m.mu is held.
func (m *oracle) verified(key string) {
	row := m.org(key).row
	if row.State != installation.Active {
		return
	}
	at := m.passes[installation.ShardOf(key)].VerifiedAt(row, lifecycle.Hosts(row), time.Now())
	if !at.After(m.org(key).verifiedAt.Add(maxLag)) {
		return // it is the row that says so, see concluded; the pass may have found it older
	}
	for name, endpoint := range endpointsAsked(row) {
		if asked := m.askedAt[endpoint]; asked.Add(maxLag).Before(at) {
			m.wrong("%s of %s is said to be verified at %s, Webex was asked at %s", name, m.name(key), clock(at), clock(asked))
		}
	}
}

// concluded judges what a row says itself of when it was verified, and that a row
// that is no pass's is due. m.mu is held.
func (m *oracle) concluded(before, row installation.Installation) {
	if !row.Exists() {
		return
	}
	schedule := row.Schedule
	if elsewhere := row.State != installation.Active || schedule.Failures > 0 || row.Work.Owner != ""; elsewhere && schedule.DueAt.IsZero() {
		m.wrong("%s is left to the queue (%s, %d failures), and is not due", m.name(row.OrgKey), row.State, schedule.Failures)
	}
	if schedule.VerifiedAt.Equal(before.Schedule.VerifiedAt) {
		return
	}
	m.org(row.OrgKey).verifiedAt = time.Now()
	for name, endpoint := range endpointsAsked(row) {
		if asked := m.askedAt[endpoint]; asked.Add(installation.LeaseLife).Before(schedule.VerifiedAt) {
			m.wrong("%s of %s was verified at %s, Webex was asked at %s", name, m.name(row.OrgKey), clock(schedule.VerifiedAt), clock(asked))
		}
	}
}

// name is an organization's for people.
func (m *oracle) name(key string) string { return cmp.Or(m.names[key], key) }
