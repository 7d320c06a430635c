package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"signpost/shared/gateway"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

// step is one check of a token, with the contract's code where it fails.
type step struct {
	Check  string `json:"check"`
	Result string `json:"result"` // good, failed, not made
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// routes say where a token with this action belongs.
var routes = map[webex.Action]string{
	webex.Provision: "POST /activation", webex.UpdateApproved: "POST /actions", webex.Update: "POST /actions",
	webex.HealthCheck: "POST /actions", webex.Deprovision: "POST /actions", webex.CrossLaunch: "POST /crossLaunch/{feature}/…",
}

// explain makes every check on a token that the functions make. It finds
// something if any of them fails. The token may be pasted with what is around
// it, which a shell hands on as several arguments.
func (d *doctor) explain(ctx context.Context, args []string) error {
	raw, err := webex.FindToken(strings.Join(args, " "))
	if err != nil {
		return usageError{err.Error()}
	}
	if raw == "" {
		return usageError{"want one token"}
	}
	patient, err := d.patient(ctx)
	if err != nil {
		return err
	}
	done := d.progress("fetching key sets")
	explained := patient.Verifier.Explain(ctx, raw)
	done()
	steps := steps(explained.Findings)
	if explained.Claims.Subject != "" {
		more, err := d.storedSteps(ctx, patient, explained)
		if err != nil {
			return err
		}
		steps = append(steps, more...)
	}
	if d.json {
		err = d.print(map[string]any{"header": explained.Header, "claims": explained.Payload, "keyRegion": explained.KeyRegion, "checks": steps})
	} else {
		d.showExplanation(explained, steps)
	}
	if err == nil && slices.ContainsFunc(steps, func(s step) bool { return s.Result == "failed" }) {
		return errFound
	}
	return err
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

// storedSteps are the checks against the table: installation, region, replay.
func (d *doctor) storedSteps(ctx context.Context, patient patient, explained webex.Explanation) ([]step, error) {
	claims := explained.Claims
	key := webex.OrganizationKey(claims.Subject)
	row, _, err := patient.store.Find(ctx, key, time.Now())
	if err != nil {
		return nil, err
	}
	used, err := patient.store.Used(ctx, key, installation.Digest(claims.ID), time.Now())
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

func (d *doctor) showExplanation(explained webex.Explanation, steps []step) {
	d.showPart("header", explained.Header)
	d.showPart("claims", explained.Payload)
	if claims := explained.Claims; claims.Subject != "" {
		d.title("meaning")
		lines := [][2]string{
			{"organization", webex.OrganizationKey(claims.Subject)}, {"issued", claims.IssuedAt.UTC().Format(time.RFC3339)},
			{"belongs to", routes[claims.Action]}, {"key set of", explained.KeyRegion},
		}
		d.rows(nil, len(lines), func(i int) []string { return []string{"  " + lines[i][0], lines[i][1]} })
	}
	d.title("checks")
	for _, s := range steps {
		text := strings.TrimSpace(fmt.Sprintf("%-13s %s %s", s.Check, s.Code, s.Detail))
		switch s.Result {
		case "good":
			d.good(text)
		case "failed":
			d.bad(text)
		default:
			d.faint(text + " not made")
		}
	}
}

func (d *doctor) showPart(title string, part map[string]any) {
	if len(part) == 0 {
		return
	}
	d.title(title)
	names := slices.Sorted(maps.Keys(part))
	d.rows(nil, len(names), func(i int) []string { return []string{"  " + names[i], written(part[names[i]])} })
}

// written writes a claim as people read it: a number of seconds is no 1.7e+09.
func written(value any) string {
	if number, ok := value.(float64); ok && number == float64(int64(number)) {
		return fmt.Sprint(int64(number))
	}
	return fmt.Sprint(value)
}
