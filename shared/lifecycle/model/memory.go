package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/launch"
)

// maxDone is how many candidates one Commit takes.
const maxDone = 97

// Memory is a store of installations, candidates and launches in memory, with
// the contract of the real one: the same conditions, the same rounding of
// times, the same order of errors. It is safe for concurrent use.
type Memory struct {
	mu       sync.Mutex
	orgs     map[installation.Key]*organization
	refusals map[string]installation.Refusals // by client id
	launches map[string]launch.Launch
	passes   [installation.Shards]installation.Pass
	invited  map[string]bool // the ids of invitations that are used up
}

// organization is all that is kept of one.
type organization struct {
	row        installation.Installation // Version 0: none
	candidates map[string]installation.Candidate
	used       map[string]time.Time // digest → until
	// queued says what is in the indexes, by the candidate's id, "" for the row:
	// decided when it is written whole, not when it is claimed.
	queued map[string]bool
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	m := &Memory{orgs: map[installation.Key]*organization{}, refusals: map[string]installation.Refusals{}, launches: map[string]launch.Launch{}, invited: map[string]bool{}}
	for shard := range m.passes {
		m.passes[shard].Shard = shard
	}
	return m
}

// org returns what is kept of an organization; m.mu is held.
func (m *Memory) org(key installation.Key) *organization {
	org := m.orgs[key]
	if org == nil {
		org = &organization{
			candidates: map[string]installation.Candidate{}, used: map[string]time.Time{}, queued: map[string]bool{},
		}
		m.orgs[key] = org
	}
	return org
}

// gone reports whether what expires then is gone at now; the zero time is never.
func gone(expires, now time.Time) bool { return !expires.IsZero() && expires.Unix() <= now.Unix() }

// Find implements the store's contract.
func (m *Memory) Find(_ context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	org := m.org(key)
	var found installation.Installation
	if org.row.Version != 0 && !gone(org.row.ForgetAt, now) {
		found = cloneInstallation(org.row)
	}
	var candidates []installation.Candidate
	for _, id := range slices.Sorted(maps.Keys(org.candidates)) {
		if c := org.candidates[id]; !gone(c.ForgetAt, now) {
			candidates = append(candidates, cloneCandidate(c))
		}
	}
	return found, candidates, nil
}

// Used implements the store's contract.
func (m *Memory) Used(_ context.Context, key installation.Key, id string, now time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	until, marked := m.org(key).used[id]
	return marked && !gone(until, now), nil
}

// PutCandidate implements the store's contract.
func (m *Memory) PutCandidate(_ context.Context, c installation.Candidate) (installation.Candidate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	org := m.org(c.Key)
	if org.candidates[c.ID].Version != c.Version {
		return installation.Candidate{}, fmt.Errorf("put candidate of %s: %w", c.Key.Text(), installation.ErrConflict)
	}
	stored := storedCandidate(c)
	org.candidates[c.ID] = stored
	org.queued[c.ID] = !c.Refused && workable(c.Schedule.DueAt, stored.ForgetAt)
	return cloneCandidate(stored), nil
}

// workable reports whether a row is not gone by the time at which it is due, if any.
func workable(dueAt, forgetAt time.Time) bool { return dueAt.IsZero() || !gone(forgetAt, dueAt) }

// put writes the row; m.mu is held.
func (o *organization) put(i installation.Installation) installation.Installation {
	o.row = storedInstallation(i)
	o.queued[""] = i.Exists() && workable(i.Schedule.DueAt, o.row.ForgetAt)
	return cloneInstallation(o.row)
}

// DeleteCandidate implements the store's contract.
func (m *Memory) DeleteCandidate(_ context.Context, c installation.Candidate) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	org := m.org(c.Key)
	if stored, there := org.candidates[c.ID]; there && stored.Version != c.Version {
		return fmt.Errorf("delete candidate of %s: %w", c.Key.Text(), installation.ErrConflict)
	}
	delete(org.candidates, c.ID)
	return nil
}

// Save implements the store's contract.
func (m *Memory) Save(_ context.Context, i installation.Installation) (installation.Installation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	org := m.org(i.Key)
	if org.row.Version != i.Version || i.Version != 0 && org.row.Generation != i.Generation {
		return installation.Installation{}, fmt.Errorf("save installation of %s: %w", i.Key.Text(), installation.ErrConflict)
	}
	return org.put(i), nil
}

