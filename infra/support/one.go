package support

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"signpost/infra/panels"
	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// timelineSpan is how far back log lines are looked for. The page says so.
const timelineSpan = 24 * time.Hour

// maxLines bounds the lines of a page; the newest are shown.
const maxLines = 200

// installationView is the page of one installation.
type installationView struct {
	Name, ReloadURL string
	Result          string // how a change ended, a sentence
	ResultFailed    bool
	Trouble         *installation.Trouble
	Facts           []panels.Fact
	Sides           panels.Comparison
	Timeline        timelineView
}

type timelineView struct {
	Page    string // of the installation
	Asked   bool
	Problem string
	Lines   []Line
	More    bool // there are older lines
}

var sentences = map[Outcome]string{
	Verified:  "Verified: nothing had to be changed.",
	Pushed:    "Verified: Webex stores the wanted configurations again.",
	Failed:    "The verification failed. It is tried again when it is due; Last result says why.",
	Postponed: "Not verified: another worker has it, or Webex asked to wait. Try again in 30 seconds.",
	Reloading: "The next run of the schedule pushes addresses that make its devices reload their pages.",
}

func keyOf(r *http.Request) installation.Key {
	return installation.Key{OrgKey: r.PathValue("org"), AppID: r.PathValue("app")}
}

func (c *Console) showInstallation(w http.ResponseWriter, r *http.Request) {
	key, query, now := keyOf(r), r.URL.Query(), c.Now()
	inspection, channels, err := c.Deployment.Inspect(r.Context(), key)
	if err != nil {
		c.failOne(w, err)
		return
	}
	row := inspection.Installation
	row.Key = key // a row of which there are only candidates has none
	outcome := Outcome(query.Get("done"))
	view := installationView{
		Name: row.OrgName, Result: sentences[outcome], ResultFailed: outcome == Failed || outcome == Postponed, Facts: facts(row, channels), Sides: sidesOf(inspection, now),
		Timeline: timelineView{Page: pageOf(key), Asked: query.Has("lines")},
	}
	if view.Name == "" {
		view.Name = row.OrgKey
	}
	if trouble, troubled := row.Trouble(now); troubled {
		view.Trouble = &trouble
	}
	if c.Write && row.Exists() {
		view.Sides.VerifyURL, view.ReloadURL = pageOf(key)+"/verify", pageOf(key)+"/reload"
	}
	if view.Timeline.Asked {
		c.addLines(r.Context(), &view.Timeline, key, now)
	}
	c.render(w, http.StatusOK, "installation", view.Name, view)
}

func (c *Console) failOne(w http.ResponseWriter, err error) {
	if errors.Is(err, installation.ErrNotFound) {
		c.fail(w, http.StatusNotFound, "Not installed", err)
		return
	}
	c.fail(w, http.StatusBadGateway, "The installation cannot be read", err)
}

func sidesOf(inspection lifecycle.Inspection, now time.Time) panels.Comparison {
	sides := panels.NewComparison(inspection.Installation, inspection.Candidates, now)
	for _, name := range webex.Features {
		if verdict, ok := inspection.Verdicts[name]; ok {
			sides.AddFeature(inspection.Installation, name, verdict, inspection.Failures[name])
		}
	}
	hideKey(sides, inspection.Installation)
	return sides
}

// hideKey takes the key that proves whose device a page runs on out of the addresses.
func hideKey(sides panels.Comparison, row installation.Installation) {
	if row.DeviceKey.IsZero() {
		return
	}
	hide := strings.NewReplacer(row.DeviceKey.Reveal(), "{installationKey}")
	for _, feature := range sides.Features {
		for n, line := range feature.Lines {
			feature.Lines[n].Ours, feature.Lines[n].Theirs = hide.Replace(line.Ours), hide.Replace(line.Theirs)
		}
	}
}

// facts are what only Signpost stores of an installation.
func facts(row installation.Installation, channels channel.Channels) []panels.Fact {
	set, revision := channels.For(row)
	all := []panels.Fact{
		{Name: "Organization", Value: row.OrgKey}, {Name: "App id", Value: row.AppID}, {Name: "Reference", Value: row.Reference}, {Name: "Region", Value: row.Region},
		{Name: "Channel", Value: fmt.Sprintf("%s, revision %d", set.Name(row), revision)}, {Name: "Manifest version", Value: number(row.ManifestVersion)}, {Name: "Scopes", Value: strings.Join(row.Scopes, " ")},
		{Name: "Activated", Value: day(row.ActivatedAt)}, {Name: "Last action", Value: day(row.LastActionAt)}, {Name: "Refresh token ends", Value: day(row.Tokens.RefreshExpiresAt)},
	}
	return slices.DeleteFunc(all, func(fact panels.Fact) bool { return fact.Value == "" })
}

// number is "" for 0, which stands for unknown.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2 Jan 2006 15:04:05")
}

// addLines adds those that name no other integration of the organization.
func (c *Console) addLines(ctx context.Context, view *timelineView, key installation.Key, now time.Time) {
	lines, err := c.Timeline.Lines(ctx, key.OrgKey, now.Add(-timelineSpan))
	if err != nil {
		view.Problem = err.Error()
	}
	lines = slices.DeleteFunc(lines, func(line Line) bool { return line.AppID != "" && line.AppID != key.AppID })
	view.Lines = newestFirst(lines)
	view.More = len(view.Lines) > maxLines
	view.Lines = view.Lines[:min(len(view.Lines), maxLines)]
}

// change returns the handler of a form that changes an installation.
func (c *Console) change(change func(context.Context, installation.Key) (Outcome, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		outcome, err := change(r.Context(), keyOf(r))
		switch {
		case errors.Is(err, installation.ErrNotFound):
			c.failOne(w, err)
		case err != nil:
			c.fail(w, http.StatusBadGateway, "Nothing was changed", err)
		default:
			http.Redirect(w, r, pageOf(keyOf(r))+"?done="+string(outcome), http.StatusSeeOther)
		}
	}
}
