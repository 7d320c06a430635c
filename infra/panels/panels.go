// Package panels is what pages about installations have in common: an installation as
// Signpost and as Webex store it, the rollout, and the style. The simulated Control Hub
// (infra/local/console) and the support console (infra/support) show them.
//
// It reads neither the table nor Webex: a page passes what it has read.
package panels

import (
	"cmp"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed assets
var assets embed.FS

// Pill is a short state. Its tone selects the colour.
type Pill struct{ Text, Tone string }

// The tones.
const (
	ToneGood = "good"
	ToneWait = "wait"
	ToneBad  = "bad"
	ToneIdle = "idle"
)

// Good, Wait, Bad and Idle return a pill of that tone.
func Good(text string) Pill { return Pill{text, ToneGood} }
func Wait(text string) Pill { return Pill{text, ToneWait} }
func Bad(text string) Pill  { return Pill{text, ToneBad} }
func Idle(text string) Pill { return Pill{text, ToneIdle} }

var functions = template.FuncMap{
	"iso": func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"day": func(t time.Time) string { return t.Local().Format("2 Jan 15:04:05") },
}

// Templates returns the templates "sides" of a [Comparison], "rollout" of a [Rollout] and
// "pill" of a [Pill], with the page's own templates, assets/*.html of page, and their
// functions.
func Templates(page fs.FS, more template.FuncMap) *template.Template {
	all := template.Must(template.New("").Funcs(functions).ParseFS(assets, "assets/*.html"))
	return template.Must(all.Funcs(more).ParseFS(page, "assets/*.html"))
}

// assetTypes are fixed, since some systems configure other types.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// ServeAsset serves the file of assets that the path value "name" names, of page or else
// of the panels: style.css and icon.svg. Without a name it serves the icon.
func ServeAsset(page fs.FS) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := cmp.Or(r.PathValue("name"), "icon.svg") // none for /favicon.ico
		kind := assetTypes[path.Ext(name)]
		text, err := fs.ReadFile(page, "assets/"+name)
		if err != nil {
			text, err = assets.ReadFile("assets/" + name)
		}
		if err != nil || kind == "" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(text) // the browser may have disconnected
	}
}
