package main

import (
	"testing"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func row(org string) installation.Installation {
	return installation.Installation{OrgKey: org, OrgName: "restored", State: installation.Active, Notice: installation.NoticeUpdated}
}

// TestTransfer: what is lost comes back, what went on is left alone.
func TestTransfer(t *testing.T) {
	client, name := dynamotest.New(t)
	source := table{client, name}
	client, name = dynamotest.New(t)
	target := table{client, name}
	restored, live := dynamo.New(source.client, source.name), dynamo.New(target.client, target.name)

	save := func(s *dynamo.Store, i installation.Installation, times int) {
		t.Helper()
		for range times {
			var err error
			if i, err = s.Save(t.Context(), i); err != nil {
				t.Fatal(err)
			}
			i.OrgName = "later"
		}
	}
	save(restored, row("lost"), 1)
	save(restored, row("behind"), 3)
	save(restored, row("ahead"), 1)
	save(live, row("behind"), 1)
	save(live, row("ahead"), 2)
	candidate := installation.Candidate{OrgKey: "lost", ID: "c", Kind: installation.Activation, ForgetAt: now.Add(time.Hour)}
	if _, err := restored.PutCandidate(t.Context(), candidate); err != nil {
		t.Fatal(err)
	}

	for _, want := range []struct {
		org          string
		copied, left int
	}{{"behind", 1, 0}, {"", 2, 2}, {"", 0, 4}} {
		copied, left, err := transfer(t.Context(), source, target, want.org)
		if err != nil || copied != want.copied || left != want.left {
			t.Errorf("%q: %d copied, %d left, %v; want %d and %d", want.org, copied, left, err, want.copied, want.left)
		}
	}
	for org, version := range map[string]int64{"lost": 1, "behind": 3, "ahead": 2} {
		found, candidates, err := live.Find(t.Context(), org, now)
		if err != nil || found.Version != version || (len(candidates) == 1) != (org == "lost") {
			t.Errorf("%s: version %d, %d candidates, %v; want %d", org, found.Version, len(candidates), err, version)
		}
	}
}

func TestOpenWantsBothTables(t *testing.T) {
	if err := run(t.Context(), "x", "", ""); err == nil {
		t.Error("ran without a table to write")
	}
}
