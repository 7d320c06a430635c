// Package sample is a signage vendor's side of Signpost, as short as it can be:
// the three pages that the settings SIGNAGE_URL, PWA_URL and CONTENT_URL name.
// Copy it, and put your product in its place.
//
//	signage   what boards, desks and room bars show
//	app       what Room Navigators show
//	content   what Control Hub opens when an administrator assigns or manages
//	          content, with ?launch=<code> added
//
// A launch code is a credential for a few minutes, so the content page handles
// it like one. Its server, not the browser, redeems the code, with the content
// API key that no browser ever sees. The answer goes into a session, and the
// browser is sent on to an address without the code. No address is sent on to
// other sites.
//
// Only a POST redeems. What merely looks at the address that Control Hub opens
// (a HEAD, a prefetch, a scanner of links) would use the code up, and the
// administrator would find it used: so GET answers a page that posts the code
// by itself.
//
// A customer is known by orgKey and not by orgId, of which one organization can
// have several in time.
//
// Two things to add in a real product. Check that the devices are the
// organization's: the organization is proven, but the list of devices is only
// what Control Hub said. And set Secure on the cookie: you serve https.
package sample

import (
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed *.html style.css icon.svg launch.js
var files embed.FS

var pages = template.Must(template.ParseFS(files, "*.html"))

// Launch is what Signpost answers when a launch is redeemed.
type Launch struct {
	OrgKey   string    `json:"orgKey"` // the same for good: key customers by it
	OrgID    string    `json:"orgId"`  // may change, for example in a move between Webex regions
	OrgName  string    `json:"orgName"`
	AppID    string    `json:"appId"`
	Feature  string    `json:"feature"` // digital_signage or persistent_web_app
	Task     string    `json:"task"`    // assign_content or manage_content
	Devices  []Device  `json:"devices"`
	IssuedAt time.Time `json:"issuedAt"`
}

// Device is one that the administrator selected.
type Device struct {
	DeviceID    string `json:"deviceId"`
	DisplayName string `json:"displayName"` // may be empty
}

const (
	cookieName  = "sample_session"
	sessionLife = time.Hour
	maxSessions = 1000
	maxLaunches = 50 // of one session: each opened a tab
)

// view is what the content page shows of a launch.
type view struct {
	Launch
	Customer int // the vendor's own number of the organization
}

// session is an administrator's browser.
type session struct {
	launches map[int]view
	last     int
	until    time.Time
}

// Server serves the three pages. It keeps its sessions in memory.
type Server struct {
	signpost string // the API's address
	key      string // the content API key
	client   *http.Client

	mu        sync.Mutex
	sessions  map[string]*session
	customers map[string]int // customer numbers, by orgKey
}

// New returns the pages, to be mounted below any path. signpost is the address
// of the API, contentKey the content API key.
func New(signpost, contentKey string) http.Handler {
	s := &Server{
		signpost: signpost, key: contentKey, sessions: map[string]*session{}, customers: map[string]int{},
		client: &http.Client{Timeout: 10 * time.Second},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /content", s.content)
	mux.HandleFunc("POST /content", s.open)
	mux.HandleFunc("GET /signage", device)
	mux.HandleFunc("GET /app", device)
	mux.Handle("GET /style.css", http.FileServerFS(files))
	mux.Handle("GET /icon.svg", http.FileServerFS(files))
	mux.Handle("GET /launch.js", http.FileServerFS(files))
	return http.NewCrossOriginProtection().Handler(mux)
}

// open redeems a launch, and leads to the page that shows it.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	launch, err := s.redeem(r.Context(), r.PostFormValue("launch"))
	if err != nil {
		refuse(w, err)
		return
	}
	id, number := s.keep(r, launch)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: id, Path: "/", MaxAge: int(sessionLife.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, // Strict would be left out after Control Hub's click
	})
	protect(w)
	w.Header().Set("Location", "content?view="+strconv.Itoa(number))
	w.WriteHeader(http.StatusSeeOther)
}

