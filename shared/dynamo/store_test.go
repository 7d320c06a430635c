package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

var _ lifecycle.Store = (*dynamo.Store)(nil)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newStore(t testing.TB) *dynamo.Store {
	t.Helper()
	return dynamo.New(dynamotest.New(t))
}

func TestSmoke(t *testing.T) {
	s := newStore(t)
	i, err := s.Save(t.Context(), installation.Installation{OrgKey: "o", State: installation.Active, Schedule: installation.Schedule{DueAt: now}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(t.Context(), installation.Installation{OrgKey: "o"}); !errors.Is(err, installation.ErrConflict) {
		t.Fatal(err)
	}
	c, err := s.PutCandidate(t.Context(), installation.Candidate{OrgKey: "o", ID: "x", ForgetAt: now.Add(time.Hour), Schedule: installation.Schedule{DueAt: now}})
	if err != nil {
		t.Fatal(err)
	}
	due, next, err := s.Due(t.Context(), installation.ShardOf("o"), now, "", 10)
	t.Log(due, next, err)
	i, err = s.Commit(t.Context(), i, installation.Used{OrgKey: "o", ID: "u", Until: now.Add(time.Hour)}, []installation.Candidate{c}, now)
	t.Log(i, err)
	i, err = s.Commit(t.Context(), i, installation.Used{OrgKey: "o", ID: "u", Until: now.Add(time.Hour)}, nil, now)
	t.Log(i, err)
	w, err := s.Claim(t.Context(), due[0], installation.NewLease("me", now), now)
	t.Log(w.Installation, err)
	t.Log(s.Find(t.Context(), "o", now))
	t.Log(s.Used(t.Context(), "o", "u", now))
}
