package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"signpost/infra/local/lambda"
)

func TestProcessIsUsedAgain(t *testing.T) {
	r := newRig(t, nil)
	first, second := r.work(order{}), r.work(order{})
	if first.PID != second.PID {
		t.Errorf("processes %d and %d served two invocations, one after the other", first.PID, second.PID)
	}
}

func TestConcurrentInvocationsHaveSeparateProcesses(t *testing.T) {
	const count = 4
	r, b := newRig(t, nil), newBarrier(t)
	reports := make([]report, count)
	var wait sync.WaitGroup
	for i := range reports {
		wait.Go(func() { reports[i] = r.work(order{Meet: b.address()}) })
	}
	var releases []func()
	for range count { // all of them are invoked at once now
		releases = append(releases, b.arrive())
	}
	for _, release := range releases {
		release()
	}
	wait.Wait()
	pids := map[int]bool{}
	for _, got := range reports {
		pids[got.PID] = true
	}
	if len(pids) != count {
		t.Errorf("%d processes served %d concurrent invocations", len(pids), count)
	}
	if again := r.work(order{}); !pids[again.PID] {
		t.Error("a new process was started though others were free")
	}
}

func TestLimitOfProcesses(t *testing.T) {
	r, b := newRig(t, func(c *lambda.Config) { c.MaxProcesses = 1 }), newBarrier(t)
	var first, second report
	var wait sync.WaitGroup
	wait.Go(func() { first = r.work(order{Meet: b.address()}) })
	release := b.arrive()

	impatient, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.function.Invoke(impatient, []byte("{}")); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled caller still waits: %v", err)
	}
	wait.Go(func() { second = r.work(order{}) })
	release()
	wait.Wait()
	if first.PID != second.PID {
		t.Error("the limit of one process was exceeded")
	}
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		do      string
		outcome lambda.Outcome
		payload string
	}{
		{"exit", lambda.Died, "exit status 7"},
		{"panic", lambda.Failed, `"errorMessage":"oh"`},
		{"error", lambda.Failed, `"errorMessage":"no"`},
		{"large", lambda.Failed, "Function.ResponseSizeTooLarge"},
	} {
		t.Run(test.do, func(t *testing.T) {
			r := newRig(t, nil)
			result := r.invoke(order{Do: test.do})
			if result.Outcome != test.outcome || !strings.Contains(string(result.Payload), test.payload) {
				t.Errorf("got %v %.200s, want %v with %s", result.Outcome, result.Payload, test.outcome, test.payload)
			}
			r.work(order{}) // the next invocation succeeds
		})
	}
}

func TestTimeoutEndsTheProcess(t *testing.T) {
	r := newRig(t, nil)
	before := r.work(order{})
	quick := r.host.Add(lambda.Config{Name: "QuickFunction", Binary: self(t), Timeout: time.Second})
	if result, err := quick.Invoke(context.Background(), []byte(`{"Do":"hang"}`)); err != nil ||
		result.Outcome != lambda.TimedOut || !strings.Contains(string(result.Payload), "Task timed out after 1.00 seconds") {
		t.Errorf("got %v %s %v, want a timeout", result.Outcome, result.Payload, err)
	}
	result, err := quick.Invoke(context.Background(), []byte(`{}`))
	if err != nil || result.Outcome != lambda.OK {
		t.Errorf("after a timeout: %s %v", result.Payload, err)
	}
	if after := r.work(order{}); after.PID != before.PID {
		t.Error("one function's timeout ended another's process")
	}
}

func TestEnvironmentOfAFunction(t *testing.T) {
	t.Setenv("DEVELOPERS_OWN", "secret")
	got := newRig(t, nil).work(order{})
	if got.DeadlineIn <= 0 || got.DeadlineIn > 20*time.Second {
		t.Errorf("the deadline is in %v, want within the timeout of 20s", got.DeadlineIn)
	}
	for name, want := range map[string]string{
		"COLOUR": "blue", "AWS_SAM_LOCAL": "true", "AWS_LAMBDA_FUNCTION_NAME": "TestFunction",
		"AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
		"AWS_REGION": "us-east-1", "DEVELOPERS_OWN": "", "HOME": "",
	} {
		if got.Environment[name] != want {
			t.Errorf("%s is %q, want %q", name, got.Environment[name], want)
		}
	}
}

