package webextest

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS []byte

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"json": func(v any) string { return string(encode(v)) },
}).Parse(pageHTML))

// notice is what became of the button that was pressed.
type notice struct {
	Title  string
	Failed bool
	Code   string // an activation code to copy
	Link   string // a page to open
	Detail string
}

// pageRoutes serve the page and its forms: what an administrator sees of the
// integration in Control Hub, without scripts.
func (c *Cloud) pageRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { c.showPage(w, nil) })
	mux.HandleFunc("GET /_page/style.css", func(w http.ResponseWriter, _ *http.Request) {
		answer{status: http.StatusOK, contentType: "text/css; charset=utf-8", body: pageCSS}.write(w)
	})
	mux.HandleFunc("POST /_page/organizations", func(w http.ResponseWriter, r *http.Request) {
		_, err := c.addOrganization(r.FormValue("name"), r.FormValue("region"))
		c.showPage(w, failure("Add organization", err))
	})
	mux.HandleFunc("POST /_page/organizations/{org}/{button}", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 8*maxBody)
		c.showPage(w, c.press(r))
	})
	return localOnly(mux, false)
}

// press does what a button says.
func (c *Cloud) press(r *http.Request) *notice {
	ctx, org := r.Context(), r.PathValue("org")
	if err := r.ParseForm(); err != nil {
		return failure("The form", err)
	}
	switch r.PathValue("button") {
	case "mint":
		code, err := c.MintActivation(org)
		if err != nil {
			return failure("Activate", err)
		}
		return &notice{Title: "Activation code", Code: code}
	case "activate":
		return outcome("Activate")(c.Activate(ctx, org))
	case "approveUpdate":
		return outcome("Approve update")(c.ApproveUpdate(ctx, org, nil))
	case "healthCheck":
		return outcome("Health check")(c.HealthCheck(ctx, org))
	case "deprovision":
		return outcome("Deprovision")(c.Deprovision(ctx, org))
	case "crossLaunch":
		return outcome("Cross-launch")(c.CrossLaunch(ctx, org, r.Form.Get("feature"), r.Form.Get("task"), r.Form["device"]))
	}
	return &notice{Title: "There is no such button", Failed: true}
}

func failure(title string, err error) *notice {
	if err == nil {
		return nil
	}
	return &notice{Title: title + " failed", Failed: true, Detail: err.Error()}
}

func outcome(title string) func(Reply, error) *notice {
	return func(r Reply, err error) *notice {
		if err != nil {
			return failure(title, err)
		}
		return &notice{
			Title:  title + ": the integration answered " + strconv.Itoa(r.Status),
			Failed: r.Status != http.StatusOK,
			Link:   r.RedirectURL,
			Detail: string(r.Body),
		}
	}
}

// showPage renders the page. The answer to a cross-launch also opens its page;
// by a header, because form-action would stop a redirect to another origin.
func (c *Cloud) showPage(w http.ResponseWriter, n *notice) {
	organizations := c.describeAll()
	slices.SortFunc(organizations, func(a, b description) int { return cmp.Compare(a.Name, b.Name) })
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, map[string]any{
		"Notice":          n,
		"Organizations":   organizations,
		"Regions":         c.Regions(),
		"AppID":           c.AppID(),
		"ProvisioningURL": c.ProvisioningURL(),
	})
	if err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if n != nil && n.Link != "" {
		h.Set("Refresh", "0; url="+n.Link)
	}
	answer{status: http.StatusOK, contentType: "text/html; charset=utf-8", body: page.Bytes()}.write(w)
}
