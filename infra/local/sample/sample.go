// Package sample is a signage vendor's side of Signpost, as short as it can be:
// the three pages that the settings SIGNAGE_URL, PWA_URL and CONTENT_URL name.
// Copy it, and put your product in its place.
//
//	signage   what boards, desks and room bars show
//	app       what Room Navigators show
//	content   what Control Hub opens when an administrator assigns or manages
//	          content, with ?launch=<code> added
//
// A launch code is a credential for a few minutes, and the content page treats
// it as one. The server, not the browser, redeems the code, with the content API
// key, which no browser receives. The result is stored in a session, and the
// browser is redirected to an address without the code. No address is sent to
// other sites as referrer.
//
// Only a POST redeems. If GET did, a prefetch or a link scanner would use up the
// code before the administrator. So GET returns a page that posts the code.
//
// Customers are identified by orgKey, not by orgId, which may change.
//
// A real product must add two things. Check that the devices belong to the
// organization: the organization is proven, but the list of devices is only
// what Control Hub sent. And set Secure on the cookie, since you serve https.
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

// Launch is Signpost's response when a launch is redeemed.
type Launch struct {
	OrgKey   string    `json:"orgKey"` // never changes: identify customers by it
	OrgID    string    `json:"orgId"`  // may change, for example in a move between Webex regions
	OrgName  string    `json:"orgName"`
	AppID    string    `json:"appId"`
	Feature  string    `json:"feature"` // digital_signage or persistent_web_app, none after an activation
	Task     string    `json:"task"`    // assign_content, manage_content or, after an activation, welcome
	Devices  []Device  `json:"devices"`
	IssuedAt time.Time `json:"issuedAt"`

	// After an activation only: where the organization lives, and who activated.
	Region string `json:"region"`
	UserID string `json:"userId"`
}

// Device is a device that the administrator selected.
type Device struct {
	DeviceID    string `json:"deviceId"`
	DisplayName string `json:"displayName"` // may be empty
}

const (
	cookieName  = "sample_session"
	sessionLife = time.Hour
	maxSessions = 1000
	maxLaunches = 50 // per session: each opened a tab
)

// view is the data of the content page.
type view struct {
	Launch
	Customer int // the vendor's number of the organization
}

// session belongs to an administrator's browser.
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

// New returns the handler of the pages, which can be mounted below any path.
// signpost is the address of the API, contentKey the content API key.
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

// open redeems a launch and redirects to the page that shows it.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	launch, err := s.redeem(r.Context(), r.PostFormValue("launch"))
	if err != nil {
		refuse(w, err)
		return
	}
	id, number := s.keep(r, launch)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: id, Path: "/", MaxAge: int(sessionLife.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, // browsers would omit a Strict cookie after Control Hub's click
	})
	protect(w)
	w.Header().Set("Location", "content?view="+strconv.Itoa(number))
	w.WriteHeader(http.StatusSeeOther)
}

// content shows a redeemed launch, or the page that posts a launch code. It
// changes nothing, so any program may GET it.
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
	errUnknown = errors.New("this link was used before, or has expired: go back to Control Hub and launch again")
	errKey     = errors.New("this server's content API key is not accepted")
)

// redeem redeems a launch code, which works once.
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

// keep stores a launch in the browser's session, or in a new one, and returns the
// session's id and the launch's number in it.
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

// customer returns the number of the organization, a new one for an unknown
// organization. The caller holds the lock.
func (s *Server) customer(orgKey string) int {
	if s.customers[orgKey] == 0 {
		s.customers[orgKey] = len(s.customers) + 1
	}
	return s.customers[orgKey]
}

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

// device shows the parameters of its address. They prove nothing: anyone can
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

// protect sets the headers of every response. Other sites may frame the pages of
// devices, but not the content page.
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
	_ = pages.ExecuteTemplate(w, page, data) // the browser may have disconnected
}
