package lambda

import (
	"encoding/json"
	"fmt"
	"time"
)

// Outcome is how an invocation ended.
type Outcome int

// The outcomes of an invocation. The last three are what Lambda calls an
// unhandled function error.
const (
	OK       Outcome = iota
	Failed           // the function returned an error
	Died             // its process ended before the answer
	TimedOut         // it exceeded the timeout, and its process was killed
)

// Result is the result of an invocation. The payload is the function's answer,
// or Lambda's description of the error.
type Result struct {
	Outcome Outcome
	Payload []byte
}

// failed returns a result with Lambda's description of an error.
func failed(outcome Outcome, kind, message string) Result {
	payload, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message}) // strings always encode
	return Result{Outcome: outcome, Payload: payload}
}

func timedOut(id string, after time.Duration) Result {
	return failed(TimedOut, "Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", id, after.Seconds()))
}

func died(id string, p *process) Result {
	if report := p.initFailure(); report != nil {
		return Result{Outcome: Died, Payload: report}
	}
	reason := "exit status 0"
	if err := p.Err(); err != nil {
		reason = err.Error()
	}
	return failed(Died, "Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited: %s", id, reason))
}
