package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
)

// aws points the AWS tools' settings at the emulator.
func aws(t *testing.T) {
	t.Helper()
	settings := dynamotest.Config(t)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", *settings.BaseEndpoint)
	t.Setenv("AWS_REGION", settings.Region)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
}

func TestRun(t *testing.T) {
	aws(t)
	client, from := dynamotest.New(t)
	_, to := dynamotest.New(t)
	old, fresh := dynamo.New(client, from), dynamo.New(client, to)
	for _, org := range []string{"one", "two"} {
		if _, err := old.Save(t.Context(), installation.Installation{OrgKey: org, State: installation.Active, Generation: "g"}); err != nil {
			t.Fatal(err)
		}
	}
	has := func(org string) bool {
		row, _, err := fresh.Find(t.Context(), org, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return row.Version != 0
	}
	for _, step := range []struct {
		name     string
		flags    flags
		says     string
		one, two bool
	}{
		{"dry run", flags{from, to, "move", "", true}, "2 added, 0 changed, 0 left", false, false},
		{"one, by its orgId", flags{from, to, "restore", "one", false}, "1 added, 0 changed, 0 left", true, false},
		{"all", flags{from, to, "move", "", false}, "1 added, 0 changed, 1 left", true, true},
		{"in a region", flags{"us-east-1/" + from, "us-east-1/" + to, "move", "", false}, "0 added, 0 changed, 2 left", true, true},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), &out, step.flags); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if !strings.Contains(out.String(), step.says) || has("one") != step.one || has("two") != step.two ||
			strings.Contains(out.String(), "nothing is written") != step.flags.dryRun {
			t.Errorf("%s: %s", step.name, out.String())
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for want, f := range map[string]flags{
		"both tables": {from: "x", purpose: "move"}, "same table": {from: "x", to: "x", purpose: "move"},
		"FOR=move or FOR=restore": {from: "x", to: "y"},
	} {
		if err := run(t.Context(), &bytes.Buffer{}, f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
