package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"signpost/infra/local/console/wire"
	"signpost/infra/panels"
)

//go:embed assets
var assets embed.FS

var templates = panels.Templates(assets, template.FuncMap{
	"short": shortURL,
	"direct": func(e wire.Exchange) string {
		return map[bool]string{true: "Webex → Signpost", false: "Signpost → Webex"}[e.FromWebex]
	},
	"class":    statusClass,
	"millis":   millis,
	"clock":    func(t time.Time) string { return t.Local().Format("15:04:05.000") },
	"assemble": assemble,
})

// assemble makes a map of alternating names and values, as the argument of a
// nested template.
func assemble(pairs ...any) map[string]any {
	result := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		result[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return result
}

func millis(d time.Duration) string {
	if d < time.Millisecond {
		return "< 1 ms"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
}

// statusClass is the tone of an exchange's status.
func statusClass(e wire.Exchange) string {
	switch {
	case !e.Done:
		return panels.ToneIdle
	case e.Failure != "" || e.Status >= 500:
		return panels.ToneBad
	case e.Status >= 400:
		return panels.ToneWait
	}
	return panels.ToneGood
}

// A part of the page is sent again as a whole when its view has changed. Its
// name is also the name of its template and the id of its element.
type part struct {
	name string
	view func(context.Context, *Console, scope) any
	// key, if set, determines the view and is cheaper to compute.
	key func(*Console, scope) any
}

var parts = []part{
	{name: "tabs", view: func(_ context.Context, c *Console, s scope) any { return c.viewTabs(s.ID()) }},
	{name: "integrations", view: func(_ context.Context, c *Console, s scope) any { return c.viewIntegrations(s) }},
	{name: "rollout", view: func(ctx context.Context, c *Console, _ scope) any { return c.viewRollout(ctx) }},
	{name: "card", view: func(_ context.Context, c *Console, s scope) any { return c.viewCard(s) }},
	{
		name: "devices",
		view: func(_ context.Context, c *Console, s scope) any { return c.viewDevices(s) },
		key:  func(c *Console, s scope) any { return c.devicesKey(s) },
	},
	{name: "sides", view: func(ctx context.Context, c *Console, s scope) any { return c.viewComparison(ctx, s) }},
	{name: "faults", view: func(_ context.Context, c *Console, s scope) any { return c.viewFaults(s) }},
}

// look returns the current view of a part and its version. The view is nil if
// the version is the known one.
func (p part) look(ctx context.Context, c *Console, s scope, known string) (view any, version string) {
	if p.key != nil {
		if version = versionOf(p.key(c, s)); version == known {
			return nil, version
		}
		return p.view(ctx, c, s), version
	}
	view = p.view(ctx, c, s)
	if version = versionOf(view); version == known {
		return nil, version
	}
	return view, version
}

func versionOf(view any) string {
	text, err := json.Marshal(view)
	if err != nil {
		panic("console: " + err.Error()) // views hold only types that JSON supports
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// pagePolicy allows the page's own assets, and frames of any host: they show
// what devices would show, which may change while the page is open. The frames
// are sandboxed and have no origin.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"frame-src 'self' http: https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (c *Console) showPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s, ok := c.scopeOf(query.Get("org"), clientOf(r))
	if !ok && (query.Has("org") || query.Has("client")) { // it was removed, or the simulator was restarted
		http.Redirect(w, r, c.home(query.Get("org")), http.StatusSeeOther)
		return
	}
	header(w, pagePolicy)
	exchanges, mark := c.options.Wire.Since(0)
	page := map[string]any{
		"Org": s.Organization, "Exchanges": exchanges, "Mark": mark, "Names": c.names(), "Parts": map[string]any{}, "Versions": "",
		"Regions": c.options.Regions,
	}
	if ok {
		page["Target"] = c.targetOf(s)
		versions := ""
		for _, p := range parts {
			view, version := p.look(r.Context(), c, s, "")
			page["Parts"].(map[string]any)[p.name] = view
			versions += p.name + ":" + version + " "
		}
		page["Versions"] = versions
	} else {
		page["Parts"] = map[string]any{"tabs": []tab(nil)}
	}
	render(w, "page", page)
}

func (c *Console) names() map[string]string {
	names := map[string]string{}
	for _, org := range c.options.Webex.Organizations() {
		names[org.ID()] = org.Name()
	}
	return names
}

// render writes a template, or only an error.
func render(w http.ResponseWriter, name string, data any) {
	text, err := rendered(name, data)
	if err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(text) // the browser may have disconnected
}

func rendered(name string, data any) ([]byte, error) {
	var text bytes.Buffer
	err := templates.ExecuteTemplate(&text, name, data)
	return text.Bytes(), err
}

// showExchange answers with the details of one exchange.
func (c *Console) showExchange(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64) // 0 is none
	exchange, ok := c.options.Wire.Find(id)
	header(w, "default-src 'none'")
	render(w, "exchange", map[string]any{"Kept": ok, "Exchange": exchange})
}
