package crosslaunch_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/launch"
	"signpost/shared/race"
	"signpost/shared/secret"
)

// counting counts the requests that go through it.
type counting struct{ requests atomic.Int64 }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

// rig is a deployment on a real table, with every request counted.
type rig struct {
	*deployment
	store               *dynamo.Store
	toWebex, toDynamoDB counting
}

func newRig(t *testing.T) *rig {
	t.Helper()
	crosslaunch.LiftBudget(t)
	r := &rig{}
	_, table := dynamotest.New(t)
	config := dynamotest.Config(t)
	config.HTTPClient = &http.Client{Transport: &r.toDynamoDB}
	r.store = dynamo.New(dynamo.NewClient(config), table)
	r.deployment = deploy(t, r.store, time.Now, &r.toWebex)
	if _, err := r.store.Save(t.Context(), installation.Installation{
		Key: installationtest.Key(r.org.ID()), Statement: installation.Statement{Subject: r.org.Sub(), OrgName: "Acme", Region: r.org.Region()},
		State: installation.Active, Generation: "g",
	}); err != nil {
		t.Fatal(err)
	}
	return r
}

// event is a cross-launch with a new token.
func (d *deployment) event(t testing.TB, devices []launch.Device) events.APIGatewayV2HTTPRequest {
	t.Helper()
	return event(t, "digital_signage", d.body(t, map[string]any{"devices": devices}))
}

// devices are as Webex has them: ids of 80 characters and names of 25, random,
// so that they do not compress into one item.
func devices(n int) []launch.Device {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	text := func(length int) string {
		var b strings.Builder
		for range length {
			b.WriteByte(alphabet[rand.IntN(len(alphabet))])
		}
		return b.String()
	}
	list := make([]launch.Device, n)
	for i := range list {
		list[i] = launch.Device{DeviceID: text(80), DisplayName: text(25)}
	}
	return list
}

func TestWarmCrossLaunchIsOneRequest(t *testing.T) {
	for _, n := range []int{3, launch.MaxDevices} {
		t.Run(fmt.Sprint(n, " devices"), func(t *testing.T) {
			r := newRig(t)
			codeOf(t, handle(t, r.assign, r.event(t, devices(1)))) // warm
			list := devices(n)
			event := r.event(t, list)
			r.toWebex.requests.Store(0)
			r.toDynamoDB.requests.Store(0)
			code := codeOf(t, handle(t, r.assign, event))
			if got := r.toDynamoDB.requests.Load(); got != 1 {
				t.Errorf("%d DynamoDB requests, want 1", got)
			}
			if got := r.toWebex.requests.Load(); got != 0 {
				t.Errorf("%d requests to Webex, want none", got)
			}
			taken, of, err := r.store.Take(t.Context(), secret.CodeID(code), time.Now())
			if err != nil || of.OrgName != "Acme" || taken.OrgID != r.org.Sub() {
				t.Fatalf("taken for %q %q: %v", of.OrgName, taken.OrgID, err)
			}
			if diff := cmp.Diff(list, taken.Devices); diff != "" {
				t.Errorf("devices changed on the way (-posted +redeemed): %.400s", diff)
			}
			if strings.Contains(r.log.String(), code) {
				t.Error("the log contains the launch code")
			}
			// A replay writes nothing.
			checkProblem(t, handle(t, r.assign, event), http.StatusConflict, "token_replayed")
		})
	}
}

// hot returns a cross-launch of n devices on a DynamoDB that accepts everything,
// with the key sets fetched. Nothing remembers tokens, so that it can be repeated.
func hot(t testing.TB, n int) func() {
	t.Helper()
	crosslaunch.LiftBudget(t)
	client := dynamo.NewClient(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), HTTPClient: dynamotest.Accepting{},
	})
	d := deploy(t, dynamo.New(client, "table"), time.Now, nil)
	codeOf(t, handle(t, d.assign, d.event(t, devices(1))))
	event := d.event(t, devices(n))
	return func() {
		d.log.Reset()
		if response := handle(t, d.assign, event); response.StatusCode != http.StatusOK {
			t.Fatalf("answer = %d %s", response.StatusCode, response.Body)
		}
	}
}

// TestCrossLaunchAllocates bounds what a cross-launch allocates between event and
// answer: 600 for the token, the SDK and the answer, and for each device of a
// long list its id and its name.
func TestCrossLaunchAllocates(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates too")
	}
	for n, most := range map[int]float64{3: 600, launch.MaxDevices: 600 + 2.05*launch.MaxDevices} {
		if got := testing.AllocsPerRun(20, hot(t, n)); got > most {
			t.Errorf("%d devices: %.0f allocations, want %.0f at most", n, got, most)
		}
	}
}

// BenchmarkCrossLaunch is the handler from event to answer without the network.
func BenchmarkCrossLaunch(b *testing.B) {
	for _, n := range []int{3, launch.MaxDevices} {
		b.Run(fmt.Sprint("devices=", n), func(b *testing.B) {
			run := hot(b, n)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
