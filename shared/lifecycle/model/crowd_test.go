package model_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"pgregory.net/rapid"

	"signpost/shared/installation"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// A crowd is several customers of one shard and one of another: what passes are for.

// shardsInUse are where the customers are.
var shardsInUse = []int{3, 11}

// customer is an organization of a world.
type customer struct {
	name, region string
	shard        int
}

var (
	two   = []customer{{"Acme", home, 3}, {"Other", elsewhere, 11}}
	crowd = []customer{{"A", home, 3}, {"B", home, 3}, {"C", elsewhere, 3}, {"D", home, 3}, {"E", home, 3}, {"F", home, 11}}
)

// uuids are organizations of a shard, in their order.
var uuids = sync.OnceValue(func() map[int][]string {
	found := map[int][]string{}
	for n := range 400 {
		id := fmt.Sprintf("%08x-0000-4000-8000-%012x", n<<22, n)
		shard := installation.ShardOf(id)
		found[shard] = append(found[shard], id)
	}
	return found
})

// populate adds the customers, all of a crowd but one with an installation.
func (w *world) populate() {
	customers, next := two, map[int]int{}
	if w.sequence.Crowd {
		customers = crowd
	}
	for _, c := range customers {
		id := uuids()[c.shard][next[c.shard]]
		next[c.shard]++
		w.orgs = append(w.orgs, w.cloud.AddOrganizationWithID(id, c.name, c.region))
		w.model.names[id] = c.name
	}
}

// activateCrowd installs the integration at all but one of a crowd's customers.
func (w *world) activateCrowd() {
	for n, org := range w.orgs {
		if !w.sequence.Crowd || n == 1 {
			continue
		}
		token := w.model.mint(must(w.verifier.Verify(context.Background(), must(w.cloud.MintActivation(org.ID())), webex.Provision)), true)
		_ = must(w.serviceWith(w.store.channels.now()).Activate(context.Background(), token.Token, base))
	}
}

// label tells a crowd's calls at the same time apart.
func (w *world) label(of string) string {
	if !w.sequence.Crowd || of == "" {
		return ""
	}
	if name := w.model.names[of]; name != "" {
		return " " + name
	}
	return " " + of
}

// crowdKinds is what a step of a crowd is drawn from.
var crowdKinds = []kind{
	verify, verify, verify, hours, hours, hours, outage, outage, outage, drift, drift, settings, settings, tableFault, tableFault, webexFault,
	activate, activate, deprovision, move, approve, revoke, heal, healthCheck, wrongClient, rollout, rollout, rollout,
}

// crowdGaps are the times between two steps of a crowd.
var crowdGaps = []time.Duration{
	time.Second, 0, 30 * time.Millisecond, 20 * time.Second, 61 * time.Second, 5 * time.Minute, 16 * time.Minute, 35 * time.Minute, 61 * time.Minute, 3 * time.Hour,
}

var crowdStep = rapid.Custom(func(t *rapid.T) step {
	s := drawStep(t, crowdKinds, crowdGaps)
	s.Org = rapid.IntRange(0, len(crowd)-1).Draw(t, "customer")
	return s
})

// runs is a series of the schedule's runs, the first of which may die.
func (w *world) runs(ctx context.Context, n, i int, s step, d delivery) {
	const many, apart = 7, 9 * time.Minute
	for run := range many {
		w.start(ctx, fmt.Sprintf("%d/%d/%d", n, i, run), d, func(ctx context.Context) { w.verify(ctx, s.Variant) })
		d.KillAfter, d.After = 0, d.After+apart
	}
}

// outages are what a region's host does for a while.
var outages = []webextest.Fault{
	{Status: http.StatusTooManyRequests, RetryAfter: "20"},
	{Status: http.StatusTooManyRequests, RetryAfter: "500"},
	{Status: http.StatusServiceUnavailable},
	{Status: http.StatusTooManyRequests, RetryAfter: "20", Kind: webextest.KindSignage},
}

func (w *world) outage(region string, variant int) {
	fault := outages[variant%len(outages)]
	fault.Region = region
	fault.Until = time.Now().Add([]time.Duration{70 * time.Minute, 170 * time.Minute}[variant/len(outages)])
	w.cloud.Inject(fault)
}

func shardName(shard int) string { return "shard " + strconv.Itoa(shard) }
