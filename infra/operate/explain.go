package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/gateway"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

// step is one check of a token, with the API's error code if it fails.
type step struct {
	Check  string `json:"check"`
	Result string `json:"result"` // good, failed or not made
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// routes are the routes that accept a token, by its action.
var routes = map[webex.Action]string{
	webex.Provision: "POST /activation", webex.UpdateApproved: "POST /actions", webex.Update: "POST /actions",
	webex.HealthCheck: "POST /actions", webex.Deprovision: "POST /actions", webex.CrossLaunch: "POST /crossLaunch/{feature}/…",
}

// Explain runs every check that the functions run on a token, which it reads from
// In and finds among other pasted text. It returns terminal.ErrFindings if a check
// fails.
func (o *Operator) Explain(ctx context.Context) error {
	raw, err := o.token(ctx)
	if err != nil {
		return err
	}
	p, err := o.assemble(ctx)
	if err != nil {
		return err
	}
	done := o.Waiting("fetching key sets")
	explained := p.Verifier.Explain(ctx, raw)
	done()
	steps := steps(explained.Findings)
	if explained.Claims.Subject != "" {
		more, err := storedSteps(ctx, p, explained)
		if err != nil {
			return err
		}
		steps = append(steps, more...)
	}
	if o.JSON {
		err = o.Print(map[string]any{"header": explained.Header, "claims": explained.Payload, "keyRegion": explained.KeyRegion, "checks": steps})
	} else {
		o.showExplanation(explained, steps)
	}
	return terminal.Findings(slices.ContainsFunc(steps, func(s step) bool { return s.Result == "failed" }), err)
}

func (o *Operator) token(ctx context.Context) (string, error) {
	if terminal.IsTerminal(o.In) {
		fmt.Fprintln(o.Err, "Paste the token, then press Enter and Ctrl-D:")
	}
	pasted, err := o.All(ctx)
	if err != nil {
		return "", err
	}
	raw, err := webex.FindToken(pasted)
	if err != nil {
		return "", terminal.UsageError{Err: err}
	}
	if raw == "" {
		return "", terminal.UsageError{Err: terminal.Fixable(errors.New("no token on the standard input"), "signpost explain < token.txt")}
	}
	return raw, nil
}

func steps(findings []webex.Finding) []step {
	var all []step
	for _, finding := range findings {
		s := step{Check: string(finding.Check), Result: "good"}
		switch {
		case !finding.Made:
			s.Result = "not made"
		case finding.Err != nil:
			s = failed(s.Check, finding.Err)
		}
		all = append(all, s)
	}
	return all
}

func failed(check string, err error) step {
	return step{Check: check, Result: "failed", Code: gateway.ProblemOf(err).Code, Detail: err.Error()}
}

// storedSteps runs the checks against the table: installation, region, replay.
func storedSteps(ctx context.Context, p parts, explained webex.Explanation) ([]step, error) {
	claims := explained.Claims
	key := webex.OrganizationKey(claims.Subject)
	row, _, err := p.store.Find(ctx, key, time.Now())
	if err != nil {
		return nil, err
	}
	used, err := p.store.Used(ctx, key, installation.Digest(claims.ID), time.Now())
	if err != nil {
		return nil, err
	}
	known := step{Check: "installation", Result: "good", Detail: string(row.State)}
	var wrong error
	switch {
	case claims.Action == webex.Provision && row.Version != 0:
		if err := installation.CheckActivation(row, installation.NewGeneration(claims.ID), claims.IssuedAt); errors.Is(err, installation.ErrStale) {
			wrong = err
		}
	case claims.Action == webex.Provision:
		known.Detail = "a first activation"
	case !row.Exists():
		wrong = fmt.Errorf("%s: %w", key, installation.ErrNotFound)
	case explained.KeyRegion != "" && explained.KeyRegion != row.Region && claims.Action != webex.Update:
		wrong = fmt.Errorf("signed by %s, installed in %s: %w", explained.KeyRegion, row.Region, installation.ErrWrongRegion)
	}
	if wrong != nil {
		known = failed("installation", wrong)
	}
	replay := step{Check: "replay", Result: "good", Detail: "not used before"}
	if used {
		replay = failed("replay", installation.ErrReplayed)
	}
	return []step{known, replay}, nil
}

func (o *Operator) showExplanation(explained webex.Explanation, steps []step) {
	o.showPart("header", explained.Header)
	o.showPart("claims", explained.Payload)
	if claims := explained.Claims; claims.Subject != "" {
		o.Title("meaning")
		lines := [][]string{
			{"  organization", webex.OrganizationKey(claims.Subject)}, {"  issued", claims.IssuedAt.UTC().Format(time.RFC3339)},
			{"  belongs to", routes[claims.Action]}, {"  key set of", explained.KeyRegion},
		}
		o.Table(nil, lines)
	}
	o.Title("checks")
	for _, s := range steps {
		line := strings.TrimSpace(fmt.Sprintf("%-13s %s %s", s.Check, s.Code, s.Detail))
		switch s.Result {
		case "good":
			o.Good(line)
		case "failed":
			o.Bad(line)
		default:
			o.Note(line + " not made")
		}
	}
}

func (o *Operator) showPart(title string, part map[string]any) {
	if len(part) == 0 {
		return
	}
	o.Title(title)
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(part)) {
		rows = append(rows, []string{"  " + name, text(part[name])})
	}
	o.Table(nil, rows)
}

// text formats a claim: seconds as whole numbers, not as 1.7e+09.
func text(value any) string {
	if number, ok := value.(float64); ok && number == float64(int64(number)) {
		return fmt.Sprint(int64(number))
	}
	return fmt.Sprint(value)
}