// content shows a launch that was redeemed, or the page that has one redeemed.
// It does nothing else: anything may GET it.
func (s *Server) content(w http.ResponseWriter, r *http.Request) {
	if code := r.URL.Query().Get("launch"); code != "" {
		show(w, http.StatusOK, "launch.html", code)
		return
	}
	launch, ok := s.find(r)
	if !ok {
		refuse(w, errUnknown)
		return
	}
	show(w, http.StatusOK, "content.html", launch)
}

var (
	errUnknown = errors.New("this link was used before, or is too old: go back to Control Hub and launch again")
	errKey     = errors.New("this server's content API key is not accepted")
)

// redeem asks Signpost what the administrator is about to do. It works once.
func (s *Server) redeem(ctx context.Context, code string) (Launch, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.signpost+"/launches/"+url.PathEscape(code), nil)
	if err != nil {
		return Launch{}, errUnknown
	}
	request.Header.Set("Authorization", "Bearer "+s.key)
	response, err := s.client.Do(request)
	if err != nil {
		return Launch{}, errors.New("the launch cannot be redeemed now: try again")
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return Launch{}, errUnknown
	case http.StatusUnauthorized:
		return Launch{}, errKey
	default:
		return Launch{}, fmt.Errorf("the launch cannot be redeemed now (%d): try again", response.StatusCode)
	}
	var launch Launch
	if err := json.NewDecoder(response.Body).Decode(&launch); err != nil {
		return Launch{}, fmt.Errorf("the redeemed launch cannot be read: %w", err)
	}
	return launch, nil
}

// keep stores a launch in the browser's session, or in a new one. Each launch
// has a number of its own, since each opened a tab.
func (s *Server) keep(r *http.Request, launch Launch) (id string, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for old, one := range s.sessions {
		if time.Now().After(one.until) || len(s.sessions) >= maxSessions {
			delete(s.sessions, old)
		}
	}
	if cookie, err := r.Cookie(cookieName); err == nil && s.sessions[cookie.Value] != nil {
		id = cookie.Value
	} else {
		id = rand.Text()
		s.sessions[id] = &session{launches: map[int]view{}}
	}
	one := s.sessions[id]
	one.last++
	one.launches[one.last], one.until = view{launch, s.customer(launch.OrgKey)}, time.Now().Add(sessionLife)
	delete(one.launches, one.last-maxLaunches)
	return id, one.last
}

// customer is the number of the organization, a new one for an organization
// that was never seen. The caller holds the lock.
func (s *Server) customer(orgKey string) int {
	if s.customers[orgKey] == 0 {
		s.customers[orgKey] = len(s.customers) + 1
	}
	return s.customers[orgKey]
}

// find is the launch that a browser asks for again.
func (s *Server) find(r *http.Request) (view, bool) {
	cookie, err := r.Cookie(cookieName)
	number, _ := strconv.Atoi(r.URL.Query().Get("view")) // 0 is none
	if err != nil {
		return view{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.sessions[cookie.Value]
	if one == nil || time.Now().After(one.until) {
		return view{}, false
	}
	launch, ok := one.launches[number]
	return launch, ok
}

// device shows what a device says of itself. It proves nothing: anybody can
// write such an address.
func device(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	show(w, http.StatusOK, r.URL.Path[1:]+".html", map[string]string{
		"Device": query.Get("deviceId"), "Name": cmp.Or(query.Get("deviceName"), "this device"),
		"Workspace": query.Get("workspace"), "Navigator": query.Get("navigator"),
	})
}

func refuse(w http.ResponseWriter, err error) {
	text := err.Error()
	show(w, http.StatusForbidden, "refused.html", strings.ToUpper(text[:1])+text[1:]+".")
}

// protect sets what every answer has. Any site may frame the pages that devices
// show; the content page is nobody's to frame.
func protect(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

func show(w http.ResponseWriter, status int, page string, data any) {
	protect(w)
	if page == "content.html" || page == "launch.html" {
		w.Header().Add("Content-Security-Policy", "frame-ancestors 'none'")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = pages.ExecuteTemplate(w, page, data) // the browser is gone
}
