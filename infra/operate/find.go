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
	"signpost/shared/webex"
)

// find returns the keys of the organizations that words name, each by its
// orgId, its key, its name, or a prefix of key or name.
func (o *Operator) find(ctx context.Context, p parts, words []string) ([]installation.Installation, error) {
	var found, all []installation.Installation
	for _, word := range words {
		key := webex.OrganizationKey(word)
		row, candidates, err := p.store.Find(ctx, key, time.Now())
		if err != nil {
			return nil, err
		}
		if row.Version == 0 && len(candidates) == 0 {
			if all == nil { // read once, and only where it is needed
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

// installations reads all that are installed, by name. The error names those
// that cannot be read; the others are returned all the same.
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

// choose finds the only installation whose name is word, or else whose key or
// name begins with it. Case does not matter.
func choose(all []installation.Installation, word string) (installation.Installation, error) {
	var named, begun []installation.Installation
	for _, row := range all {
		if strings.EqualFold(row.OrgName, word) {
			named = append(named, row)
		}
		if begins(row, word) {
			begun = append(begun, row)
		}
	}
	if len(named) > 0 {
		begun = named
	}
	switch len(begun) {
	case 0:
		return installation.Installation{}, fmt.Errorf("installation of %s: %w", word, installation.ErrNotFound)
	case 1:
		return begun[0], nil
	}
	candidates := make([]string, len(begun))
	for i, row := range begun {
		candidates[i] = "  " + row.OrgKey + "  " + row.OrgName
	}
	return installation.Installation{}, terminal.Usagef("%q is ambiguous:\n%s", word, strings.Join(candidates, "\n"))
}

// begins is whether an installation's key or name begins with word.
func begins(row installation.Installation, word string) bool {
	word = strings.ToLower(word)
	return strings.HasPrefix(strings.ToLower(row.OrgKey), word) || strings.HasPrefix(strings.ToLower(row.OrgName), word)
}
