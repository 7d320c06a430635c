package traffic

import (
	"context"
	"encoding/json"
	"time"
)

// losesEvery is how often Webex loses a configuration.
const losesEvery = 250 * time.Millisecond

// loseConfigurations has Webex lose configurations until ctx is done, one after
// the other of the customers that are for it, and then says how many.
func (r *run) loseConfigurations(ctx context.Context) <-chan int {
	var losers []*customer
	for _, c := range r.customers {
		if c.loses {
			losers = append(losers, c)
		}
	}
	lost := make(chan int, 1)
	go func() {
		ticker := time.NewTicker(losesEvery)
		defer ticker.Stop()
		count := 0
		for turn := 0; ; turn++ {
			select {
			case <-ctx.Done():
				lost <- count
				return
			case <-ticker.C:
			}
			if len(losers) == 0 {
				continue
			}
			c, n := losers[turn/len(features)%len(losers)], turn%len(features)
			if _, there := r.stack.Webex().Configuration(c.org.ID(), features[n]); there {
				c.lost[n].Add(1)
				r.stack.Webex().DeleteConfiguration(c.org.ID(), features[n])
				count++
			}
		}
	}()
	return lost
}

// settleTime bounds how long what is left may take.
const settleTime = 30 * time.Second

// settle has verified what was lost last, and compares: every configuration is
// there, and none was pushed more often than it had to be. It returns how many
// were put back.
func (r *run) settle(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	putBack := 0
	for _, c := range r.customers {
		if c.loses {
			c.awaitRepair(ctx)
		}
		for n, feature := range features {
			if _, there := r.stack.Webex().Configuration(c.org.ID(), feature); !there {
				r.faults.add("%s has no configuration of %s", c.org.Name(), feature)
			}
			got, want := r.stack.Webex().Pushes(c.org.ID(), feature), 1+int(c.lost[n].Load())
			putBack += got - 1
			if got != want {
				r.faults.add("%s: %s was pushed %d times, and had to be %d times", c.org.Name(), feature, got, want)
			}
		}
	}
	return putBack
}

// awaitRepair verifies the customer until both configurations are there:
// another worker may be at it.
func (c *customer) awaitRepair(ctx context.Context) {
	event, _ := json.Marshal(map[string][]string{"orgIds": {c.org.ID()}}) // texts always encode
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		missing := false
		for _, feature := range features {
			_, there := c.run.stack.Webex().Configuration(c.org.ID(), feature)
			missing = missing || !there
		}
		if !missing {
			return
		}
		if _, err := c.run.stack.Invoke(ctx, "VerifyConfigsFunction", event); err != nil {
			c.run.faults.add("verify %s: %v", c.org.Name(), err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
