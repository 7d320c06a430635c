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
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// find returns the organizations that words name, each by its orgId, its key, its
// name, or a prefix of key or name. Duplicates are dropped. An organization with
// only candidates has just its key.
func (o *Operator) find(ctx context.Context, p parts, words []string) ([]installation.Installation, error) {
	var found, all []installation.Installation
	for _, word := range words {
		key := webex.OrganizationKey(word)
		row, candidates, err := p.store.Find(ctx, key, time.Now())
		if err != nil {
			return nil, err
		}
		if row.Version == 0 && len(candidates) == 0 {
			if all == nil {
				if all, err = o.installations(ctx, p); err != nil {
					return nil, err
				}
			}
			if row, err = choose(all, word); err != nil {
				return nil, o.unknown(err)
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
func (o *Operator) installations(ctx context.Context, p parts) ([]installation.Installation, error) {
	defer o.Waiting("reading the table")()
	all, unread := []installation.Installation{}, []error(nil)
	for row, err := range p.store.Installations(ctx) {
		if err != nil {
			unread = append(unread, err)
		}
		if row.Exists() {
			all = append(all, row)
		}
	}
	slices.SortFunc(all, func(a, b installation.Installation) int {
		return cmp.Or(cmp.Compare(a.OrgName, b.OrgName), cmp.Compare(a.OrgKey, b.OrgKey))
	})
	return all, errors.Join(unread...)
}

// dated returns the rows with what passes found of them last: passes do not write the
// rows that they find in order.
func (p parts) dated(ctx context.Context, rows ...installation.Installation) ([]installation.Installation, error) {
	passes, err := p.store.Passes(ctx)
	if err != nil {
		return nil, err
	}
	now, dated := time.Now(), slices.Clone(rows)
	for n, row := range rows {
		at := passes[installation.ShardOf(row.OrgKey)].VerifiedAt(row, lifecycle.Hosts(row), now)
		if at.After(row.Schedule.VerifiedAt) {
			dated[n].Schedule.VerifiedAt = at
			if result := &dated[n].Schedule.LastResult; *result != lifecycle.ResultDrifting { // which a pass leaves so
				*result = lifecycle.ResultInOrder
			}
		}
	}
	return dated, nil
}

// choose finds the only installation whose name is word, or else whose key or
// name begins with it. It ignores case.
func choose(all []installation.Installation, word string) (installation.Installation, error) {
	var named, matching []installation.Installation
	for _, row := range all {
		if strings.EqualFold(row.OrgName, word) {
			named = append(named, row)
		}
		if hasPrefix(row, word) {
			matching = append(matching, row)
		}
	}
	if len(named) > 0 {
		matching = named
	}
	switch len(matching) {
	case 0:
		return installation.Installation{}, fmt.Errorf("installation of %s: %w", word, installation.ErrNotFound)
	case 1:
		return matching[0], nil
	}
	list := ""
	for _, row := range matching {
		list += "\n  " + row.OrgKey + "  " + row.OrgName
	}
	return installation.Installation{}, terminal.Usagef("%q is ambiguous:%s", word, list)
}

// hasPrefix reports whether an installation's key or name begins with word.
func hasPrefix(row installation.Installation, word string) bool {
	word = strings.ToLower(word)
	return strings.HasPrefix(strings.ToLower(row.OrgKey), word) || strings.HasPrefix(strings.ToLower(row.OrgName), word)
}
