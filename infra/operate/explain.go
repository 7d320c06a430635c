package operate

import (
	"cmp"
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

// check is one check of a token, with the API's error code if it fails.
type check struct {
	Check  string `json:"check"`
	Result string `json:"result"` // good, failed or not made
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// routes maps the action of a token to the route that accepts it.
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
	checks := tokenChecks(explained.Findings)
	if explained.Claims.Subject != "" {
		more, err := tableChecks(ctx, p, explained)
		if err != nil {
			return err
		}
		checks = append(checks, more...)
	}
	if o.JSON {
		err = o.Print(map[string]any{"header": explained.Header, "claims": explained.Payload, "keyRegion": explained.KeyRegion, "checks": checks})
	} else {
		o.showExplanation(explained, checks)
	}
	return terminal.Findings(slices.ContainsFunc(checks, func(c check) bool { return c.Result == "failed" }), err)
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

// tokenChecks returns the checks that need only the token and Webex's keys.
func tokenChecks(findings []webex.Finding) []check {
	var all []check
	for _, finding := range findings {
		c := check{Check: string(finding.Check), Result: "good"}
		switch {
		case !finding.Made:
			c.Result = "not made"
		case finding.Err != nil:
			c = failed(c.Check, finding.Err)
		}
		all = append(all, c)
	}
	return all
}

func failed(name string, err error) check {
	return check{Check: name, Result: "failed", Code: gateway.ProblemOf(err).Code, Detail: err.Error()}
}

// tableChecks runs the checks against the table: installation, region, replay.
func tableChecks(ctx context.Context, p stack, explained webex.Explanation) ([]check, error) {
	claims := explained.Claims
	key := installation.Key{OrgKey: webex.OrganizationKey(claims.Subject), AppID: strings.ToLower(claims.AppID)}
	row, _, err := p.Store.Find(ctx, key, time.Now())
	if err != nil {
		return nil, err
	}
	used, err := p.Store.Used(ctx, key, installation.Digest(claims.ID), time.Now())
	if err != nil {
		return nil, err
	}
	installed := check{Check: "installation", Result: "good", Detail: string(row.State)}
	var wrong error
	switch {
	case claims.Action == webex.Provision && row.Version != 0:
		if err := installation.CheckActivation(row, installation.NewGeneration(claims.ID), claims.IssuedAt); errors.Is(err, installation.ErrStale) {
			wrong = err
		}
	case claims.Action == webex.Provision:
		installed.Detail = "a first activation"
	case !row.Exists():
		wrong = fmt.Errorf("%s: %w", key.Text(), installation.ErrNotFound)
	case explained.KeyRegion != "" && explained.KeyRegion != row.Region && claims.Action != webex.Update:
		wrong = fmt.Errorf("signed by %s, installed in %s: %w", explained.KeyRegion, row.Region, installation.ErrWrongRegion)
	}
	if wrong != nil {
		installed = failed("installation", wrong)
	}
	replay := check{Check: "replay", Result: "good", Detail: "not used before"}
	if used {
		replay = failed("replay", installation.ErrReplayed)
	}
	return []check{installed, replay}, nil
}

func (o *Operator) showExplanation(explained webex.Explanation, checks []check) {
	o.showPart("header", explained.Header)
	o.showPart("claims", explained.Payload)
	if claims := explained.Claims; claims.Subject != "" {
		o.Title("meaning")
		lines := [][]string{
			{"  organization", webex.OrganizationKey(claims.Subject)}, {"  issued", claims.IssuedAt.UTC().Format(time.RFC3339)},
			{"  accepted by", routes[claims.Action]}, {"  signed by region", cmp.Or(explained.KeyRegion, "-")},
		}
		o.Table(nil, lines)
	}
	o.Title("checks")
	for _, c := range checks {
		line := strings.TrimSpace(fmt.Sprintf("%-13s %s %s", c.Check, c.Code, c.Detail))
		switch c.Result {
		case "good":
			o.Good(line)
		case "failed":
			o.Bad(line)
		default:
			o.Note(line + " not checked")
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
		rows = append(rows, []string{"  " + name, claimText(part[name])})
	}
	o.Table(nil, rows)
}

// claimText formats a claim: seconds as whole numbers, not as 1.7e+09.
func claimText(value any) string {
	if number, ok := value.(float64); ok && number == float64(int64(number)) {
		return fmt.Sprint(int64(number))
	}
	return fmt.Sprint(value)
}
