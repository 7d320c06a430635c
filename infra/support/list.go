package support

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"signpost/infra/panels"
	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

// maxShown bounds the rows of a page; a search finds the others.
const maxShown = 200

// list is what the table had at a time.
type list struct {
	at, until  time.Time // when it was read, and how long it is shown
	rows       []row     // those with a problem first
	troubled   int
	unreadable error
	rollout    panels.Rollout
	channels   channel.Channels
}

// row is one installation on the list.
type row struct {
	Name, OrgKey, AppID, Reference, Channel string
	State                                   panels.Pill
	Trouble                                 string // what is wrong, "" for nothing
	Signage, WebApp                         installation.FeatureStatus
	VerifiedAt                              time.Time

	urgency int
}

func rowOf(i installation.Installation, channels channel.Channels, now time.Time) row {
	r := row{
		Name: i.OrgName, OrgKey: i.OrgKey, AppID: i.AppID, Reference: i.Reference, Channel: channels.Name(i),
		State: panels.Good("active"), Signage: i.Features[webex.DigitalSignage].Status, WebApp: i.Features[webex.PersistentWebApp].Status,
		VerifiedAt: i.Schedule.VerifiedAt, urgency: len(installation.TroubleCodes),
	}
	if trouble, troubled := i.Trouble(now); troubled {
		tone := panels.Wait
		if trouble.Code == installation.TroubleTokenInvalid || trouble.Code == installation.TroubleFailing {
			tone = panels.Bad
		}
		r.State, r.Trouble, r.urgency = tone(panels.Words(string(trouble.Code))), trouble.Detail, slices.Index(installation.TroubleCodes, trouble.Code)
	}
	return r
}

// Page is the address of the installation's page.
func (r row) Page() string {
	return pageOf(installation.Key{OrgKey: r.OrgKey, AppID: r.AppID})
}

func pageOf(key installation.Key) string {
	return "/installations/" + url.PathEscape(key.OrgKey) + "/" + url.PathEscape(key.AppID)
}

// matches reports whether a search finds the row: by a part of its name, the beginning of
// its key or reference, or its orgId.
func (r row) matches(search string) bool {
	if r.OrgKey == webex.OrganizationKey(search) {
		return true
	}
	search = strings.ToLower(search)
	return strings.Contains(strings.ToLower(r.Name), search) || strings.HasPrefix(strings.ToLower(r.OrgKey), search) ||
		strings.HasPrefix(strings.ToLower(r.Reference), search)
}

// current returns the list, read again if it is old, or if fresh and nobody has read it
// meanwhile.
func (c *Console) current(ctx context.Context, fresh bool) (list, error) {
	asked := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.Now()
	if fresh && c.list.at.Before(asked) || now.After(c.list.until) {
		return c.read(ctx, now)
	}
	return c.list, nil
}

// read reads the list, and keeps it.
func (c *Console) read(ctx context.Context, now time.Time) (list, error) {
	all, err := c.Deployment.Installations(ctx)
	if err != nil {
		return list{}, err
	}
	ended := c.Now()
	read := list{at: ended, until: ended.Add(max(listLife, listTimes*ended.Sub(now))), unreadable: all.Unreadable, channels: all.Channels}
	names := map[string]string{}
	for _, i := range all.Rows {
		one := rowOf(i, all.Channels, now)
		if one.Trouble != "" {
			read.troubled++
		}
		read.rows = append(read.rows, one)
		names[i.OrgKey] = i.OrgName
	}
	slices.SortStableFunc(read.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.urgency, b.urgency), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.OrgKey+a.AppID, b.OrgKey+b.AppID))
	})
	read.rollout = panels.NewRollout(all.Channels, all.Count, now, func(orgKey string) string { return cmp.Or(names[orgKey], orgKey) })
	c.list = read
	return read, nil
}

// listView is the page of all installations.
type listView struct {
	Search          string
	All, Troubled   int
	Found, NotShown int
	Rows            []row
	ReadAt          time.Time
	Unreadable      []string
	Rollout         panels.Rollout
	// Columns that are shown only where a row has something in them.
	Channels, References bool
}

func (c *Console) showList(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	read, err := c.current(r.Context(), query.Has("read"))
	if err != nil {
		c.fail(w, http.StatusBadGateway, "The installations cannot be read", err)
		return
	}
	view := listView{Search: strings.TrimSpace(query.Get("search")), All: len(read.rows), Troubled: read.troubled, ReadAt: read.at, Rollout: read.rollout}
	if read.unreadable != nil {
		view.Unreadable = strings.Split(read.unreadable.Error(), "\n")
	}
	for _, one := range read.rows {
		if !one.matches(view.Search) {
			continue
		}
		if view.Found++; len(view.Rows) < maxShown {
			view.Rows = append(view.Rows, one)
		}
		view.Channels, view.References = view.Channels || one.Channel != channel.Default, view.References || one.Reference != ""
	}
	if view.Found == 0 && view.Search != "" {
		view.addOthers(r.Context(), c, read.channels)
	}
	view.NotShown = view.Found - len(view.Rows)
	c.render(w, http.StatusOK, "list", "Installations", view)
}

// addOthers adds what is stored of the organization whose key or orgId is searched for: it
// is not installed, or since the list was read only.
func (v *listView) addOthers(ctx context.Context, c *Console, channels channel.Channels) {
	others, err := c.Deployment.Find(ctx, webex.OrganizationKey(v.Search))
	if err != nil {
		v.Unreadable = append(v.Unreadable, err.Error())
	}
	for _, other := range others {
		one := row{Name: other.OrgName, OrgKey: other.OrgKey, AppID: other.AppID, State: panels.Idle("not proven yet")}
		switch {
		case other.Exists():
			one = rowOf(other, channels, c.Now())
		case other.State == installation.Removed:
			one.State = panels.Idle("removed")
		}
		v.Rows = append(v.Rows, one)
		v.Found++
	}
}
