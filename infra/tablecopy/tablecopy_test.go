package tablecopy

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
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
		if _, err := old.Save(t.Context(), installation.Installation{Key: installationtest.Key(org), State: installation.Active, Generation: "g"}); err != nil {
			t.Fatal(err)
		}
	}
	has := func(org string) bool {
		row, _, err := fresh.Find(t.Context(), installationtest.Key(org), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return row.Version != 0
	}
	for _, step := range []struct {
		name     string
		options  Options
		says     string
		one, two bool
	}{
		{"dry run", Options{from, to, "move", "", true}, "installations 2 0 0", false, false},
		{"one, by its orgId", Options{from, to, "restore", "one", false}, "installations 1 0 0", true, false},
		{"all", Options{from, to, "move", "", false}, "installations 1 0 1", true, true},
		{"in a region", Options{"us-east-1/" + from, "us-east-1/" + to, "move", "", false}, "installations 0 0 2", true, true},
	} {
		var out bytes.Buffer
		if err := Run(t.Context(), terminal.NewIO(nil, &out, &out, nil), step.options); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		said := strings.Join(strings.Fields(out.String()), " ")
		if !strings.Contains(said, step.says) || has("one") != step.one || has("two") != step.two ||
			strings.Contains(said, "nothing was written") != step.options.DryRun {
			t.Errorf("%s: %s", step.name, out.String())
		}
	}
}

func TestRunRefuses(t *testing.T) {
	aws(t)
	t.Setenv("AWS_REGION", "us-east-1")
	for want, o := range map[string]Options{
		"not a table":             {To: "x", Purpose: "move"},
		"FROM and TO":             {From: "x", To: "x", Purpose: "move"},
		"same table, us-east-1/x": {From: "us-east-1/x", To: "x", Purpose: "restore"},
		"move or --for restore":   {From: "x", To: "y"},
	} {
		err := Run(t.Context(), terminal.NewIO(nil, io.Discard, io.Discard, nil), o)
		if terminal.ExitCode(err) != terminal.ExitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
