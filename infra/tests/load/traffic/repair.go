package traffic

import (
	"context"
	"encoding/json"
	"time"
)

// losesEvery is how often Webex loses a configuration.
const losesEvery = 250 * time.Millisecond

// loseConfigurations has Webex lose configurations of the customers for that, in
// turn, until ctx is done, and then sends how many.
func (r *run) loseConfigurations(ctx context.Context) <-chan int {
	var losers []*organization
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
			if _, there := r.stack.Webex().Configuration(c.ID(), features[n]); there {
				c.lost[n].Add(1)
				r.stack.Webex().DeleteConfiguration(c.ID(), features[n])
				count++
			}
		}
	}()
	return lost
}

// settleTime bounds the repair of what was lost last.
const settleTime = 30 * time.Second

// settle waits until what was lost last is repaired, and checks that every
// configuration exists and that none was pushed more often than needed. It
// returns how many were pushed again.
func (r *run) settle(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	restored := 0
	for _, c := range r.customers {
		if c.loses {
			r.awaitRepair(ctx, c)
		}
		for n, feature := range features {
			if _, there := r.stack.Webex().Configuration(c.ID(), feature); !there {
				r.faults.add("%s has no configuration of %s", c.Name(), feature)
			}
			got, want := r.stack.Webex().Pushes(c.ID(), feature), 1+int(c.lost[n].Load())
			restored += got - 1
			if got != want {
				r.faults.add("%s: %s was pushed %d times, want %d", c.Name(), feature, got, want)
			}
		}
	}
	return restored
}

// awaitRepair verifies the organization until both configurations exist. One
// verification may not suffice: another worker may hold the row.
func (r *run) awaitRepair(ctx context.Context, c *organization) {
	event, _ := json.Marshal(map[string][]string{"orgIds": {c.ID()}}) // texts always encode
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		missing := false
		for _, feature := range features {
			_, there := r.stack.Webex().Configuration(c.ID(), feature)
			missing = missing || !there
		}
		if !missing {
			return
		}
		if _, err := r.stack.Invoke(ctx, "VerifyConfigsFunction", event); err != nil {
			r.faults.add("verify %s: %v", c.Name(), err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
