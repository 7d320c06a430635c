package dynamo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
)

// rows reads and writes rows of one organization past the store, as another version of
// it would.
type rows struct {
	t      *testing.T
	client *dynamodb.Client
	table  string
	orgKey string
}

func newRows(t *testing.T) (*dynamo.Store, rows) {
	t.Helper()
	client, table := dynamotest.New(t)
	return dynamo.New(client, table), rows{t, client, table, org}
}

func (r rows) key(sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "org#" + installationtest.Key(r.orgKey).Text()}, "sk": &types.AttributeValueMemberS{Value: sk},
	}
}

func (r rows) get(sk string) map[string]types.AttributeValue {
	r.t.Helper()
	out, err := r.client.GetItem(r.t.Context(), &dynamodb.GetItemInput{TableName: &r.table, Key: r.key(sk), ConsistentRead: aws.Bool(true)})
	noError(r.t, err)
	return out.Item
}

// add sets an attribute of a row.
func (r rows) add(sk, name string, value types.AttributeValue) {
	r.t.Helper()
	item := r.get(sk)
	item[name] = value
	if _, err := r.client.PutItem(r.t.Context(), &dynamodb.PutItemInput{TableName: &r.table, Item: item}); err != nil {
		r.t.Fatal(err)
	}
}

func (r rows) text(sk, name string) string {
	r.t.Helper()
	value, _ := r.get(sk)[name].(*types.AttributeValueMemberS)
	if value == nil {
		return ""
	}
	return value.Value
}

// TestLaterAttributesSurvive tests that this version keeps the attributes that a later
// one has added to a row.
func TestLaterAttributesSurvive(t *testing.T) {
	t.Parallel()
	s, raw := newRows(t)
	save(t, s, active(org))
	putCandidate(t, s, candidate(org, "c"))
	later := &types.AttributeValueMemberS{Value: "later"}
	for _, sk := range []string{"installation", "candidate#c"} {
		raw.add(sk, "plan", later)
	}

	found, candidates := find(t, s, org, now)
	found.OrgName = "renamed"
	found = save(t, s, found)
	save(t, s, found) // what Save returns carries it too
	putCandidate(t, s, candidates[0])
	if name, plan := raw.text("installation", "orgName"), raw.text("installation", "plan"); name != "renamed" || plan != "later" {
		t.Errorf("installation: name %q, plan %q", name, plan)
	}
	if plan := raw.text("candidate#c", "plan"); plan != "later" {
		t.Errorf("candidate: plan %q", plan)
	}

	claimed, err := s.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org)}, installation.NewLease("me", now), now)
	noError(t, err)
	invalid := save(t, s, claimed.Installation.Invalidate("w", now))
	if plan := raw.text("installation", "plan"); plan != "later" {
		t.Errorf("after a claim and a change of state: plan %q", plan)
	}
	save(t, s, invalid.Expire(now.Add(installation.TokenInvalidLife)))
	if plan := raw.text("installation", "plan"); plan != "" {
		t.Errorf("a tombstone keeps plan %q", plan)
	}
}

// TestEarlierRowsAreRead tests a row without any attribute that a version has added.
func TestEarlierRowsAreRead(t *testing.T) {
	t.Parallel()
	s, raw := newRows(t)
	item := raw.key("installation")
	item["schema"], item["version"] = &types.AttributeValueMemberN{Value: "0"}, &types.AttributeValueMemberN{Value: "7"}
	item["state"] = &types.AttributeValueMemberS{Value: "active"}
	if _, err := raw.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &raw.table, Item: item}); err != nil {
		t.Fatal(err)
	}
	found, _ := find(t, s, org, now)
	if !found.Exists() || found.Version != 7 {
		t.Errorf("found %+v", found)
	}
	if saved := save(t, s, found); saved.Version != 8 {
		t.Errorf("saved version %d", saved.Version)
	}
}

// TestRowsOfALaterSchemaAreLeftAlone tests that such a row is neither read nor claimed
// nor written.
func TestRowsOfALaterSchemaAreLeftAlone(t *testing.T) {
	t.Parallel()
	s, raw := newRows(t)
	save(t, s, active(org))
	raw.add("installation", "schema", &types.AttributeValueMemberN{Value: "2"})
	before := raw.get("installation")

	_, _, err := s.Find(t.Context(), installationtest.Key(org), now)
	if err == nil || !strings.Contains(err.Error(), "later schema") || !strings.Contains(err.Error(), org) {
		t.Errorf("find: %v", err)
	}
	_, err = s.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org)}, installation.NewLease("me", now), now)
	wantError(t, err, installation.ErrConflict)
	if _, err := s.Save(t.Context(), active(org)); !errors.Is(err, installation.ErrConflict) {
		t.Errorf("save: %v", err)
	}
	if after := raw.get("installation"); len(after) != len(before) || after["workOwner"] != nil {
		t.Errorf("the row was changed: %v", after)
	}
}

// TestNoticeIsOfOneWrite tests that only the write that a notice is about stores it.
func TestNoticeIsOfOneWrite(t *testing.T) {
	t.Parallel()
	s, raw := newRows(t)
	want := func(when, notice string) {
		t.Helper()
		if got := raw.text("installation", "notice"); got != notice {
			t.Errorf("%s: notice %q, want %q", when, got, notice)
		}
		if detail := raw.text("installation", "event"); (detail == "") != (notice == "") {
			t.Errorf("%s: %q is stored as an event's detail", when, detail)
		}
	}
	announced := func(i installation.Installation) installation.Installation {
		return i.Announce("default", 1, now)
	}
	proven, err := candidate(org, "c").Promote(installation.Installation{})
	noError(t, err)
	proven.Schedule.DueAt = now
	commit(t, s, announced(proven), mark(org, "c"))
	want("activated", "installation.activated")
	if _, err := s.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org)}, installation.NewLease("me", now), now); err != nil {
		t.Fatal(err)
	}
	want("claimed", "")
	row, _ := find(t, s, org, now)
	row, err = row.Change(installation.Change{IssuedAt: now})
	noError(t, err)
	row = save(t, s, announced(row))
	want("changed", "installation.updated")
	row = save(t, s, row)
	want("saved again", "")
	row = save(t, s, announced(row.Invalidate("w", now)))
	want("refused", "installation.token_invalid")
	row, err = row.Remove(now, now)
	noError(t, err)
	save(t, s, announced(row))
	want("removed", "installation.removed")
}
