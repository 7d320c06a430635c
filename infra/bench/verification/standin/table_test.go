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

// The stand-in is asked by the real store: what a run needs of DynamoDB holds.
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
	sample := installation.Installation{OrgKey: standin.SampleKey(), Statement: installation.Statement{OrgName: "Acme"}, State: installation.Active, Schedule: installation.Schedule{DueAt: now}}
	if _, err := store.Save(ctx, sample); err != nil {
		t.Fatal(err)
	}
	const due = 250
	table.Fill(1000, due, now)
	seen := map[string]bool{}
	for shard := range installation.Shards {
		for cursor := ""; ; {
			refs, next, err := store.Due(ctx, shard, now, cursor, 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, ref := range refs {
				seen[ref.OrgKey] = true
				verify(t, store, sealer, ref, now)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if left, err := store.CountDue(ctx, shard, now); err != nil || left != 0 {
			t.Errorf("shard %d: %d left, %v", shard, left, err)
		}
	}
	if counts := table.Counts(); len(seen) != due || counts["PutItem"] != 2*due || counts["UpdateItem"] != 2*due {
		t.Errorf("%d rows were due, want %d; requests %v", len(seen), due, counts)
	}
	if _, _, err := store.Find(ctx, standin.SampleKey(), now); err == nil {
		t.Error("what it does not know is answered")
	}
}

// verify claims and saves a row, and then tries both again.
func verify(t *testing.T, store *dynamo.Store, sealer *sealing.Keyset, ref installation.Ref, now time.Time) {
	t.Helper()
	lease := installation.NewLease("worker", now)
	work, err := store.Claim(t.Context(), ref, lease, now)
	if err != nil {
		t.Fatal(err)
	}
	row := *work.Installation
	if _, err := sealer.Open(row.Tokens.Access, installation.AccessPlace(row.OrgKey)); err != nil || row.OrgKey != ref.OrgKey || row.OrgName != "Acme" || row.Work.Owner != "worker" {
		t.Errorf("claimed %+v, %v", row, err)
	}
	if _, err := store.Claim(t.Context(), ref, installation.NewLease("other", now), now); !errors.Is(err, installation.ErrConflict) {
		t.Errorf("claimed twice: %v", err)
	}
	row.Schedule.DueAt = now.Add(time.Hour)
	if _, err := store.Save(t.Context(), row); err != nil {
		t.Error(err)
	}
	if _, err := store.Save(t.Context(), row); !errors.Is(err, installation.ErrConflict) {
		t.Errorf("saved twice: %v", err)
	}
}
