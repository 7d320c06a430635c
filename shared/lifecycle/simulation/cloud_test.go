package simulation_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// What Webex may store of a feature, beside the configurations that were PUT,
// which count from there.
const (
	nothing = iota
	altered
	firstPut
)

// trouble is what a region does to a customer's call before it is carried out.
type trouble func(ctx context.Context, id int) error

// hangs is a region that takes calls and never answers.
func hangs(ctx context.Context, _ int) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	<-ctx.Done()
	return &webex.APIError{Op: "call", Cause: ctx.Err()}
}

// throttles is a region that answers all calls by asking to be left alone.
func throttles(after time.Duration) trouble {
	return func(context.Context, int) error {
		return &webex.APIError{Op: "call", Status: http.StatusTooManyRequests, RetryAfter: after}
	}
}

// fails is a region that answers these customers' calls with an error.
func fails(answer webex.APIError, ids ...int) trouble {
	return func(_ context.Context, id int) error {
		if slices.Contains(ids, id) {
			return &answer
		}
		return nil
	}
}

// cloud is Webex: two configurations a customer, in a few regions.
type cloud struct {
	delay func() // what a call takes
	began time.Time

	mu      sync.Mutex
	stored  [][2]uint8 // by customer
	puts    []webex.FeatureConfig
	trouble map[string]trouble // by region
	total   int                // calls
	calls   map[string]int     // by method
	seconds []uint32           // calls in each second
	byHost  map[string]int     // calls by region
	// looks is when each customer was last looked at, and looked is told how long
	// after the look before.
	looks  []time.Time
	looked func(id int, after time.Duration)
	// since is when a customer's configuration stopped being as it should,
	// healed what is told once it is again.
	since  map[[2]int]time.Time
	healed func(id int, after time.Duration)
	// pushed is told of every PUT: to whom, and of which configuration, by the
	// order in which they were first seen.
	pushed func(id, configuration int)
	// refuses, if set, decides about every PUT.
	refuses func(id int, config webex.FeatureConfig) error
}

func newCloud(customers int, delay func()) *cloud {
	return &cloud{
		delay: delay, began: time.Now(), stored: make([][2]uint8, customers), trouble: map[string]trouble{},
		calls: map[string]int{}, byHost: map[string]int{}, since: map[[2]int]time.Time{}, healed: func(int, time.Duration) {},
		pushed: func(int, int) {}, looks: make([]time.Time, customers), looked: func(int, time.Duration) {},
	}
}

// nobody is whose call it is where the address does not say.
const nobody = -1

// enter is before every call: it counts it, and lets the region's trouble have
// its way.
func (c *cloud) enter(ctx context.Context, method, address string) (id, feature int, err error) {
	host, path, _ := strings.Cut(strings.TrimPrefix(address, "https://"), "/")
	region := strings.TrimSuffix(host, ".webexapis.com")
	id = nobody
	if first, second, ok := strings.Cut(path, "/"); ok {
		feature, _ = strconv.Atoi(first)
		id, _ = strconv.Atoi(second)
	}
	c.mu.Lock()
	c.total++
	c.calls[method]++
	c.byHost[region]++
	second := int(time.Since(c.began) / time.Second)
	for len(c.seconds) <= second {
		c.seconds = append(c.seconds, 0)
	}
	c.seconds[second]++
	trouble := c.trouble[region]
	c.mu.Unlock()
	if trouble != nil {
		if err := trouble(ctx, id); err != nil {
			return id, feature, err
		}
	}
	c.delay()
	return id, feature, nil
}

// set changes a region's trouble; nil ends it.
func (c *cloud) set(region string, t trouble) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trouble[region] = t
}

// spoil alters or deletes a customer's configuration.
func (c *cloud) spoil(id, feature int, to uint8) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stored[id][feature] = to
	if _, already := c.since[[2]int{id, feature}]; !already {
		c.since[[2]int{id, feature}] = time.Now()
	}
}

// waiting is how many configurations are not as they should be.
func (c *cloud) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.since)
}

func (c *cloud) GetConfig(ctx context.Context, feature webex.Feature, address string, _ secret.String) (webex.FeatureConfig, error) {
	id, n, err := c.enter(ctx, "GET", address)
	if err != nil {
		return webex.FeatureConfig{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n == 0 {
		if before := c.looks[id]; !before.IsZero() {
			c.looked(id, time.Since(before))
		}
		c.looks[id] = time.Now()
	}
	switch stored := c.stored[id][n]; stored {
	case nothing:
		return webex.FeatureConfig{}, &webex.APIError{Op: "GET", Status: http.StatusNotFound}
	case altered:
		return webex.FeatureConfig{Feature: feature, DeviceURL: "https://elsewhere.example/"}, nil
	default:
		return c.puts[stored-firstPut], nil
	}
}

func (c *cloud) PutConfig(ctx context.Context, address string, _ secret.String, config webex.FeatureConfig) error {
	id, n, err := c.enter(ctx, "PUT", address)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuses != nil {
		if err := c.refuses(id, config); err != nil {
			return err
		}
	}
	c.stored[id][n] = c.known(config)
	c.pushed(id, int(c.stored[id][n]-firstPut))
	if since, waits := c.since[[2]int{id, n}]; waits {
		delete(c.since, [2]int{id, n})
		c.healed(id, time.Since(since))
	}
	return nil
}

// known gives each configuration a number; c.mu is held.
func (c *cloud) known(config webex.FeatureConfig) uint8 {
	for i, one := range c.puts {
		if one.Equal(config) {
			return uint8(firstPut + i)
		}
	}
	c.puts = append(c.puts, config)
	return uint8(firstPut + len(c.puts) - 1)
}

func (c *cloud) Exchange(ctx context.Context, address string, _ webex.Credentials, _ secret.String) (webex.Tokens, error) {
	_, _, err := c.enter(ctx, "POST", address)
	return webex.Tokens{Access: secret.New("a"), AccessLife: accessLife}, err
}

var errNotCalled = errors.New("verification does not call this")

func (c *cloud) GetApp(context.Context, string, secret.String) (webex.App, error) {
	return webex.App{}, errNotCalled
}

func (c *cloud) UpdateApp(ctx context.Context, address string, _ secret.String, _ webex.AppUpdate) error {
	_, _, err := c.enter(ctx, "PATCH", address)
	return err
}
func (c *cloud) DeleteApp(context.Context, string, secret.String) error { return errNotCalled }
func (c *cloud) DeleteConfig(context.Context, webex.Feature, string, secret.String) error {
	return errNotCalled
}

// keys seal nothing: what is sealed is not what is simulated.
type keys struct{}

func (keys) Client(context.Context, installation.Key) (webex.Credentials, error) {
	return webex.Credentials{ClientID: "client"}, nil
}
func (keys) Prove(context.Context, installation.Key, webex.Credentials) error { return nil }
func (keys) Sealer(context.Context) (lifecycle.Sealer, error)                 { return plain{}, nil }
func (plain) Seal(secret.String, string) (secret.Sealed, error)               { return secret.Sealed("a"), nil }
func (plain) Open(s secret.Sealed, _ string) (secret.String, error) {
	return secret.New(string(s)), nil
}
func (plain) Stale(secret.Sealed) bool { return false }

type plain struct{}
