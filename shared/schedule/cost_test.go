package schedule_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// units are the capacity units that DynamoDB charges.
type units struct {
	mu            sync.Mutex
	reads, writes float64
}

// count makes DynamoDB return what each request of a client consumes.
func (u *units) count(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("capacity", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		switch input := in.Parameters.(type) {
		case *dynamodb.QueryInput:
			input.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
		case *dynamodb.BatchGetItemInput:
			input.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
		case *dynamodb.PutItemInput:
			input.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
		case *dynamodb.UpdateItemInput:
			input.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
		}
		out, metadata, err := next.HandleInitialize(ctx, in)
		u.mu.Lock()
		defer u.mu.Unlock()
		switch output := out.Result.(type) {
		case *dynamodb.QueryOutput:
			u.reads += charged(output.ConsumedCapacity)
		case *dynamodb.BatchGetItemOutput:
			for _, capacity := range output.ConsumedCapacity {
				u.reads += charged(&capacity)
			}
		case *dynamodb.PutItemOutput:
			u.writes += charged(output.ConsumedCapacity)
		case *dynamodb.UpdateItemOutput:
			u.writes += charged(output.ConsumedCapacity)
		}
		return out, metadata, err
	}), middleware.Before)
}

func charged(capacity *types.ConsumedCapacity) float64 {
	if capacity == nil || capacity.CapacityUnits == nil {
		return 0
	}
	return *capacity.CapacityUnits
}

// obedient is a Webex that stores what the settings want.
type obedient struct {
	lifecycle.Webex
	settings lifecycle.Settings
}

func (o obedient) GetConfig(_ context.Context, feature webex.Feature, _ string, _ secret.String) (webex.FeatureConfig, error) {
	config, _ := o.settings.Wanted(feature, installation.Installation{BaseURL: base})
	return config, nil
}

// open seals nothing.
type open struct{}

func (open) Client(context.Context, installation.Key) (webex.Credentials, error) {
	return webex.Credentials{ClientID: "client"}, nil
}
func (open) Prove(context.Context, installation.Key, webex.Credentials) error { return nil }
func (open) Sealer(context.Context) (lifecycle.Sealer, error)                 { return open{}, nil }
func (open) Seal(t secret.String, _ string) (secret.Sealed, error) {
	return secret.Sealed(t.Reveal()), nil
}
func (open) Open(sealed secret.Sealed, _ string) (secret.String, error) {
	return secret.New(string(sealed)), nil
}
func (open) Stale(secret.Sealed) bool { return false }

const base = "https://api.vendor.example"

// customer is an installation of the size that one has in production.
func customer(org string, now time.Time) installation.Installation {
	row := installation.Installation{
		Key: installationtest.Key(org), State: installation.Active, Generation: "0f6b9fd4a1c6d1c2",
		Statement: installation.Statement{
			Subject: "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8" + org, OrgName: "A customer with a name of some length", Region: "us-west-2_r",
			ManifestVersion: 1, Scopes: []string{"spark-admin:workspaces_read", "spark:xapi_statuses"},
			URLs: installation.URLs{OAuth: "https://webexapis.com/v1/access_token", App: "https://xapi-r.wbx2.com/xapi/api/organizations/" + org + "/apps/app"},
		},
		BaseURL: base, RegisteredActionsURL: base + "/actions", ActivatedAt: now.AddDate(0, -1, 0),
		Tokens: installation.Tokens{
			Refresh: make(secret.Sealed, 400), RefreshExpiresAt: now.AddDate(0, 2, 0), RenewedAt: now,
			Access: make(secret.Sealed, 400), AccessExpiresAt: now.AddDate(0, 0, 14),
		},
		Features: map[webex.Feature]installation.Feature{},
	}
	for _, name := range webex.Features {
		row.Features[name] = installation.Feature{Endpoint: "https://signage-r.wbx2.com/" + string(name) + "/" + org, Status: installation.Pending}
	}
	return row
}

// TestInOrderCostsNextToNothing tests that an installation in order is not written, and
// read for half a unit.
func TestInOrderCostsNextToNothing(t *testing.T) {
	const customers = 500
	_, table := dynamotest.New(t)
	used := &units{}
	config := dynamotest.Config(t)
	config.APIOptions = append(config.APIOptions, used.count)
	store := dynamo.New(dynamodb.NewFromConfig(config), table)
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	const shard = 3
	for n, made := 0, 0; made < customers; n++ {
		if org := fmt.Sprintf("3a6ff373-0e85-4a5b-b6c9-%012d", n); installation.ShardOf(org) == shard {
			if _, err := store.Save(t.Context(), customer(org, now)); err != nil {
				t.Fatal(err)
			}
			made++
		}
	}
	settings := lifecycle.Settings{ClientID: "client", PublicURL: base, VerifyInterval: time.Hour, Provided: map[webex.Feature]lifecycle.Content{}}
	for _, name := range webex.Features {
		settings.Provided[name] = lifecycle.Content{DeviceURL: "https://content.vendor.example/" + string(name)}
	}
	service, err := lifecycle.New(store, obedient{settings: settings}, open{}, settings, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	verifier := schedule.New(service, store)
	verify := func(after ...time.Duration) (sum schedule.Report) {
		t.Helper()
		*used = units{}
		for _, wait := range after {
			now = now.Add(wait)
			report, err := verifier.VerifyDue(t.Context(), schedule.Run{Shards: []int{shard}, Concurrency: 8})
			if err != nil {
				t.Fatal(err)
			}
			sum.Add(report)
		}
		return sum
	}
	if report := verify(0); report != (schedule.Report{Verified: customers}) || used.writes < 2*customers {
		t.Fatalf("the first pass, which claims each of them: %+v, %.0f write units", report, used.writes)
	}
	report := verify(4*time.Minute, 25*time.Minute, 25*time.Minute) // the fifth page is due after 52
	reads, writes := used.reads/customers, used.writes/customers
	t.Logf("in order: %.3f read units and %.4f write units for each of %d", reads, writes, customers)
	if report != (schedule.Report{Verified: customers}) || writes > 0.05 || reads > 0.6 {
		t.Errorf("%+v, %.3f read units, %.4f write units", report, reads, writes)
	}
}
