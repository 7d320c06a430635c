package main

import (
	"context"
	"log/slog"
	"time"

	"signpost/shared/lifecycle"
)

const (
	// concurrency is how many installations are verified at a time: what is
	// waited for is Webex, so one small function bears many.
	concurrency = 64
	// settleTime is kept at the end of the function's time for writing down what
	// happened, and drainTime, or a quarter of what there is, before that for
	// what is begun: a run ends by finishing, not by breaking off.
	settleTime = 5 * time.Second
	drainTime  = 10 * time.Second
)

type verification struct {
	service *lifecycle.Service
	log     *slog.Logger
}

// event is what the function is invoked with. The schedule's is empty.
type event struct {
	// Shards limits the run to these shards of the due index.
	Shards []int `json:"shards"`
	// OrgIDs verifies just these organizations, whether or not they are due: by
	// their orgId, or its decoded last segment as the logs show it.
	OrgIDs []string `json:"orgIds"`
}

// run answers with what was done, and logs it as its last line. An error is one
// of the table's: Lambda reports the invocation as failed, and what is due
// stays due.
func (v verification) run(ctx context.Context, event event) (lifecycle.Report, error) {
	began := time.Now()
	run := lifecycle.Run{Shards: event.Shards, Concurrency: concurrency}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-settleTime))
		defer cancel()
		run.Until = deadline.Add(-settleTime - min(drainTime, time.Until(deadline)/4))
	}
	var report lifecycle.Report
	var err error
	if len(event.OrgIDs) > 0 {
		report, err = v.service.VerifyNow(ctx, event.OrgIDs)
	} else {
		report, err = v.service.VerifyDue(ctx, run)
	}
	level, attributes := slog.LevelInfo, []any{"verified", report.Verified, "pushed", report.Pushed, "deleted", report.Deleted,
		"failed", report.Failed, "left", report.Left, "duration_ms", time.Since(began).Milliseconds()}
	if err != nil {
		level, attributes = slog.LevelError, append(attributes, "cause", err)
	}
	v.log.Log(ctx, level, "verified", attributes...)
	return report, err
}
