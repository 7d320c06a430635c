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
	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Selection names installations.
type Selection struct {
	// Orgs names organizations: each by its orgId, its key, its name, or a prefix of key
	// or name. All selects those of every organization instead.
	Orgs []string
	All  bool
	// AppID selects those of one app id, "" of any.
	AppID string
	// Single refuses an organization with several of the selected installations.
	Single bool
}

// selected returns the installations without duplicates. For an organization with
// only candidates, or only a tombstone, that row is returned. unreadable names rows that
// cannot be read; with Orgs these are printed as a warning instead.
func (o *Operator) selected(ctx context.Context, p stack, s Selection) (rows []installation.Installation, unreadable, err error) {
	s.AppID = strings.ToLower(s.AppID)
	if !s.All {
		rows, err = o.find(ctx, p, s)
		return rows, nil, err
	}
	rows, unreadable, err = o.installations(ctx, p)
	return s.ofApp(rows), unreadable, err
}

// find returns the installations of each of the selected organizations.
func (o *Operator) find(ctx context.Context, p stack, s Selection) ([]installation.Installation, error) {
	var found, all []installation.Installation
	for _, org := range s.Orgs {
		rows, err := s.ofOrganization(ctx, p, webex.OrganizationKey(org))
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			if all == nil {
				var unreadable error
				if all, unreadable, err = o.installations(ctx, p); err != nil {
					return nil, err
				}
				o.warn(unreadable)
			}
			if rows, err = s.match(all, org); err != nil {
				return nil, o.proposeList(err)
			}
		}
		if s.Single && len(rows) > 1 {
			return nil, severalError(rows)
		}
		for _, row := range rows {
			if !slices.ContainsFunc(found, func(other installation.Installation) bool { return other.Key == row.Key }) {
				found = append(found, row)
			}
		}
	}
	return found, nil
}

// severalError says that an organization has several installations.
func severalError(rows []installation.Installation) error {
	list := ""
	for _, row := range rows {
		list += "\n  " + row.AppID
	}
	return terminal.Usagef("%s has several installations: use --app with one of these:%s", rows[0].OrgKey, list)
}

// warn prints errors that do not keep the command from its result.
func (o *Operator) warn(err error) {
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(o.Err, "warning: "+terminal.Plain(line))
	}
}

// ofApp returns the rows of the selected app id.
func (s Selection) ofApp(rows []installation.Installation) []installation.Installation {
	if s.AppID == "" {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row installation.Installation) bool { return row.AppID != s.AppID })
}

// ofOrganization reads the selected installations of an organization. Only if there is
// none it returns rows with candidates only, which have just the key, and the tombstone
// of the default integration, or of the selected app id.
func (s Selection) ofOrganization(ctx context.Context, p stack, orgKey string) ([]installation.Installation, error) {
	rows, err := p.Store.Organization(ctx, orgKey, cmp.Or(s.AppID, p.AppID), time.Now())
	if err != nil {
		return nil, err
	}
	var installed, others []installation.Installation
	for _, row := range s.ofApp(rows) {
		if row.Exists() {
			installed = append(installed, row)
		} else {
			others = append(others, row)
		}
	}
	if len(installed) == 0 {
		return others, nil
	}
	return installed, nil
}

// installations returns all installations, sorted by name. unreadable names rows that
// cannot be decoded.
func (o *Operator) installations(ctx context.Context, p stack) (all []installation.Installation, unreadable, err error) {
	defer o.Waiting("reading the table")()
	return p.installations(ctx)
}

func (p stack) installations(ctx context.Context) (all []installation.Installation, unreadable, err error) {
	all = []installation.Installation{}
	for row, err := range p.Store.Installations(ctx) {
		switch {
		case errors.Is(err, dynamo.ErrUnreadable):
			unreadable = errors.Join(unreadable, err)
		case err != nil:
			return nil, nil, err
		case row.Exists():
			all = append(all, row)
		}
	}
	slices.SortFunc(all, func(a, b installation.Installation) int {
		return cmp.Or(cmp.Compare(a.OrgName, b.OrgName), cmp.Compare(a.Key.Text(), b.Key.Text()))
	})
	return all, unreadable, nil
}

// withPasses returns each row with its last pass; see [lifecycle.Settings.WithPass].
func withPasses(ctx context.Context, p stack, rows ...installation.Installation) ([]installation.Installation, error) {
	passes, err := p.Store.Passes(ctx)
	if err != nil {
		return nil, err
	}
	return p.after(passes, rows), nil
}

// after returns each row with its last pass of these.
func (p stack) after(passes []installation.Pass, rows []installation.Installation) []installation.Installation {
	now, current := time.Now(), make([]installation.Installation, len(rows))
	for n, row := range rows {
		current[n] = p.Service.WithPass(row, passes[installation.ShardOf(row.OrgKey)], now)
	}
	return current
}

// match returns the selected installations of the only organization with this name, or
// else of the only one whose key or name begins with it. It ignores case.
func (s Selection) match(all []installation.Installation, org string) ([]installation.Installation, error) {
	var named, matching []installation.Installation
	for _, row := range s.ofApp(all) {
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
	list, names := "", map[string]bool{}
	for _, row := range matching {
		if !names[row.OrgKey] {
			list += "\n  " + row.OrgKey + "  " + row.OrgName
		}
		names[row.OrgKey] = true
	}
	switch {
	case len(names) == 1:
		return matching, nil
	case len(names) > 1:
		return nil, terminal.Usagef("%q is ambiguous: use the key of one of these:%s", org, list)
	case s.AppID != "":
		org += " of app id " + s.AppID
	}
	return nil, fmt.Errorf("installation of %s: %w", org, installation.ErrNotFound)
}

// hasPrefix reports whether an installation's key or name begins with prefix.
func hasPrefix(row installation.Installation, prefix string) bool {
	prefix = strings.ToLower(prefix)
	return strings.HasPrefix(strings.ToLower(row.OrgKey), prefix) || strings.HasPrefix(strings.ToLower(row.OrgName), prefix)
}
