package faults_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/webex/webextest"
)

const (
	// tick is how often the schedule runs.
	tick = time.Minute
	// soon is when whoever asked for something that failed asks again: a
	// cross-launch's token is good for 5 minutes.
	soon = 4 * time.Minute
	// days is for how long the schedule runs in the end.
	days = 30 * time.Hour
	// maxRuns bounds how often the schedule finds something to do in that time:
	// a dead installation is looked at soon, and then twice as late each time.
	maxRuns = 16
)

// discover runs a use case once with nothing befalling it, holds it to the
// invariants, and returns the calls that it made.
func discover(t *testing.T, l *lab, c useCase) []faults.Call {
	t.Helper()
	w := newWorld(t, l)
	do := c.prepare(w)
	w.begin()
	p := w.healthy()
	if err := do(p); err != nil {
		t.Errorf("with no fault: %v", err)
	}
	w.settle(p, do, faults.Fault{}, nil)
	return p.Calls()
}

// strike runs a use case once with a fault befalling one of its calls.
func injection(t *testing.T, l *lab, c useCase, plan faults.Plan, usual int) {
	t.Helper()
	w := newWorld(t, l)
	do := c.prepare(w)
	w.begin()
	p := w.start(plan)
	if plan.Fault.Rival {
		p.MaxCalls = usual + 6 + w.walked
	}
	err := do(p)
	if p.Injected() == 0 {
		t.Error("the fault befell nothing: the case proves nothing")
	}
	w.settle(p, do, plan.Fault, err)
}

// begin notes how things are before the use case.
func (w *world) begin() {
	w.t.Helper()
	w.cloud.ResetRequests()
	w.pushesBefore = pushesOf(w.cloud, w.org.ID())
	w.before, w.began, w.beganAt = *w.quiet, w.log.count(), w.clock()
	if w.placeForeign(); w.quiet == nil {
		w.before = w.look() // the settings have changed, and another was told
	}
	w.placeSibling()
}

func (w *world) look() faults.Snapshot {
	w.t.Helper()
	snapshot, err := faults.Look(w.t.Context(), w.client, w.table, w.cloud, w.neighbour)
	w.must(err)
	return snapshot
}

// settle reports all violations that outcome finds.
func (w *world) settle(p *process, do func(*process) error, fault faults.Fault, err error) {
	w.t.Helper()
	violations := w.outcome(p, do, fault, err)
	for _, v := range violations {
		w.t.Error(v)
	}
	if len(violations) > 0 {
		w.t.Logf("log:\n%s", strings.Join(w.log.since(0), "\n"))
	}
}

// outcome lets the schedule run after the use case, has whoever asked for it
// ask again if that is what it takes, and returns all violations.
func (w *world) outcome(p *process, do func(*process) error, fault faults.Fault, err error) []faults.Violation {
	w.t.Helper()
	w.together = nil
	w.answer(p, err)
	fault.Tolerated = fault.Tolerated || p.Excused
	if p.Plan.Call.Peer == faults.Webex && fault.Name != "" {
		w.unwritten = 0 // that it is in order could not be seen
	}
	if p.hung.Load() {
		w.t.Errorf("it took over %v, and was ended", patience)
	}
	violations := faults.CheckCause(fault, w.log.since(w.began))
	broken := func(format string, args ...any) {
		violations = append(violations, faults.Violation{Rule: faults.Durable, Seen: fmt.Sprintf(format, args...)})
	}
	struckAt, seen := w.clock(), w.look()
	violations = append(violations, w.world(seen).CheckAlways()...)
	if err == nil && !p.Dead() && !w.durable(seen) {
		broken("answered with success and not stored")
	}
	if err != nil && fault.FirstAttempt {
		broken("one bad attempt makes it fail: %v", err)
	}
	seen, found := w.schedule(seen, w.clock().Add(soon))
	asked := !w.durable(seen)
	if asked {
		if w.gone {
			found = nil // Webex was left already, which is what it failed of
		}
		if err := do(w.healthy()); err != nil {
			broken("asked again: %v", err)
		}
		seen = w.look()
	}
	violations = append(violations, found...)
	if w.gone {
		w.cloud.ResetRequests() // what is done until it is removed may call Webex
	}
	if w.check != nil {
		violations = append(violations, w.check()...)
		seen = w.look()
	}
	violations = append(violations, w.rest(seen, fault)...)
	if fault.RetryAfter > 0 && !asked {
		violations = append(violations, w.patient(struckAt, fault.RetryAfter)...)
	}
	return violations
}

