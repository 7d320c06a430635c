package faults

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// Rule is one thing that must hold whatever happened.
type Rule string

// The rules.
const (
	// Configured: Webex holds exactly the wanted configurations, and knows the
	// address that actions go to.
	Configured Rule = "Webex holds exactly the wanted configurations"
	// Newest: the refresh token that Webex issued last is the stored one, sealed.
	Newest Rule = "the newest refresh token is stored, sealed"
	// Pushes: nothing is pushed without need.
	Pushes Rule = "each change is pushed once"
	// Foreign: other installations, their rows and Webex's view, are untouched.
	Foreign Rule = "other installations are untouched"
	// Secret: no secret is in the log, and none in clear in the table.
	Secret Rule = "no secret is in the log or the table"
	// Cause: every failure is in the log once, with its cause.
	Cause Rule = "every failure is logged once with its cause"
	// Settled: nothing is left half-done, held or due without end.
	Settled Rule = "nothing stays due or half-done"
	// Removed: of what was removed nothing is left, and Webex is not called.
	Removed Rule = "what is removed is gone"
	// Once: a launch is redeemed once.
	Once Rule = "a launch is redeemed once"
	// Patient: Webex is left alone for as long as it asked.
	Patient Rule = "a Retry-After is honoured"
	// Durable: what was answered with success is not lost.
	Durable Rule = "what is answered with success is kept"
	// Unwritten: nobody writes the row of an installation that is in order.
	Unwritten Rule = "a row in order is not written"
	// Asked: Webex was asked about what counts as verified.
	Asked Rule = "what counts as verified was asked of Webex"
)

// Violation is a rule that does not hold, and what was seen.
type Violation struct {
	Rule Rule
	Seen string
}

func (v Violation) String() string { return string(v.Rule) + ": " + v.Seen }

// World is what there is to look at once all has come to rest.
type World struct {
	Cloud        *webextest.Cloud
	Row          installation.Installation
	Candidates   []installation.Candidate
	Before, Now  Snapshot
	Began, Time  time.Time                                       // of Before and Now
	Open         func(installation.Installation) (string, error) // its refresh token
	Log          []string
	Secrets      []string
	OrgID        string
	Settings     lifecycle.Settings
	PushesBefore map[webex.Feature]int
	// Wanted says what is to have come of it: Pushes the most pushes since
	// Before, Gone that the installation was removed, Dead that its refresh
	// token was refused for good.
	Pushes     map[webex.Feature]int
	Gone, Dead bool
	// Launches are the table's rows of launches, which are nobody's installation.
	Launches bool
	// Pass is where the verification of the organization's shard is. Listed says
	// that passes look at the organization.
	Pass   installation.Pass
	Listed bool
	// Kept is the version that the row still has, as it was in order, 0 for any.
	Kept int64
}

// Check returns all violations.
func (w World) Check() []Violation {
	violations := append(w.checkForeign(), w.checkSecrets()...)
	violations = append(violations, w.CheckAlways()...)
	if w.Gone {
		return append(violations, w.checkGone()...)
	}
	if w.Dead {
		return append(violations, w.checkDead()...)
	}
	violations = append(violations, w.checkConfigured()...)
	violations = append(violations, w.checkPushes()...)
	violations = append(violations, w.checkToken()...)
	return append(violations, w.checkSettled()...)
}

// CheckAlways checks what holds at any moment: that passes look at each active
// installation, that whatever else there is to do is due at some time by itself, and
// that what counts as verified was asked of Webex.
func (w World) CheckAlways() (found []Violation) {
	row, never := w.Row, w.Row.Schedule.DueAt.IsZero()
	if row.State == installation.Active && !w.Listed {
		found = append(found, violation(Settled, "no pass looks at the installation"))
	}
	if row.Exists() && never && !w.inOrder() {
		found = append(found, violation(Settled, "never due: %s, %d failures, work %+v, features %v", row.State, row.Schedule.Failures, row.Work, row.Features))
	}
	for _, candidate := range w.Candidates {
		if candidate.Schedule.DueAt.IsZero() && !candidate.Refused {
			found = append(found, violation(Settled, "a candidate is never due: %s", candidate.Kind))
		}
	}
	if w.Kept != 0 && row.Version != w.Kept {
		found = append(found, violation(Unwritten, "version %d was in order, now it is %d", w.Kept, row.Version))
	}
	return append(found, w.checkAsked()...)
}

