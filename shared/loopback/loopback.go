// Package loopback protects servers for this machine from web pages. A page in a local
// browser can reach a loopback port by DNS rebinding, which the Host shows, or by a
// cross-site request, which the browser marks.
package loopback

import (
	"net"
	"net/http"
	"net/url"
)

// Only refuses requests to host names other than this machine's, and requests that a
// browser sent for another origin. Of the latter it refuses reads only if strict is set:
// other sites may link to a page. Other ports of this machine are other origins.
func Only(next http.Handler, strict bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case !local(r.Host):
			refuse(w, `{"error":"only for loopback hosts"}`)
		case (strict || !reads) && crossOrigin(r):
			refuse(w, `{"error":"not for other sites"}`)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func refuse(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte(body)) // the client may have gone
}

func local(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// crossOrigin reports whether a browser sent the request for another origin.
func crossOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "": // no browser, or an old one
		origin := r.Header.Get("Origin")
		if origin == "" {
			return false
		}
		u, err := url.Parse(origin)
		return err != nil || u.Host != r.Host
	}
	return true
}
