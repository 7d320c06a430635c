package channel_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"signpost/shared/channel"
	"signpost/shared/installation"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func plan() channel.Plan {
	return channel.Plan{
		Stages: []installation.Stage{{Organizations: []string{"pilot"}}, {Share: 0.1}, {Share: 1}},
		Hold:   time.Hour, HaltAt: channel.DefaultHaltAt,
	}
}

// rollout plays a rollout with steps such as "100" for that many installations done, "5f" for
// failed ones, "end" for the end of a walk; after each it has a state and a stage.
func TestRollout(t *testing.T) {
	for name, steps := range map[string][][2]string{
		"to the end":                 {{"1 end", "holding 1"}, {"1 end", "running 2"}, {"100 end", "holding 2"}, {"100 end", "running 3"}, {"1000 end", "finished 3, revision 2"}},
		"a pilot fails":              {{"1f end", "halted 1"}, {"resume", "running 1"}, {"1 end", "holding 1"}, {"pause", "paused 1"}, {"resume", "holding 1"}},
		"few fail":                   {{"1 end", "holding 1"}, {"1 end", "running 2"}, {"38", "running 2"}, {"2f", "running 2"}, {"1f", "halted 2"}},
		"not before 20":              {{"1 end", "holding 1"}, {"1 end", "running 2"}, {"16", "running 2"}, {"3f", "running 2"}, {"1f", "halted 2"}},
		"unhealthy after a stage":    {{"1 end", "holding 1"}, {"1f end", "halted 1"}, {"resume", "holding 1"}, {"abort", "aborting 1"}, {"3 5f end", "finished 1, revision 1"}},
		"paused and aborted":         {{"pause", "paused 1"}, {"pause", "refused"}, {"abort", "aborting 1"}, {"resume", "refused"}, {"abort", "refused"}, {"end", "finished 1, revision 1"}, {"abort", "refused"}},
		"another change or rollout":  {{"apply", "refused"}, {"start", "refused"}, {"abort", "aborting 1"}, {"apply", "refused"}, {"end", "finished 1, revision 1"}, {"start", "running 1"}},
		"a change after the rollout": {{"abort", "aborting 1"}, {"end", "finished 1, revision 1"}, {"apply", "finished 1, revision 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			now, current := began, channel.Current{Revision: 1, Latest: 1}
			current, err := current.Start(plan(), now)
			if err != nil {
				t.Fatal(err)
			}
			for n, step := range steps {
				now = now.Add(time.Minute)
				before := current
				current, err = played(current, step[0], now)
				got := fmt.Sprintf("%s %d", current.Rollout.State, current.Rollout.Stage+1)
				if !current.Active() {
					got += fmt.Sprintf(", revision %d", current.Revision)
				}
				if err != nil {
					got = "refused"
					if !errors.Is(err, channel.ErrRollout) || !strings.Contains(err.Error(), string(before.Rollout.State)) {
						t.Errorf("step %d: %v", n, err)
					}
					current = before
				}
				if got != step[1] {
					t.Fatalf("step %d, %s: %s, want %s", n, step[0], got, step[1])
				}
			}
		})
	}
}

func played(c channel.Current, step string, now time.Time) (channel.Current, error) {
	switch step {
	case "pause":
		return c.Pause(now)
	case "resume":
		return c.Resume(now)
	case "abort":
		return c.Abort(now)
	case "apply":
		return c.Apply()
	case "start":
		return c.Start(plan(), now)
	}
	progress, ended := c.Rollout.Progress, false
	for part := range strings.FieldsSeq(step) {
		var n int
		_, _ = fmt.Sscan(strings.TrimSuffix(part, "f"), &n) // "end" leaves 0
		switch {
		case part == "end":
			ended = true
		case strings.HasSuffix(part, "f"):
			progress.Failed += n
		default:
			progress.Done += n
		}
	}
	return c.Advance(progress, ended, now), nil
}