// inOrder reports whether nothing is to be done for the row but to look at it.
func (w World) inOrder() bool {
	for _, feature := range w.Row.Features {
		if feature.Status == installation.Pending {
			return false
		}
	}
	return w.Row.State == installation.Active && w.Row.Schedule.Failures == 0 && w.Row.Work.Owner == ""
}

// kinds are those of the requests that are about a feature.
var kinds = map[webex.Feature]string{webex.DigitalSignage: webextest.KindSignage, webex.PersistentWebApp: webextest.KindPWA}

// checkAsked checks that the time since which the installation counts as verified is
// one since which Webex was asked about each feature.
func (w World) checkAsked() (found []Violation) {
	at := w.Pass.VerifiedAt(w.Row, lifecycle.Hosts(w.Row), w.Time)
	if at.Before(w.Began) {
		return nil // it was before what is known of requests
	}
	since := at
	if at.Equal(w.Row.Schedule.VerifiedAt) {
		since = at.Add(-lifecycle.WorkTimeout) // it was written at the end of the work
	}
	for _, feature := range webex.Features {
		if _, provided := w.Settings.Wanted(feature, w.Row); !provided || w.Row.Features[feature].Endpoint == "" {
			continue
		}
		if !slices.ContainsFunc(w.Cloud.Requests(), func(r webextest.Request) bool {
			return r.OrgID == w.OrgID && r.Kind == kinds[feature] && !r.Time.Before(since) && (r.Status/100 == 2 || r.Status == 404)
		}) {
			found = append(found, violation(Asked, "%s counts as verified at %v", feature, at))
		}
	}
	return found
}

func violation(rule Rule, format string, args ...any) Violation {
	return Violation{rule, fmt.Sprintf(format, args...)}
}

