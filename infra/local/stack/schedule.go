package stack

import (
	"encoding/json"
	"sync"
	"time"

	"signpost/infra/local/lambda"
	"signpost/infra/template"
)

// scheduler calls functions at the template's rates. As on AWS, runs may overlap.
type scheduler struct {
	done    chan struct{}
	running sync.WaitGroup
}

// start starts the schedules. The first run is one period from now.
func (s *scheduler) start(host *lambda.Host, functions []template.Function, override time.Duration) {
	s.done = make(chan struct{})
	if override == ScheduleOff {
		return
	}
	for _, f := range functions {
		target, err := host.Function(f.LogicalID)
		if err != nil {
			continue // impossible: the host has every function of the template
		}
		for _, schedule := range f.Schedules {
			if override > 0 {
				schedule.Every = override
			}
			s.running.Go(func() { s.run(host, target, schedule) })
		}
	}
}

func (s *scheduler) run(host *lambda.Host, target *lambda.Function, schedule template.Schedule) {
	ticker := time.NewTicker(schedule.Every)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			host.InvokeAsync(target, scheduledEvent(schedule, target.ARN(), now))
		case <-s.done:
			return
		}
	}
}

func (s *scheduler) stop() {
	if s.done != nil {
		close(s.done)
	}
	s.running.Wait()
}

// scheduledEvent returns the event that EventBridge Scheduler sends to a function.
func scheduledEvent(schedule template.Schedule, arn string, now time.Time) []byte {
	if schedule.Input != "" {
		return []byte(schedule.Input)
	}
	event, _ := json.Marshal(map[string]any{ // strings always encode
		"version":     "0",
		"id":          schedule.Name + "-" + now.UTC().Format("20060102T150405"),
		"detail-type": "Scheduled Event",
		"source":      "aws.scheduler",
		"account":     template.AccountID,
		"time":        now.UTC().Format(time.RFC3339),
		"region":      template.Region,
		"resources":   []string{arn},
		"detail":      "{}",
	})
	return event
}
