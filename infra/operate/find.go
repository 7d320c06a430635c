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

// find returns one row for each organization, which is named by its orgId, its key, its
// name, or a prefix of key or name. Duplicates are dropped. For an organization with
// only candidates the row has just the key.
func (o *Operator) find(ctx context.Context, p assembly.Parts, orgs []string) ([]installation.Installation, error) {
	var found, all []installation.Installation
	for _, org := range orgs {
		key := webex.OrganizationKey(org)
		row, candidates, err := p.Store.Find(ctx, key, time.Now())
		if err != nil {
			return nil, err
		}
		if row.Version == 0 && len(candidates) == 0 {
			if all == nil {
				if all, err = o.installations(ctx, p); err != nil {
					return nil, err
				}
			}
			if row, err = match(all, org); err != nil {
				return nil, o.proposeList(err)
			}
		}
		row.OrgKey = cmp.Or(row.OrgKey, key) // a candidate has no row yet
		if !slices.ContainsFunc(found, func(other installation.Installation) bool { return other.OrgKey == row.OrgKey }) {
			found = append(found, row)
		}
	}
	return found, nil
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
		return cmp.Or(cmp.Compare(a.OrgName, b.OrgName), cmp.Compare(a.OrgKey, b.OrgKey))
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

// match returns the only installation with this name, or else the only one whose key or
// name begins with it. It ignores case.
func match(all []installation.Installation, org string) (installation.Installation, error) {
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
	switch len(matching) {
	case 0:
		return installation.Installation{}, fmt.Errorf("installation of %s: %w", org, installation.ErrNotFound)
	case 1:
		return matching[0], nil
	}
	list := ""
	for _, row := range matching {
		list += "\n  " + row.OrgKey + "  " + row.OrgName
	}
	return installation.Installation{}, terminal.Usagef("%q is ambiguous: use the key of one of these:%s", org, list)
}

// hasPrefix reports whether an installation's key or name begins with prefix.
func hasPrefix(row installation.Installation, prefix string) bool {
	prefix = strings.ToLower(prefix)
	return strings.HasPrefix(strings.ToLower(row.OrgKey), prefix) || strings.HasPrefix(strings.ToLower(row.OrgName), prefix)
}