func (w World) checkConfigured() (found []Violation) {
	view, installed := w.Cloud.Installation(w.OrgID)
	if !installed {
		return []Violation{violation(Configured, "not installed at Webex")}
	}
	if want := orElse(w.Settings.PublicURL, w.Row.BaseURL) + "/actions"; view.ActionsURL != want || view.ProvisioningState != "completed" {
		found = append(found, violation(Configured, "actionsUrl is %q (%s), not %q", view.ActionsURL, view.ProvisioningState, want))
	}
	for _, feature := range webex.Features {
		want, provided := w.Settings.Wanted(feature, w.Row)
		got, present := w.Cloud.Configuration(w.OrgID, string(feature))
		switch {
		case present != provided:
			found = append(found, violation(Configured, "%s stored is %v, want %v", feature, present, provided))
		case present && (got[feature.DeviceURLMember()] != want.DeviceURL || linkOf(got, "assignContent") != want.AssignContentURL ||
			linkOf(got, "manageContent") != want.ManageContentURL):
			found = append(found, violation(Configured, "%s is %v, want %+v", feature, got, want))
		}
	}
	return found
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func linkOf(configuration map[string]any, task string) string {
	tasks, _ := configuration["crossLaunch"].(map[string]any)
	link, _ := tasks[task].(map[string]any)
	url, _ := link["url"].(string)
	return url
}

func (w World) checkPushes() (found []Violation) {
	for _, feature := range webex.Features {
		got := w.Cloud.Pushes(w.OrgID, string(feature)) - w.PushesBefore[feature]
		if got > w.Pushes[feature] {
			found = append(found, violation(Pushes, "%s was pushed %d times, want %d", feature, got, w.Pushes[feature]))
		}
	}
	return found
}

func (w World) checkToken() []Violation {
	newest := w.Cloud.RefreshToken(w.OrgID)
	switch token, err := w.Open(w.Row); {
	case newest == "":
		return []Violation{violation(Newest, "Webex has issued none")}
	case err != nil:
		return []Violation{violation(Newest, "the stored one does not open: %v", err)}
	case token != newest:
		return []Violation{violation(Newest, "the stored one is another")}
	case string(w.Row.Tokens.Refresh) == newest:
		return []Violation{violation(Newest, "it is stored in clear")}
	}
	return nil
}

func (w World) checkForeign() (found []Violation) {
	own := "org#" + w.Row.Key.Text()
	shared := func(pk string) bool { // no installation's
		return pk == "channels" || strings.HasPrefix(pk, "pass#") || strings.HasPrefix(pk, "refusals#") || w.Launches && strings.HasPrefix(pk, "launch#")
	}
	for pk, before := range w.Before.Rows {
		if pk != own && !strings.HasPrefix(pk, "launch#") && !shared(pk) && w.Now.Rows[pk] != before {
			found = append(found, violation(Foreign, "rows of %s changed", pk))
		}
	}
	for pk := range w.Now.Rows {
		_, known := w.Before.Rows[pk]
		if pk != own && !known && !shared(pk) {
			found = append(found, violation(Foreign, "rows of %s appeared", pk))
		}
	}
	for org, before := range w.Before.Webex {
		if org != w.OrgID && w.Now.Webex[org] != before {
			found = append(found, violation(Foreign, "Webex's view of %s changed", org))
		}
	}
	for _, request := range w.Cloud.Requests() {
		if request.OrgID != "" && request.OrgID != w.OrgID {
			found = append(found, violation(Foreign, "%s of %s", request.Method, request.Path))
		}
	}
	return found
}

func (w World) checkSecrets() (found []Violation) {
	table, log := w.Now.Text(), strings.Join(w.Log, "\n")
	for i, secret := range w.Secrets {
		if strings.Contains(log, secret) {
			found = append(found, violation(Secret, "secret %d is in the log", i))
		}
		if strings.Contains(table, secret) {
			found = append(found, violation(Secret, "secret %d is in the table in clear", i))
		}
	}
	return found
}

func (w World) checkSettled() (found []Violation) {
	row, add := w.Row, func(format string, args ...any) { found = append(found, violation(Settled, format, args...)) }
	next, due := row.Schedule.DueAt.Sub(w.Time), !row.Schedule.DueAt.IsZero()
	switch {
	case row.State != installation.Active:
		add("state is %q", row.State)
	case row.Schedule.Failures != 0:
		add("%d failures are counted", row.Schedule.Failures)
	case due && (next <= 0 || next > installation.CompareAppEvery || !w.missingEndpoints()):
		add("due in %v", next)
	}
	if row.Work.Held(w.Time) || row.Tokens.Renewal.Held(w.Time) {
		add("a lease is held: work %+v, renewal %+v", row.Work, row.Tokens.Renewal)
	}
	for _, candidate := range w.Candidates {
		add("a candidate is left: %s, due %v", candidate.Kind, candidate.Schedule.DueAt)
	}
	for name, feature := range row.Features {
		if feature.Status == installation.Pending || feature.Status == installation.Drifting {
			add("%s is %s", name, feature.Status)
		}
	}
	return found
}

// lacking reports whether Webex offers less than we provide, which is looked at daily.
func (w World) missingEndpoints() bool {
	for _, feature := range webex.Features {
		if _, provided := w.Settings.Provided[feature]; provided && w.Row.Features[feature].Endpoint == "" {
			return true
		}
	}
	return false
}

func (w World) checkDead() (found []Violation) {
	left := w.Row.Schedule.DueAt.Sub(w.Time)
	if w.Row.State != installation.TokenInvalid || left <= 0 || left > installation.TokenInvalidLife || w.Row.Work.Held(w.Time) {
		found = append(found, violation(Settled, "state is %q, due in %v", w.Row.State, left))
	}
	return found
}

func (w World) checkGone() (found []Violation) {
	row := w.Row
	if row.Exists() || len(row.Tokens.Refresh)+len(row.Tokens.Access) > 0 || row.OrgName != "" || row.URLs != (installation.URLs{}) || len(row.Features) > 0 {
		found = append(found, violation(Removed, "the row says %q, %d bytes of tokens, name %q, URLs %+v", row.State, len(row.Tokens.Refresh), row.OrgName, row.URLs))
	}
	for _, candidate := range w.Candidates {
		found = append(found, violation(Removed, "a candidate is left: %s", candidate.Kind))
	}
	for pk, text := range w.Now.Rows {
		if belongsTo(pk, w.OrgID) && strings.Contains(text, w.Cloud.BaseURL()) {
			found = append(found, violation(Removed, "an address is left"))
		}
	}
	for _, request := range w.Cloud.Requests() {
		found = append(found, violation(Removed, "Webex was called: %s %s", request.Method, request.Path))
	}
	return found
}

// CheckCause checks that what befell a process is in its log. lines are those
// that it logged, and what it answered with, which is logged where it is
// answered.
func CheckCause(fault Fault, lines []string) []Violation {
	if fault.inject == nil || fault.Deadly || fault.Outage {
		return nil
	}
	count := 0
	for _, line := range lines {
		for _, evidence := range fault.Evidence {
			if strings.Contains(line, evidence) {
				count++
				break
			}
		}
	}
	if count == 1 || (count == 0 && fault.Tolerated) {
		return nil
	}
	return []Violation{violation(Cause, "%d lines say %q", count, fault.Evidence)}
}
