package standin_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"signpost/infra/bench/verification/standin"
	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/secret/sealing"
)

// TestTable tests what a pass requires of DynamoDB, through the real store.
func TestTable(t *testing.T) {
	document, err := sealing.NewDocument()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := sealing.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	table := standin.NewTable(sealer)
	server := httptest.NewServer(table)
	defer server.Close()
	store := dynamo.New(dynamo.NewClient(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	}), "table")
	now, ctx := time.Now(), t.Context()
	sample := installation.Installation{Key: standin.SampleKey(), Statement: installation.Statement{OrgName: "Acme"}, State: installation.Active}
	if _, err := store.Save(ctx, sample); err != nil {
		t.Fatal(err)
	}
	const rows = 1000
	table.Fill(rows)
	seen := map[string]bool{}
	for shard := range installation.Shards {
		for place, end := "", false; !end; {
			page, err := store.Page(ctx, shard, place, 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Rows {
				seen[row.OrgKey] = true
				if _, err := sealer.Open(row.Tokens.Access, installation.AccessPlace(row.Key)); err != nil || row.OrgName != "Acme" {
					t.Errorf("read %+v, %v", row, err)
				}
			}
			place, end = page.Last, page.End
		}
		if due, _, err := store.Due(ctx, shard, now, "", 10); err != nil || len(due) != 0 {
			t.Errorf("shard %d: due %v, %v", shard, due, err)
		}
	}
	if len(seen) != rows {
		t.Errorf("%d rows, want %d", len(seen), rows)
	}
	first := installation.Pass{Shard: 5, Place: "p"}
	if _, err := store.SavePass(ctx, first); err != nil {
		t.Fatal(err)
	}
	if _, err := store.SavePass(ctx, first); !errors.Is(err, installation.ErrConflict) {
		t.Errorf("saved twice: %v", err)
	}
	passes, err := store.Passes(ctx)
	if err != nil || passes[5].Place != "p" || passes[5].Version != 1 || passes[4].Version != 0 {
		t.Errorf("passes: %+v, %v", passes, err)
	}
	if _, _, err := store.Find(ctx, standin.SampleKey(), now); err == nil {
		t.Error("an unsupported operation is answered")
	}
}