// patient checks that the installation's Webex was not called for a while.
func (w *world) patient(since time.Time, wish time.Duration) (found []faults.Violation) {
	for _, request := range w.cloud.Requests() {
		if request.Kind == webextest.KindJWKS {
			continue // of another region's set: its fetch may go on beside the use case
		}
		if wait := request.Time.Sub(since); wait > 0 && wait < wish {
			seen := fmt.Sprintf("%s %s after %v", request.Method, request.Kind, wait)
			found = append(found, faults.Violation{Rule: faults.Patient, Seen: seen})
		}
	}
	return found
}

// rest lets the schedule run until all is at rest, for days if need be, and
// anyway if nothing befell the use case.
func (w *world) rest(seen faults.Snapshot, fault faults.Fault) []faults.Violation {
	w.t.Helper()
	w.secrets = append(w.secrets, w.webex.given()...)
	if fault.Name != "" {
		if found := w.world(seen).Check(); len(found) == 0 {
			w.clear(seen)
			return nil
		}
	}
	w.unwritten = 0 // the access token lapses meanwhile
	seen, found := w.schedule(seen, w.clock().Add(days))
	w.secrets = append(w.secrets, w.webex.given()...)
	found = append(found, w.world(seen).Check()...)
	w.clear(seen)
	return found
}

func (w *world) world(seen faults.Snapshot) faults.World {
	w.t.Helper()
	row, candidates := w.stored()
	return faults.World{
		Cloud: w.cloud, Row: row, Candidates: candidates, Before: w.before, Now: seen, Began: w.beganAt, Time: w.clock(),
		Pass: w.position(), Listed: w.listed(), Kept: w.unwritten,
		Open: w.opened, Log: w.log.since(0), Secrets: w.secrets,
		OrgID: w.org.ID(), Settings: w.settings, PushesBefore: w.pushesBefore, Pushes: w.want, Gone: w.gone, Dead: w.dead, Launches: w.launches,
	}
}

// schedule runs the schedule each minute until the given time, without the
// minutes in which nothing is due, and returns what there is then.
func (w *world) schedule(seen faults.Snapshot, until time.Time) (faults.Snapshot, []faults.Violation) {
	w.t.Helper()
	var found []faults.Violation
	unsettled := func(format string, args ...any) {
		found = append(found, faults.Violation{Rule: faults.Settled, Seen: fmt.Sprintf(format, args...)})
	}
	for range maxRuns {
		next := w.nextRun(seen)
		if next.After(until) {
			w.setClock(until)
			return seen, found
		}
		w.setClock(next)
		p := w.healthy()
		report, err := w.verify(p)
		w.answer(p, err)
		if err != nil || (report.Failed > 0 && !w.dead && !w.failing) {
			unsettled("the schedule fails though Webex and the table are well: %+v, %v", report, err)
		}
		seen = w.look()
		found = append(found, w.world(seen).CheckAlways()...)
	}
	unsettled("still something to do after %d runs", maxRuns)
	w.setClock(until)
	return seen, found
}

// nextRun is when the schedule next finds something to do.
func (w *world) nextRun(seen faults.Snapshot) time.Time {
	due, next := passDue(w.position(), w.fingerprint(), w.clock()), w.clock().Add(tick)
	if row, queued := seen.NextDue(w.org.ID()); queued && row.Before(due) {
		due = row
	}
	if rollout := w.rolloutDue(); !rollout.IsZero() && rollout.Before(due) {
		due = rollout
	}
	if wait := due.Sub(next); wait > 0 {
		next = next.Add((wait + tick - 1).Truncate(tick))
	}
	return next
}

// passDue is when a pass is to go on, or the next one to begin.
func passDue(pass installation.Pass, settings string, now time.Time) time.Time {
	switch {
	case pass.Settings != settings:
		return now
	case pass.Ended && pass.Urgent:
		return pass.Began.Add(interval * time.Duration(pass.Shard+1) / installation.Shards)
	case pass.Ended:
		return pass.Began.Add(interval)
	case pass.Urgent || pass.Count == 0:
		return pass.Began
	}
	return pass.Began.Add(interval * time.Duration(pass.Seen) / time.Duration(pass.Count))
}

// clear removes what the case left, so that no later run of the schedule finds
// it due.
func (w *world) clear(seen faults.Snapshot) {
	w.t.Helper()
	w.must(faults.RestPass(w.t.Context(), w.lab.store, w.shard(), w.clock()))
	var writes []types.WriteRequest
	for _, key := range seen.Keys {
		if !faults.OfOrganization(key.PK, w.org.ID()) && !strings.HasPrefix(key.PK, "launch#") && !strings.HasPrefix(key.PK, "refusals#") && key.PK != "channels" {
			continue
		}
		writes = append(writes, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: key.PK}, "sk": &types.AttributeValueMemberS{Value: key.SK},
		}}})
	}
	if len(writes) > 0 {
		_, err := w.client.BatchWriteItem(w.t.Context(), &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{w.table: writes},
		})
		w.must(err)
	}
}
