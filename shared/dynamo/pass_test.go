package dynamo_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
)

// sameShard returns count organizations of one shard, in the order of their keys.
func sameShard(count int) (shard int, orgs []string) {
	shard = installation.ShardOf(org)
	for n := 0; len(orgs) < count; n++ {
		if key := numbered("org", n); installation.ShardOf(key) == shard {
			orgs = append(orgs, key)
		}
	}
	slices.Sort(orgs)
	return shard, orgs
}

// allPages reads a shard's installations, limit at a time.
func allPages(t *testing.T, s *dynamo.Store, shard, limit int) (orgs []string) {
	t.Helper()
	for place, end := "", false; !end; {
		page, err := s.Page(t.Context(), shard, place, limit)
		if err != nil || page.Unreadable != nil {
			t.Fatal(err, page.Unreadable)
		}
		if len(page.Rows) > limit || (!page.End && page.Last <= place) {
			t.Fatalf("a page of %d, limit %d, from %q to %q", len(page.Rows), limit, place, page.Last)
		}
		for _, row := range page.Rows {
			orgs = append(orgs, row.OrgKey)
		}
		place, end = page.Last, page.End
	}
	return orgs
}

// Each installation of a shard is on exactly one page, whatever other rows its
// organization has.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	shard, orgs := sameShard(7)
	for n, key := range orgs {
		row := active(key)
		row.Schedule.DueAt = []time.Time{{}, now, now.Add(time.Hour)}[n%3]
		if n == 1 {
			row.State = installation.TokenInvalid
		}
		save(t, s, row)
		for c := range n % 3 {
			putCandidate(t, s, candidate(key, numbered("c", c)))
		}
	}
	_, more := sameShard(9)
	save(t, s, tombstone(more[7], now.Add(time.Hour)))
	putCandidate(t, s, candidate(more[8], "alone"))
	for other := 0; ; other++ {
		if key := numbered("other", other); installation.ShardOf(key) != shard {
			save(t, s, active(key))
			break
		}
	}
	for _, limit := range []int{1, 2, 3, 5, 100, 1000} {
		if diff := cmp.Diff(orgs, allPages(t, s, shard, limit)); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
	}
	if got := allPages(t, s, (shard+1)%installation.Shards, 10); len(got) > 1 {
		t.Errorf("another shard has %v", got)
	}
}

// The rows come whole, as they are stored.
func TestPageReadsWholeRows(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	want := save(t, s, active(org))
	page, err := s.Page(t.Context(), installation.ShardOf(org), "", 10)
	noError(t, err)
	if diff := cmp.Diff(installation.Page{Rows: []installation.Installation{want}, Last: want.Key.Text(), End: true}, page); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

// A row that cannot be decoded does not hide the others.
func TestPageLeavesOutUnreadableRows(t *testing.T) {
	t.Parallel()
	s, raw := newRows(t)
	shard, orgs := sameShard(3)
	for _, key := range orgs {
		save(t, s, active(key))
	}
	raw.orgKey = orgs[0]
	raw.add("installation", "schema", &types.AttributeValueMemberN{Value: "99"})
	raw.orgKey = orgs[1]
	raw.add("installation", "state", &types.AttributeValueMemberM{})
	page, err := s.Page(t.Context(), shard, "", 10)
	noError(t, err)
	if len(page.Rows) != 1 || page.Rows[0].OrgKey != orgs[2] || page.Last != page.Rows[0].Key.Text() || !page.End {
		t.Errorf("page = %+v", page)
	}
	if page.Unreadable == nil || !strings.Contains(page.Unreadable.Error(), orgs[1]) || strings.Contains(page.Unreadable.Error(), orgs[0]) {
		t.Errorf("unreadable: %v", page.Unreadable)
	}
}

func TestPasses(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	passes, err := s.Passes(t.Context())
	if err != nil || len(passes) != installation.Shards {
		t.Fatalf("%d passes, %v", len(passes), err)
	}
	for shard, pass := range passes {
		if diff := cmp.Diff(installation.Pass{Shard: shard}, pass); diff != "" {
			t.Errorf("before the first (-want +got):\n%s", diff)
		}
	}
	want := filled[installation.Pass](t)
	want.Shard, want.Version = 11, 0
	saved, err := s.SavePass(t.Context(), want)
	noError(t, err)
	first := want
	want.Version = 1
	if diff := cmp.Diff(want, saved); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if passes, err = s.Passes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, passes[11]); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if _, err := s.SavePass(t.Context(), first); !errors.Is(err, installation.ErrConflict) {
		t.Errorf("over a later version: %v", err)
	}
	plain, err := s.SavePass(t.Context(), installation.Pass{Shard: 11, Version: 1})
	if diff := cmp.Diff(installation.Pass{Shard: 11, Version: 2}, plain); err != nil || diff != "" {
		t.Errorf("an empty one: %v\n%s", err, diff)
	}
}
