// Package smoke checks a deployment from outside. It requires only the API's
// address, and changes nothing.
package smoke

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"signpost/infra/terminal"
)

// timeout bounds all checks together.
const timeout = time.Minute

// result is the result of a check, also in JSON.
type result struct {
	Check  string `json:"check"`
	Result string `json:"result"` // ok, failed or skipped
	Detail string `json:"detail,omitempty"`
}

// Run runs every check and prints its result. It returns terminal.ErrFindings if one
// fails. Once the API cannot be reached, the other checks are skipped, since some
// would pass for the wrong reason.
func Run(ctx context.Context, io *terminal.IO, address string) error {
	t, err := newTarget(address)
	if err != nil {
		return terminal.UsageError{Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var results []result
	failed := 0
	for _, c := range checks {
		one := result{Check: c.name, Result: "skipped", Detail: "the API cannot be reached"}
		if !t.unreachable {
			one = c.try(ctx, t)
		}
		if one.Result == "failed" {
			failed++
		}
		if results = append(results, one); !io.JSON {
			show(io, one)
		}
	}
	if io.JSON {
		err = io.Print(map[string]any{"url": address, "failed": failed, "checks": results})
	} else if failed > 0 {
		io.Bad(fmt.Sprintf("%d of %d checks failed at %s", failed, len(checks), address))
	} else {
		io.Good("all checks passed at " + address)
	}
	return terminal.Findings(failed > 0, err)
}

func (c check) try(ctx context.Context, t *target) result {
	err := c.do(ctx, t)
	if err == nil {
		return result{c.name, "ok", ""}
	}
	if reason, ok := errors.AsType[skipped](err); ok {
		return result{c.name, "skipped", string(reason)}
	}
	return result{c.name, "failed", err.Error()}
}

func show(io *terminal.IO, r result) {
	switch r.Result {
	case "ok":
		io.Good(r.Check)
	case "failed":
		io.Bad(r.Check + ": " + r.Detail)
	default:
		io.Note(r.Check + ": skipped, " + r.Detail)
	}
}

// noRedirect returns a redirect instead of following it.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
