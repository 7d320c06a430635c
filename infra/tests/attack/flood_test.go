package attack_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signpost/infra/template"
	"signpost/infra/tests/customer"
	"signpost/shared/race"
	"signpost/shared/webex"
	"signpost/shared/webex/verifiertest"
	"signpost/shared/webex/webextest"
)

// interval is the least time between two fetches of a key set for unknown keys.
const interval = 30 * time.Second

// counting counts the requests that pass.
type counting struct{ requests atomic.Int64 }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

// TestFloodOfTheVerifier sends a verifier 10,000 unknown key ids over several
// intervals of a controlled clock, with good tokens in between. TestFloodOfTheStack
// does so from outside, by the real clock.
func TestFloodOfTheVerifier(t *testing.T) {
	const flood, workers, intervals = 10_000, 8, 5
	cloud := webextest.NewServer(t, webextest.Options{})
	org := cloud.AddOrganization("Victim of the flood", west)
	var transport counting
	began := time.Now()
	var elapsed atomic.Int64
	clock := func() time.Time { return began.Add(time.Duration(elapsed.Load())) }
	verifier, err := verifiertest.New(cloud.AppID(), cloud.JWKSURLs(), &transport, clock)
	if err != nil {
		t.Fatal(err)
	}
	good, err := cloud.MintAction(org.ID(), webextest.ActionHealthCheck, nil)
	if err != nil {
		t.Fatal(err)
	}
	var sent, served atomic.Int64
	for i := range int64(intervals) {
		elapsed.Store(i * int64(interval))
		var wait sync.WaitGroup
		for range workers {
			wait.Go(func() {
				for n := range flood / intervals / workers {
					token := rawToken(`{"alg":"ES256","kid":"made-up-`+strconv.FormatInt(sent.Add(1), 10)+`"}`, `{"sub":"x"}`, func(string) []byte { return make([]byte, 64) })
					if _, err := verifier.Verify(context.Background(), token, webex.HealthCheck); !errors.Is(err, webex.ErrUnknownKey) {
						t.Errorf("a made-up key id is answered %v", err)
					}
					if n%50 != 0 {
						continue
					}
					if _, err := verifier.Verify(context.Background(), good, webex.HealthCheck); err != nil {
						t.Errorf("in the flood a good token is answered %v", err)
					}
					served.Add(1)
				}
			})
		}
		wait.Wait()
		if got, limit := transport.requests.Load(), (i+1)*int64(len(webex.DefaultRegions)); got > limit || got < limit-i {
			t.Errorf("after %d intervals there were %d fetches of %d key sets", i+1, got, len(webex.DefaultRegions))
		}
	}
	t.Logf("%d made-up key ids over %d intervals: %d fetches of %d key sets, %d good tokens served", sent.Load(), intervals, transport.requests.Load(), len(webex.DefaultRegions), served.Load())
}

// TestFloodOfTheStack: in a flood of unknown key ids each process of a function
// fetches each key set once an interval at most, and good requests are answered.
func TestFloodOfTheStack(t *testing.T) {
	const workers, sets = 2, 3
	flood := race.Share(10_000, 1000)
	s := target
	v := newVictim(t, s)
	fetched := func() int64 { return keys.fetches.Load() + int64(s.Webex().Count(webextest.KindJWKS, "")) }
	before, began := fetched(), time.Now()
	over, served := make(chan struct{}), make(chan int)
	go func() { served <- v.servedUntil(t, over) }()
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for range flood / workers {
				token := v.token(customer.Merged(goodHeader, object{"kid": newID()}), v.claims(webextest.ActionDeprovision), none)
				if got, err := customer.Try(s.URL(), customer.Post(actions, token)); err != nil || got.Status != unknownKey.status {
					t.Errorf("a made-up key id is answered %d %s, %v", got.Status, got.Body, err)
				}
			}
		})
	}
	wait.Wait()
	close(over)
	const processes = workers + 1
	good, limit := <-served, processes*sets*(1+int64(time.Since(began)/interval))
	if good == 0 {
		t.Error("in the flood no good request was served")
	}
	if got := fetched() - before; got > limit {
		t.Errorf("%d fetches by at most %d processes, want %d at most", got, processes, limit)
	}
	t.Logf("%d made-up key ids: %d fetches of %d key sets by at most %d processes, %d good requests served", flood, fetched()-before, sets, processes, good)
}

// servedUntil sends good requests, each of which must be answered, until over is
// closed, and returns how many.
func (v *victim) servedUntil(t *testing.T, over <-chan struct{}) int {
	for served := 0; ; served++ {
		select {
		case <-over:
			return served
		default:
		}
		got, err := customer.Try(v.Stack.URL(), customer.Post(actions, v.sign(v.claims(webextest.ActionHealthCheck))))
		if err != nil || got.Status != 200 {
			t.Errorf("in the flood a good request is answered %d %s, %v", got.Status, got.Body, err)
		}
	}
}

// TestFloodOfARoute: API Gateway passes a route's burst on and refuses the rest,
// while every other route stays open. The clock stands still, so that the limit
// does not recover.
func TestFloodOfARoute(t *testing.T) {
	read, err := template.Read("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var flooded template.Route
	others := map[string]request{}
	for _, f := range read.Functions {
		for _, r := range f.Routes {
			if r.Key() == "POST /activation" {
				flooded = r
			} else {
				others[r.Key()] = request{Method: r.Method, Path: strings.NewReplacer("{feature}", "digital_signage", "{code}", "x", "{org}", "x", "{id}", "x").Replace(r.Path)}
			}
		}
	}
	now := time.Now()
	options := customer.Options(t.TempDir(), nil)
	options.Unlimited, options.Now = false, func() time.Time { return now }
	s := customer.StartWith(t, options)
	const more = 20
	answers := map[int]int{}
	for range flooded.Limit.Burst + more {
		got := customer.Send(t, s.URL(), customer.Post(flooded.Path, "rubbish"))
		answers[got.Status]++
		if got.Status == http.StatusTooManyRequests && got.Body != `{"message":"Too Many Requests"}` {
			t.Errorf("over the limit the answer is %s", got.Body)
		}
	}
	if want := map[int]int{400: flooded.Limit.Burst, 429: more}; !maps.Equal(answers, want) {
		t.Errorf("the flood is answered %v, want %v", answers, want)
	}
	for route, r := range others {
		if got := customer.Send(t, s.URL(), r); got.Status == http.StatusTooManyRequests || got.Body == `{"message":"Not Found"}` {
			t.Errorf("in the flood %s is answered %d", route, got.Status)
		}
	}
	if len(others) != 16 {
		t.Errorf("%d other routes were tried", len(others))
	}
}
