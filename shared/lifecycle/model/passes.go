package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"signpost/shared/installation"
)

// Passes implements the store's contract.
func (m *Memory) Passes(context.Context) ([]installation.Pass, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	passes := make([]installation.Pass, len(m.passes))
	for shard, p := range m.passes {
		passes[shard] = clonePass(p)
	}
	return passes, nil
}

// SavePass implements the store's contract.
func (m *Memory) SavePass(_ context.Context, p installation.Pass) (installation.Pass, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.passes[p.Shard].Version != p.Version {
		return installation.Pass{}, fmt.Errorf("save the pass of shard %d: %w", p.Shard, installation.ErrConflict)
	}
	m.passes[p.Shard] = storedPass(p)
	return clonePass(m.passes[p.Shard]), nil
}

// Page implements the store's contract.
func (m *Memory) Page(_ context.Context, shard int, place string, limit int) (installation.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []installation.Key
	for key, org := range m.orgs {
		if installation.ShardOf(key.OrgKey) == shard && key.Text() > place && org.indexed() {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compareKeys)
	page := installation.Page{Last: place, End: len(keys) <= limit}
	for _, key := range keys[:min(limit, len(keys))] {
		if page.Last = key.Text(); m.orgs[key].row.Exists() {
			page.Rows = append(page.Rows, cloneInstallation(m.orgs[key].row))
		}
	}
	return page, nil
}

// Keys implements the store's contract.
func (m *Memory) Keys(_ context.Context, orgKey string) ([]installation.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []installation.Key
	for key, org := range m.orgs {
		if key.OrgKey == orgKey && org.indexed() {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return keys, nil
}

func compareKeys(a, b installation.Key) int { return strings.Compare(a.Text(), b.Text()) }

// indexed reports whether the index of the shards lists the organization.
func (o *organization) indexed() bool {
	if o.row.Version != 0 && o.queued[""] {
		return true
	}
	for id := range o.candidates {
		if o.queued[id] {
			return true
		}
	}
	return false
}

// storedPass is p as its write leaves it.
func storedPass(p installation.Pass) installation.Pass {
	p = clonePass(p)
	p.Version++
	p.Lease.Until, p.Began, p.Before = wholeMillis(p.Lease.Until), wholeMillis(p.Began), wholeMillis(p.Before)
	for host, b := range p.Skipped {
		b.NotBefore, b.Before = wholeMillis(b.NotBefore), wholeMillis(b.Before)
		p.Skipped[host] = b
	}
	return p
}

// clonePass copies p, an empty map as none.
func clonePass(p installation.Pass) installation.Pass {
	if p.Skipped = maps.Clone(p.Skipped); len(p.Skipped) == 0 {
		p.Skipped = nil
	}
	return p
}
