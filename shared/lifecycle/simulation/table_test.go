package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/btree"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// customer is what the table holds of one: what is the same for all is made up
// when the row is read.
type customer struct {
	region   uint8
	version  int64
	dueAt    int64 // Unix milliseconds, as in the index
	wanted   int64 // the same, when it was verified last: a failure moves dueAt only
	work     installation.Lease
	renewal  installation.Lease
	access   time.Time // until when the access token is good
	schedule installation.Schedule
	features [2]installation.Feature // in the order of webex.Features
}

// due is an entry of the index.
type due struct {
	at int64
	id int
}

func before(a, b due) bool { return a.at < b.at || a.at == b.at && a.id < b.id }

// table is a store of installations only, in memory.
type table struct {
	regions []string // by number
	delay   func()   // what a request takes

	mu        sync.Mutex
	customers []customer
	index     [installation.Shards]*btree.BTreeG[due]
	shards    []uint8                    // by customer
	ordered   [installation.Shards][]int // customers by shard, in the order of their keys
	passes    [installation.Shards]installation.Pass
	requests  map[string]int
	// verified is told how long after it was due a customer was verified.
	verified func(region uint8, late time.Duration)
}

func newTable(regions []string, customers int, delay func(), firstDue func(id int) time.Time) *table {
	t := &table{
		regions: regions, delay: delay, customers: make([]customer, customers), shards: make([]uint8, customers),
		requests: map[string]int{}, verified: func(uint8, time.Duration) {},
	}
	for shard := range t.index {
		t.index[shard] = btree.NewG(64, before)
	}
	for id := range t.customers {
		c := &t.customers[id]
		c.region, c.version, c.dueAt = uint8(id%len(regions)), 1, firstDue(id).UnixMilli()
		c.wanted = c.dueAt
		t.shards[id] = uint8(installation.ShardOf(keyOf(id)))
		t.ordered[t.shards[id]] = append(t.ordered[t.shards[id]], id)
	}
	for shard, ids := range t.ordered {
		t.passes[shard].Shard = shard
		slices.SortFunc(ids, func(a, b int) int { return strings.Compare(keyOf(a), keyOf(b)) })
	}
	return t
}

func keyOf(id int) string { return "customer-" + strconv.Itoa(id) }

func idOf(orgKey string) int {
	id, err := strconv.Atoi(orgKey[len("customer-"):])
	if err != nil {
		panic(err)
	}
	return id
}

// endpoint is the address of a feature's configuration at Webex.
func endpoint(region string, feature int, id int) string {
	return "https://" + region + ".webexapis.com/" + strconv.Itoa(feature) + "/" + strconv.Itoa(id)
}

// row makes up what the store would return; t.mu is held.
func (t *table) row(id int) installation.Installation {
	c := &t.customers[id]
	region := t.regions[c.region]
	row := installation.Installation{
		OrgKey: keyOf(id), State: installation.Active, Generation: "g", Version: c.version,
		Statement: installation.Statement{
			Region: region,
			URLs:   installation.URLs{OAuth: "https://" + region + ".webexapis.com/token", App: "https://" + region + ".webexapis.com/app"},
		},
		BaseURL:  base,
		Features: make(map[webex.Feature]installation.Feature, len(webex.Features)), ToldActionsURL: base + "/actions",
		Tokens:   installation.Tokens{Refresh: secret.Sealed("r"), Access: secret.Sealed("a"), AccessExpiresAt: c.access, Renewal: c.renewal},
		Work:     c.work,
		Schedule: c.schedule,
	}
	row.Schedule.DueAt = time.UnixMilli(c.dueAt)
	for i, name := range webex.Features {
		feature := c.features[i]
		feature.Endpoint = endpoint(region, i, id)
		row.Features[name] = feature
	}
	return row
}

func (t *table) request(kind string) {
	t.delay()
	t.mu.Lock()
	t.requests[kind]++
}

// move puts the customer's entry of the index; t.mu is held.
func (t *table) move(id int, dueAt time.Time) {
	c, index := &t.customers[id], t.index[t.shards[id]]
	index.Delete(due{c.dueAt, id})
	c.dueAt = dueAt.UnixMilli()
	index.ReplaceOrInsert(due{c.dueAt, id})
}

func (t *table) Find(_ context.Context, orgKey string, _ time.Time) (installation.Installation, []installation.Candidate, error) {
	t.request("Query")
	defer t.mu.Unlock()
	return t.row(idOf(orgKey)), nil, nil
}

