package main

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"signpost/shared/assembly"
	"signpost/shared/dynamo"
	"signpost/shared/schedule"
)

// concurrency is how many installations are verified at a time: rows mostly wait for
// Webex, so one small function handles many.
const concurrency = 256

// verification runs the schedule, for the event of one invocation.
type verification struct {
	services *assembly.Services
	store    *dynamo.Store
	rate     float64 // calls per second, 0 for no limit
	log      *slog.Logger
}

// event is what the function is invoked with.
type event struct {
	// Shards limits the run to these shards; missing or null means all. Each schedule of
	// the template names its own. With an empty list the run only takes over stalled
	// shards and the rollout.
	Shards []int `json:"shards"`
	// OrgIDs verifies only these organizations, due or not. Each is an orgId, or
	// its decoded last segment as the logs show it.
	OrgIDs []string `json:"orgIds"`
}

// schedule returns the log attribute that names the schedule by its first shard,
// so that operators notice when one of several is silent. An invocation by a
// person has none.
func (e event) schedule() []any {
	if len(e.OrgIDs) > 0 || len(e.Shards) == 0 {
		return nil
	}
	return []any{"schedule", strconv.Itoa(slices.Min(e.Shards))}
}

// run returns what was done, and logs it as its last line. An error comes from the
// table: Lambda reports the invocation as failed, and what is due stays due.
func (v verification) run(ctx context.Context, event event) (schedule.Report, error) {
	began := time.Now()
	run := schedule.Run{Shards: event.Shards, Concurrency: concurrency, Rate: v.rate}
	run, ctx, cancel := run.Within(ctx, began)
	defer cancel()
	report, err := v.verify(ctx, event, run)
	level, attributes := slog.LevelInfo, event.schedule()
	attributes = append(attributes, "verified", report.Verified, "pushed", report.Pushed, "deleted", report.Deleted,
		"failed", report.Failed, "left", report.Left, "duration_ms", time.Since(began).Milliseconds())
	if err != nil {
		level, attributes = slog.LevelError, append(attributes, "cause", err)
	}
	v.log.Log(ctx, level, schedule.MsgVerified, attributes...)
	return report, err
}

// verify reads the channels at each run, so that a change begins with the next one.
func (v verification) verify(ctx context.Context, event event, run schedule.Run) (schedule.Report, error) {
	service, channels, err := v.services.Latest(ctx)
	if err != nil {
		return schedule.Report{}, err
	}
	runs := schedule.New(service, v.store)
	if len(event.OrgIDs) > 0 {
		return runs.VerifyNow(ctx, event.OrgIDs)
	}
	run.Rollout = &schedule.Rollout{Current: channels.Current, Store: v.store}
	return runs.VerifyDue(ctx, run)
}