func TestRolloutTimes(t *testing.T) {
	current, err := channel.Current{}.Start(plan(), began)
	if err != nil {
		t.Fatal(err)
	}
	held := current.Advance(channel.Progress{Shard: 16, Done: 1}, true, began.Add(time.Minute))
	if r := held.Rollout; !r.NotBefore.Equal(began.Add(time.Hour+time.Minute)) || r.Progress != (channel.Progress{}) {
		t.Errorf("held: %+v", r)
	}
	// A process that has read the channels just before an abort may push for a while.
	aborted, err := held.Abort(began)
	if r := aborted.Rollout; err != nil || r.NotBefore.Sub(began) < 2*channel.CacheLife || !r.Aborted {
		t.Errorf("aborted: %+v, %v", aborted.Rollout, err)
	}
	if current.Rollout.State != channel.Running || held.Rollout.State != channel.Holding {
		t.Error("a transition changed what it was made from")
	}
}

// Stages only grow, by a share of organizations that does not depend on the rollout.
func TestReaches(t *testing.T) {
	const organizations = 20_000
	rollout := channel.Rollout{Plan: plan(), State: channel.Running}
	counts := make([]int, len(rollout.Stages))
	for n := range organizations {
		i := installation.Installation{Key: installation.Key{OrgKey: fmt.Sprint("org-", n)}}
		was := false
		for rollout.Stage = range rollout.Stages {
			is := rollout.Reaches(i)
			if was && !is {
				t.Fatalf("%s is no longer reached at stage %d", i.OrgKey, rollout.Stage+1)
			}
			if was = is; is {
				counts[rollout.Stage]++
			}
		}
	}
	if counts[0] != 0 || math.Abs(float64(counts[1])-organizations/10) > organizations/100 || counts[2] != organizations {
		t.Errorf("reached by stage: %v", counts)
	}
	rollout.Stage = 0
	if !rollout.Reaches(installation.Installation{Key: installation.Key{OrgKey: "pilot"}}) {
		t.Error("the pilot is not reached")
	}
}

// What a rollout has reached is to hold the new revision until it is aborted or finished.
func TestIncludes(t *testing.T) {
	rollout := channel.Rollout{Plan: plan(), Revision: 7}
	for state, want := range map[channel.RolloutState]bool{
		channel.Running: true, channel.Holding: true, channel.Paused: true, channel.Halted: true, channel.Aborting: false, channel.Finished: false,
	} {
		rollout.State = state
		if got := rollout.Includes(installation.Installation{ChannelRevision: 7}); got != want {
			t.Errorf("%s: included %v", state, got)
		}
		if rollout.Includes(installation.Installation{ChannelRevision: 6}) || rollout.Includes(installation.Installation{}) {
			t.Errorf("%s: an installation is included that was not reached", state)
		}
	}
}

func TestPlanCheck(t *testing.T) {
	if err := plan().Check(); err != nil {
		t.Error(err)
	}
	wrong := channel.Plan{
		Stages: []installation.Stage{{}, {Share: 1.5}, {Share: -1}, {Share: math.NaN()}, {Organizations: []string{"a"}, Share: 0.1}},
		Rate:   -1, HaltAt: 2,
	}
	err := wrong.Check()
	for _, want := range []string{"stage 1 must", "stage 2: the share", "stage 3: the share", "stage 4: the share", "stage 5 must", "the last stage", "negative", "from 0 to 1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s", want)
		}
	}
	shrinking := plan()
	shrinking.Stages = []installation.Stage{{Share: 0.5}, {Share: 0.1}, {Share: 1}}
	if err := shrinking.Check(); err == nil || !strings.Contains(err.Error(), "stage 2: the share, 0.1, must not be below") {
		t.Errorf("a stage within an earlier one: %v", err)
	}
	if err := (channel.Plan{}).Check(); err == nil {
		t.Error("a plan without stages is accepted")
	}
}