// Commit implements the store's contract.
func (m *Memory) Commit(_ context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (installation.Installation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.commitable(i, used, done, now); err != nil {
		return installation.Installation{}, fmt.Errorf("commit installation of %s: %w", i.Key.Text(), err)
	}
	stored := m.org(i.Key).put(i)
	m.org(used.Key).used[used.ID] = wholeSeconds(used.Until)
	if used.Invitation != "" {
		m.invited[used.Invitation] = true
	}
	for _, c := range done {
		delete(m.org(c.Key).candidates, c.ID)
	}
	return stored, nil
}

// commitable checks a commit's conditions; m.mu is held.
func (m *Memory) commitable(i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) error {
	switch {
	case used.ID == "":
		return errors.New("no token to mark as used")
	case len(done) > maxDone:
		return fmt.Errorf("%d candidates are more than a transaction takes", len(done))
	}
	if until, marked := m.org(used.Key).used[used.ID]; marked && !gone(until, now) {
		return installation.ErrReplayed
	}
	if m.invited[used.Invitation] {
		return installation.ErrInvited
	}
	row := m.org(i.Key).row
	if row.Version != i.Version && !(i.Version == 0 && gone(row.ForgetAt, now)) {
		return installation.ErrConflict
	}
	for _, c := range done {
		stored, there := m.org(c.Key).candidates[c.ID]
		if there != (c.Version != 0) || stored.Version != c.Version {
			return installation.ErrConflict
		}
	}
	return nil
}

// queue is what is queued in a shard and due at now, earliest first; m.mu is
// held.
func (m *Memory) queue(shard int, now time.Time) []queued {
	var due []queued
	add := func(ref installation.Ref, queuedUp bool, dueAt time.Time) {
		if queuedUp && !dueAt.IsZero() && dueAt.UnixMilli() <= now.UnixMilli() {
			due = append(due, queued{ref, dueAt})
		}
	}
	for key, org := range m.orgs {
		if installation.ShardOf(key.OrgKey) != shard {
			continue
		}
		add(installation.Ref{Key: key}, org.row.Version != 0 && org.queued[""], org.row.Schedule.DueAt)
		for id, c := range org.candidates {
			add(installation.Ref{Key: key, Candidate: id}, org.queued[id], c.Schedule.DueAt)
		}
	}
	slices.SortFunc(due, queued.compare)
	return due
}

type queued struct {
	ref   installation.Ref
	dueAt time.Time
}

func (q queued) compare(other queued) int {
	if order := q.dueAt.Compare(other.dueAt); order != 0 {
		return order
	}
	return strings.Compare(q.ref.Key.Text()+"#"+q.ref.Candidate, other.ref.Key.Text()+"#"+other.ref.Candidate)
}

func (q queued) cursor() string {
	return strconv.FormatInt(q.dueAt.UnixMilli(), 10) + "#" + q.ref.Key.Text() + "#" + q.ref.Candidate
}

// Due implements the store's contract.
func (m *Memory) Due(_ context.Context, shard int, now time.Time, cursor string, limit int) ([]installation.Ref, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	due := m.queue(shard, now)
	if cursor != "" {
		at := slices.IndexFunc(due, func(q queued) bool { return q.cursor() == cursor })
		due = due[at+1:] // one that is not listed any more begins anew
	}
	next := ""
	if limit = max(limit, 1); len(due) > limit {
		due = due[:limit]
		next = due[limit-1].cursor()
	}
	refs := make([]installation.Ref, len(due))
	for n, q := range due {
		refs[n] = q.ref
		refs[n].DueAt = wholeMillis(q.dueAt)
	}
	return refs, next, nil
}

// CountDue implements the store's contract.
func (m *Memory) CountDue(_ context.Context, shard int, now time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.queue(shard, now)), nil
}

// Claim implements the store's contract.
func (m *Memory) Claim(_ context.Context, ref installation.Ref, lease installation.Lease, now time.Time) (installation.Work, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	org := m.org(ref.Key)
	c, row := org.candidates[ref.Candidate], org.row
	held, dueAt, there, forgetAt := row.Work, row.Schedule.DueAt, row.Version != 0, row.ForgetAt
	if ref.Candidate != "" {
		held, dueAt, there, forgetAt = c.Work, c.Schedule.DueAt, c.Version != 0, c.ForgetAt
	}
	due := ref.DueAt.IsZero() || !dueAt.IsZero() && dueAt.UnixMilli() <= now.UnixMilli()
	claimable := there && org.queued[ref.Candidate] && due &&
		(held.Until.IsZero() || held.Until.UnixMilli() <= now.UnixMilli()) && !gone(forgetAt, now)
	if !claimable {
		return installation.Work{}, fmt.Errorf("claim work of %s: %w", ref.Key.Text(), installation.ErrConflict)
	}
	if ref.Candidate != "" {
		c.Work, c.Schedule.DueAt = lease, lease.Until
		stored := storedCandidate(c)
		org.candidates[ref.Candidate] = stored
		claimed := cloneCandidate(stored)
		return installation.Work{Candidate: &claimed}, nil
	}
	row.Work, row.Schedule.DueAt = lease, lease.Until
	row.ChannelRevision = cmp.Or(ref.ChannelRevision, row.ChannelRevision)
	org.row = storedInstallation(row)
	claimed := cloneInstallation(org.row)
	return installation.Work{Installation: &claimed}, nil
}
