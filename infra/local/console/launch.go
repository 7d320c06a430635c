package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"signpost/shared/webex/webextest"
)

// launch performs a cross-launch in the tab that its form opened and continues
// to the address that Signpost returned. It uses a Refresh header, because the
// form-action policy of the page blocks redirects to other origins.
func (c *Console) launch(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 8<<20)
	if err := r.ParseForm(); err != nil {
		c.showLaunch(w, outcome{Title: "The form is invalid", Failed: true})
		return
	}
	task, devices := r.PostForm.Get("task"), r.PostForm["device"]
	if task == webextest.TaskManageContent {
		devices = nil
	} else if len(devices) == 0 {
		c.showLaunch(w, outcome{Title: "No device is selected", Detail: "Select devices first, then assign content.", Failed: true})
		return
	}
	s, ok := c.scopeOf(r.PathValue("org"), clientOf(r))
	if !ok {
		c.showLaunch(w, outcome{Title: "The cross-launch failed", Detail: sentence(errGone.Error()), Failed: true})
		return
	}
	reply, err := s.app.CrossLaunch(r.Context(), s.ID(), r.PostForm.Get("feature"), task, devices)
	result := describe("Cross-launch", reply)
	if err != nil {
		result = outcome{Title: "The cross-launch failed", Detail: sentence(err.Error()), Failed: true}
	}
	if !result.Failed {
		result.Go = reply.RedirectURL
		w.Header().Set("Refresh", "0; url="+reply.RedirectURL)
	}
	c.showLaunch(w, result)
}

func (c *Console) showLaunch(w http.ResponseWriter, result outcome) {
	header(w, "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	render(w, "launch", result)
}

// showAltered serves the page that devices show for an altered configuration.
func (c *Console) showAltered(w http.ResponseWriter, _ *http.Request) {
	header(w, "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	render(w, "altered", nil)
}

// header sets the headers that all pages share.
func header(w http.ResponseWriter, policy string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

var uuid = regexp.MustCompile(`([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f-]{27}`)

// shortURL returns an address without scheme and host, with shortened ids.
func shortURL(address string) string {
	if u, err := url.Parse(address); err == nil {
		address = strings.TrimPrefix(address, u.Scheme+"://"+u.Host)
	}
	return uuid.ReplaceAllString(address, "$1…")
}
