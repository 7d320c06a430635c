package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/btree"

	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// customer is what the table holds of one: what is the same for all is made up
// when the row is read.
type customer struct {
	region   uint8
	version  int64
	dueAt    int64 // Unix milliseconds, as in the index; 0: not in it
	work     installation.Lease
	renewal  installation.Lease
	access   time.Time // until when the access token is good
	schedule installation.Schedule
	features [2]installation.Feature // in the order of webex.Features
	revision int                     // of the channels, by a rollout
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
	// elsewhere are the shards from this one on: others work on them, which is not
	// simulated.
	elsewhere int
	requests  map[string]units // by kind
	channels  channel.Current
}

// units are what DynamoDB bills.
type units struct {
	requests    int
	read, write float64
}

func (u units) plus(more units) units {
	return units{u.requests + more.requests, u.read + more.read, u.write + more.write}
}

const (
	rowKB = 2   // what a row takes, in full kilobytes
	keyB  = 100 // what an entry of an index of keys takes
)

// listed is what a query costs that reads so many keys, eventually consistent.
func listed(keys int) float64 { return 0.5 * math.Ceil(max(1, float64(keys*keyB)/4096)) }

func newTable(regions []string, customers int, delay func()) *table {
	t := &table{
		regions: regions, delay: delay, customers: make([]customer, customers), shards: make([]uint8, customers),
		requests: map[string]units{}, elsewhere: installation.Shards,
	}
	for shard := range t.index {
		t.index[shard] = btree.NewG(64, before)
	}
	for id := range t.customers {
		c := &t.customers[id]
		c.region, c.version = uint8(id%len(regions)), 1
		t.shards[id] = uint8(installation.ShardOf(keyOf(id).OrgKey))
		t.ordered[t.shards[id]] = append(t.ordered[t.shards[id]], id)
	}
	for shard, ids := range t.ordered {
		t.passes[shard].Shard = shard
		slices.SortFunc(ids, func(a, b int) int { return strings.Compare(keyOf(a).Text(), keyOf(b).Text()) })
	}
	return t
}

func keyOf(id int) installation.Key { return installation.Key{OrgKey: "customer-" + strconv.Itoa(id)} }

func idOf(key installation.Key) int {
	id, err := strconv.Atoi(key.OrgKey[len("customer-"):])
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
		Key: keyOf(id), State: installation.Active, Generation: "g", Version: c.version,
		Statement: installation.Statement{
			Region: region,
			URLs:   installation.URLs{OAuth: "https://" + region + ".webexapis.com/token", App: "https://" + region + ".webexapis.com/app"},
		},
		BaseURL:  base,
		Features: make(map[webex.Feature]installation.Feature, len(webex.Features)), RegisteredActionsURL: base + "/actions",
		Tokens:   installation.Tokens{Refresh: secret.Sealed("r"), Access: secret.Sealed("a"), AccessExpiresAt: c.access, Renewal: c.renewal},
		Work:     c.work,
		Schedule: c.schedule, ChannelRevision: c.revision,
	}
	row.Schedule.DueAt = time.Time{}
	if c.dueAt != 0 {
		row.Schedule.DueAt = time.UnixMilli(c.dueAt)
	}
	for i, name := range webex.Features {
		feature := c.features[i]
		feature.Endpoint = endpoint(region, i, id)
		row.Features[name] = feature
	}
	return row
}

// request is before every request to the table; it leaves t.mu held.
func (t *table) request() {
	t.delay()
	t.mu.Lock()
}

// pay counts a request; t.mu is held.
func (t *table) pay(kind string, read, write float64) {
	t.requests[kind] = t.requests[kind].plus(units{1, read, write})
}

// move puts the customer's entry of the index, and returns what a write of the row
// costs with that; t.mu is held.
func (t *table) move(id int, dueAt time.Time) float64 {
	c, index, write := &t.customers[id], t.index[t.shards[id]], float64(rowKB)
	was := c.dueAt
	if c.dueAt = 0; !dueAt.IsZero() {
		c.dueAt = dueAt.UnixMilli()
	}
	if was == c.dueAt {
		return write
	}
	if was != 0 {
		index.Delete(due{was, id})
		write++
	}
	if c.dueAt != 0 {
		index.ReplaceOrInsert(due{c.dueAt, id})
		write++
	}
	return write
}

func (t *table) Find(_ context.Context, key installation.Key, _ time.Time) (installation.Installation, []installation.Candidate, error) {
	t.request()
	defer t.mu.Unlock()
	t.pay("Query", 1, 0)
	return t.row(idOf(key)), nil, nil
}

