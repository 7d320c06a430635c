package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/assembly"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// find returns the installations of each organization, which is named by its orgId, its
// key, its name, or a prefix of key or name. Duplicates are dropped. For an organization
// with only candidates the row has just the key.
func (o *Operator) find(ctx context.Context, p assembly.Parts, orgs []string) ([]installation.Installation, error) {
	var found, all []installation.Installation
	for _, org := range orgs {
		rows, err := ofOrganization(ctx, p, webex.OrganizationKey(org))
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			if all == nil {
				if all, err = o.installations(ctx, p); err != nil {
					return nil, err
				}
			}
			if rows, err = match(all, org); err != nil {
				return nil, o.proposeList(err)
			}
		}
		for _, row := range rows {
			if !slices.ContainsFunc(found, func(other installation.Installation) bool { return other.Key == row.Key }) {
				found = append(found, row)
			}
		}
	}
	return found, nil
}

// ofOrganization reads an organization's installations, and the tombstone of the default
// integration's. Where one has only candidates its row has just the key.
func ofOrganization(ctx context.Context, p assembly.Parts, orgKey string) ([]installation.Installation, error) {
	keys, err := p.Store.Keys(ctx, orgKey)
	if err != nil {
		return nil, err
	}
	if usual := (installation.Key{OrgKey: orgKey, AppID: p.AppID}); !slices.Contains(keys, usual) {
		keys = append(keys, usual)
	}
	var rows []installation.Installation
	for _, key := range keys {
		row, candidates, err := p.Store.Find(ctx, key, time.Now())
		if err != nil {
			return nil, err
		}
		if row.Key = key; row.Version > 0 || len(candidates) > 0 {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// installations returns all installations, sorted by name. If some cannot be read,
// it returns the others, and an error that names them.
func (o *Operator) installations(ctx context.Context, p assembly.Parts) ([]installation.Installation, error) {
	defer o.Waiting("reading the table")()
	all, unreadable := []installation.Installation{}, []error(nil)
	for row, err := range p.Store.Installations(ctx) {
		if err != nil {
			unreadable = append(unreadable, err)
		}
		if row.Exists() {
			all = append(all, row)
		}
	}
	slices.SortFunc(all, func(a, b installation.Installation) int {
		return cmp.Or(cmp.Compare(a.OrgName, b.OrgName), cmp.Compare(a.Key.Text(), b.Key.Text()))
	})
	return all, errors.Join(unreadable...)
}

// withPasses returns each row with its last pass; see [lifecycle.WithPass].
func withPasses(ctx context.Context, p assembly.Parts, rows ...installation.Installation) ([]installation.Installation, error) {
	passes, err := p.Store.Passes(ctx)
	if err != nil {
		return nil, err
	}
	now, current := time.Now(), make([]installation.Installation, len(rows))
	for n, row := range rows {
		current[n] = lifecycle.WithPass(row, passes[installation.ShardOf(row.OrgKey)], now)
	}
	return current, nil
}

// match returns the installations of the only organization with this name, or else of the
// only one whose key or name begins with it. It ignores case.
func match(all []installation.Installation, org string) ([]installation.Installation, error) {
	var named, matching []installation.Installation
	for _, row := range all {
		if strings.EqualFold(row.OrgName, org) {
			named = append(named, row)
		}
		if hasPrefix(row, org) {
			matching = append(matching, row)
		}
	}
	if len(named) > 0 {
		matching = named
	}
	if len(matching) == 0 {
		return nil, fmt.Errorf("installation of %s: %w", org, installation.ErrNotFound)
	}
	if !slices.ContainsFunc(matching, func(row installation.Installation) bool { return row.OrgKey != matching[0].OrgKey }) {
		return matching, nil
	}
	list := ""
	for _, row := range matching {
		list += "\n  " + row.OrgKey + "  " + row.OrgName
	}
	return nil, terminal.Usagef("%q is ambiguous: use the key of one of these:%s", org, list)
}

// hasPrefix reports whether an installation's key or name begins with prefix.
func hasPrefix(row installation.Installation, prefix string) bool {
	prefix = strings.ToLower(prefix)
	return strings.HasPrefix(strings.ToLower(row.OrgKey), prefix) || strings.HasPrefix(strings.ToLower(row.OrgName), prefix)
}