func TestOutputIsLoggedByLine(t *testing.T) {
	r := newRig(t, nil)
	r.work(order{Print: "one\ntwo"})
	r.close() // flushes all output
	if want := "TestFunction | one\nTestFunction | two\n"; !strings.Contains(r.text(), want) {
		t.Errorf("the log lacks %q:\n%s", want, r.text())
	}
}

func TestNewEnvironmentReplacesProcesses(t *testing.T) {
	r, b := newRig(t, nil), newBarrier(t)
	var busy report
	var wait sync.WaitGroup
	wait.Go(func() { busy = r.work(order{Meet: b.address()}) })
	release := b.arrive()
	r.function.SetEnvironment(map[string]string{"COLOUR": "red"})
	fresh := r.work(order{})
	release()
	wait.Wait()
	if busy.Environment["COLOUR"] != "blue" || fresh.Environment["COLOUR"] != "red" {
		t.Errorf("the busy process has %q, the new one %q, want blue and red", busy.Environment["COLOUR"], fresh.Environment["COLOUR"])
	}
	if again := r.work(order{}); again.PID != fresh.PID {
		t.Error("a process with the old environment was used again, or the new one was not")
	}
}

func TestStart(t *testing.T) {
	r := newRig(t, nil)
	if err := r.function.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	refusing := r.host.Add(lambda.Config{Name: "RefusingFunction", Binary: self(t), Environment: map[string]string{"REFUSE": "1"}})
	if err := refusing.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v, want the exit status", err)
	}
	missing := r.host.Add(lambda.Config{Name: "MissingFunction", Binary: "/nowhere"})
	if err := missing.Start(context.Background()); err == nil {
		t.Error("a function without a binary started")
	}
	if _, err := missing.Invoke(context.Background(), []byte("{}")); err == nil {
		t.Error("a function without a binary was invoked")
	}
}

func TestInitFailureIsTheAnswer(t *testing.T) {
	r := newRig(t, func(c *lambda.Config) { c.Environment = map[string]string{"REFUSE": "1"} })
	if result := r.invoke(order{}); result.Outcome != lambda.Died {
		t.Errorf("got %v %s", result.Outcome, result.Payload)
	}
}

func TestCloseLeavesNoProcess(t *testing.T) {
	r, b := newRig(t, nil), newBarrier(t)
	free := r.work(order{}).PID
	done := make(chan lambda.Result)
	go func() { // takes the free process
		result, _ := r.function.Invoke(context.Background(), []byte(`{"Meet":"`+b.address()+`"}`))
		done <- result
	}()
	b.arrive()
	r.close()
	if result := <-done; result.Outcome != lambda.Died {
		t.Errorf("the current invocation ended as %v", result.Outcome)
	}
	if err := syscall.Kill(free, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", free, err)
	}
	if _, err := r.function.Invoke(context.Background(), []byte("{}")); !errors.Is(err, lambda.ErrStopped) {
		t.Errorf("a stopped host answers %v", err)
	}
}

func TestIdleProcessIsReaped(t *testing.T) {
	r := newRig(t, func(c *lambda.Config) { c.IdleFor = time.Millisecond })
	first := r.work(order{}).PID
	for !errors.Is(syscall.Kill(first, 0), syscall.ESRCH) { // the test's time limit ends an endless loop
	}
	if second := r.work(order{}).PID; second == first {
		t.Error("a reaped process answered")
	}
}

func TestEventOverTheLimit(t *testing.T) {
	r := newRig(t, nil)
	event, err := json.Marshal(strings.Repeat("x", lambda.MaxPayload))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.function.Invoke(context.Background(), event); err == nil {
		t.Error("an event over the limit was taken")
	}
}

func TestKilledProcessIsReplaced(t *testing.T) {
	r, b := newRig(t, nil), newBarrier(t)
	before := r.work(order{})
	outcome := make(chan lambda.Outcome, 1)
	go func() { outcome <- r.invoke(order{Meet: b.address()}).Outcome }()
	b.arrive() // the function is never released
	r.function.Kill()
	if got := <-outcome; got != lambda.Died {
		t.Errorf("outcome %v, want Died", got)
	}
	if err := syscall.Kill(before.PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", before.PID, err)
	}
	if after := r.work(order{}); after.PID == before.PID {
		t.Error("the killed process is used again")
	}
}