func (t *table) Save(_ context.Context, i installation.Installation) (installation.Installation, error) {
	t.request()
	defer t.mu.Unlock()
	id := idOf(i.Key)
	c := &t.customers[id]
	if c.version != i.Version {
		t.pay("PutItem", 0, rowKB)
		return installation.Installation{}, fmt.Errorf("save %s: %w", i.Key.Text(), installation.ErrConflict)
	}
	c.version++
	c.work, c.renewal, c.access, c.schedule = i.Work, i.Tokens.Renewal, i.Tokens.AccessExpiresAt, i.Schedule
	c.schedule.Settings = intern(c.schedule.Settings)
	for n, name := range webex.Features {
		c.features[n] = i.Features[name]
		c.features[n].Endpoint, c.features[n].Pushed = "", intern(c.features[n].Pushed)
	}
	t.pay("PutItem", 0, t.move(id, i.Schedule.DueAt))
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
	t.request()
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
		page = append(page, installation.Ref{Key: keyOf(entry.id), DueAt: time.UnixMilli(entry.at)})
		return true
	})
	t.pay("Query of due", listed(len(page)), 0)
	return page, next, nil
}

func (t *table) CountDue(_ context.Context, shard int, now time.Time) (int, error) {
	t.request()
	defer t.mu.Unlock()
	count := 0
	t.index[shard].AscendLessThan(due{at: now.UnixMilli() + 1}, func(due) bool { count++; return true })
	t.pay("Query of due", listed(count), 0)
	return count, nil
}

func (t *table) Claim(_ context.Context, ref installation.Ref, lease installation.Lease, now time.Time) (installation.Work, error) {
	t.request()
	defer t.mu.Unlock()
	id := idOf(ref.Key)
	c := &t.customers[id]
	if now.Before(c.work.Until) || !ref.DueAt.IsZero() && (c.dueAt == 0 || c.dueAt > now.UnixMilli()) {
		t.pay("UpdateItem", 0, rowKB)
		return installation.Work{}, fmt.Errorf("claim %s: %w", ref.Key.Text(), installation.ErrConflict)
	}
	c.version++
	if ref.ChannelRevision > 0 {
		c.revision = ref.ChannelRevision
	}
	c.work = lease
	t.pay("UpdateItem", 0, t.move(id, lease.Until))
	row := t.row(id)
	return installation.Work{Installation: &row}, nil
}

func (t *table) Keys(context.Context, string) ([]installation.Key, error) { return nil, errUnused }

func (t *table) Passes(context.Context) ([]installation.Pass, error) {
	t.request()
	defer t.mu.Unlock()
	t.pay("BatchGetItem of the passes", 0.5*float64(t.elsewhere), 0) // the share of these shards
	for shard := t.elsewhere; shard < installation.Shards; shard++ {
		t.passes[shard].Lease.Until = time.Now()
	}
	return slices.Clone(t.passes[:]), nil
}

func (t *table) SavePass(_ context.Context, p installation.Pass) (installation.Pass, error) {
	t.request()
	defer t.mu.Unlock()
	t.pay("PutItem of a pass", 0, 1)
	if t.passes[p.Shard].Version != p.Version {
		return installation.Pass{}, installation.ErrConflict
	}
	p.Version++
	t.passes[p.Shard] = p
	return p, nil
}

// current is what the channels' row holds; reading it is no run's own.
func (t *table) current() channel.Current {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.channels
}

func (t *table) SaveCurrentChannels(_ context.Context, c channel.Current) (channel.Current, error) {
	t.request()
	defer t.mu.Unlock()
	t.pay("PutItem of the rollout", 0, 1)
	if t.channels.Version != c.Version {
		return channel.Current{}, channel.ErrChanged
	}
	c.Version++
	t.channels = c
	return c, nil
}

func (t *table) Page(_ context.Context, shard int, place string, limit int) (installation.Page, error) {
	t.request() // for the keys
	t.mu.Unlock()
	t.request() // for the rows
	defer t.mu.Unlock()
	ids := t.ordered[shard]
	from := sort.Search(len(ids), func(n int) bool { return keyOf(ids[n]).Text() > place })
	page := installation.Page{Last: place, End: from+limit >= len(ids)}
	for _, id := range ids[from:min(from+limit, len(ids))] {
		page.Rows, page.Last = append(page.Rows, t.row(id)), keyOf(id).Text()
	}
	t.pay("Query of shards", listed(len(page.Rows)), 0)
	t.pay("BatchGetItem", 0.5*float64(len(page.Rows)), 0)
	return page, nil
}

var errUnused = errors.New("the simulation has active installations only")

func (t *table) Used(context.Context, installation.Key, string, time.Time) (bool, error) {
	return false, errUnused
}

// Refusals has none: no refresh token is refused here.
func (t *table) Refusals(_ context.Context, clientID string) (installation.Refusals, error) {
	t.request()
	defer t.mu.Unlock()
	t.pay("GetItem", 0.5, 0)
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