func (t *table) Save(_ context.Context, i installation.Installation) (installation.Installation, error) {
	t.request("PutItem")
	defer t.mu.Unlock()
	id := idOf(i.OrgKey)
	c := &t.customers[id]
	if c.version != i.Version {
		return installation.Installation{}, fmt.Errorf("save %s: %w", i.OrgKey, installation.ErrConflict)
	}
	c.version++
	if verified := i.Schedule.VerifiedAt; verified.After(c.schedule.VerifiedAt) {
		t.verified(c.region, verified.Sub(time.UnixMilli(c.wanted)))
		c.wanted = i.Schedule.DueAt.UnixMilli()
	}
	c.work, c.renewal, c.access, c.schedule = i.Work, i.Tokens.Renewal, i.Tokens.AccessExpiresAt, i.Schedule
	c.schedule.Settings = intern(c.schedule.Settings)
	for n, name := range webex.Features {
		c.features[n] = i.Features[name]
		c.features[n].Endpoint, c.features[n].Pushed = "", intern(c.features[n].Pushed)
	}
	t.move(id, i.Schedule.DueAt)
	i.Version = c.version
	return i, nil
}

// interned keeps one copy of texts that a million rows share; table.mu is held.
var interned = map[string]string{}

func intern(text string) string {
	if one, ok := interned[text]; ok {
		return one
	}
	interned[text] = text
	return text
}

func (t *table) Due(_ context.Context, shard int, now time.Time, cursor string, limit int) ([]installation.Ref, string, error) {
	t.request("Query of the index")
	defer t.mu.Unlock()
	from := due{}
	if cursor != "" {
		if _, err := fmt.Sscanf(cursor, "%d/%d", &from.at, &from.id); err != nil {
			return nil, "", err
		}
	}
	var page []installation.Ref
	next := ""
	t.index[shard].AscendGreaterOrEqual(from, func(entry due) bool {
		if entry.at > now.UnixMilli() {
			return false
		}
		if len(page) == limit {
			next = fmt.Sprintf("%d/%d", entry.at, entry.id)
			return false
		}
		page = append(page, installation.Ref{OrgKey: keyOf(entry.id), DueAt: time.UnixMilli(entry.at)})
		return true
	})
	return page, next, nil
}

func (t *table) CountDue(_ context.Context, shard int, now time.Time) (int, error) {
	t.request("Query of the index")
	defer t.mu.Unlock()
	count := 0
	t.index[shard].AscendLessThan(due{at: now.UnixMilli() + 1}, func(due) bool { count++; return true })
	return count, nil
}

func (t *table) Claim(_ context.Context, ref installation.Ref, lease installation.Lease, now time.Time) (installation.Work, error) {
	t.request("UpdateItem")
	defer t.mu.Unlock()
	id := idOf(ref.OrgKey)
	c := &t.customers[id]
	if c.dueAt > now.UnixMilli() || now.Before(c.work.Until) {
		return installation.Work{}, fmt.Errorf("claim %s: %w", ref.OrgKey, installation.ErrConflict)
	}
	c.version++
	c.work = lease
	t.move(id, lease.Until)
	row := t.row(id)
	return installation.Work{Installation: &row}, nil
}

func (t *table) Passes(context.Context) ([]installation.Pass, error) {
	t.request("BatchGetItem")
	defer t.mu.Unlock()
	return slices.Clone(t.passes[:]), nil
}

func (t *table) SavePass(_ context.Context, p installation.Pass) (installation.Pass, error) {
	t.request("PutItem of a pass")
	defer t.mu.Unlock()
	if t.passes[p.Shard].Version != p.Version {
		return installation.Pass{}, installation.ErrConflict
	}
	p.Version++
	t.passes[p.Shard] = p
	return p, nil
}

func (t *table) Page(_ context.Context, shard int, place string, limit int) (installation.Page, error) {
	t.request("Query of the shards")
	defer t.mu.Unlock()
	ids := t.ordered[shard]
	from := sort.Search(len(ids), func(n int) bool { return keyOf(ids[n]) > place })
	page := installation.Page{Last: place, End: from+limit >= len(ids)}
	for _, id := range ids[from:min(from+limit, len(ids))] {
		page.Rows, page.Last = append(page.Rows, t.row(id)), keyOf(id)
	}
	return page, nil
}

// backlog counts what is due.
func (t *table) backlog(now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := 0
	for _, index := range t.index {
		index.AscendLessThan(due{at: now.UnixMilli()}, func(due) bool { count++; return true })
	}
	return count
}

var errUnused = errors.New("the simulation has active installations only")

func (t *table) Used(context.Context, string, string, time.Time) (bool, error) {
	return false, errUnused
}

// Refusals has none: no refresh token is refused here.
func (t *table) Refusals(_ context.Context, clientID string) (installation.Refusals, error) {
	t.request("GetItem")
	defer t.mu.Unlock()
	return installation.Refusals{ClientID: clientID}, nil
}

func (t *table) SaveRefusals(context.Context, installation.Refusals) (installation.Refusals, error) {
	return installation.Refusals{}, errUnused
}

func (t *table) PutCandidate(context.Context, installation.Candidate) (installation.Candidate, error) {
	return installation.Candidate{}, errUnused
}

func (t *table) DeleteCandidate(context.Context, installation.Candidate) error { return errUnused }

func (t *table) Commit(context.Context, installation.Installation, installation.Used, []installation.Candidate, time.Time) (installation.Installation, error) {
	return installation.Installation{}, errUnused
}
