package webextest

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is a failure that is injected into the responses to the integration.
//
// A fault with a Status, Body or Redirect replaces the handling of the request,
// unless LoseReply is set. Any other fault changes how the response is sent. If several
// faults match a request, the one injected first is used.
type Fault struct {
	// Which requests it affects; empty means any.
	Kind   string `json:"kind,omitempty"` // one of the Kind constants
	Method string `json:"method,omitempty"`
	OrgID  string `json:"orgId,omitempty"` // never matches a request for a key set
	Region string `json:"region,omitempty"`

	// Times is the number of affected requests, 0 for all until [Cloud.ClearFaults].
	Times int `json:"times,omitempty"`

	// Until is when it expires, by the cloud's clock; zero is never.
	Until time.Time `json:"until,omitzero"`

	// Status responds with this status instead of handling the request. The body is an
	// error in Webex's form unless Body says otherwise.
	Status int `json:"status,omitempty"`
	// RetryAfter is the Retry-After header, sent with Status 429 [java].
	RetryAfter string `json:"retryAfter,omitempty"`
	// Body and ContentType respond with this body; Status 0 then means 200.
	// ContentType alone replaces that of the normal response.
	Body        string `json:"body,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	// Before, such as a byte order mark, is sent before the body.
	Before string `json:"before,omitempty"`
	// Redirect responds with this Location; Status 0 then means 307.
	Redirect string `json:"redirect,omitempty"`

	// Delay, in real time, precedes the handling, which is skipped if the client
	// disconnects meanwhile. With LoseReply it follows the handling.
	Delay time.Duration `json:"-"`
	// LoseReply handles the request, then cuts the connection.
	LoseReply bool `json:"loseReply,omitempty"`
	// Refuse cuts the connection before the request is handled.
	Refuse bool `json:"refuse,omitempty"`
	// Truncate sends half of the body and cuts the connection.
	Truncate bool `json:"truncate,omitempty"`
}

// Inject adds a fault.
func (c *Cloud) Inject(f Fault) {
	defer c.lock()()
	c.faults = append(c.faults, &f)
}

// ClearFaults removes all faults.
func (c *Cloud) ClearFaults() {
	defer c.lock()()
	c.faults = nil
}

// Faults are the active faults, with the Times that are left.
func (c *Cloud) Faults() []Fault {
	defer c.lock()()
	c.endFaults()
	faults := make([]Fault, len(c.faults))
	for i, f := range c.faults {
		faults[i] = *f
	}
	return faults
}

// endFaults removes expired faults. It is called with the lock held.
func (c *Cloud) endFaults() {
	now := c.now()
	c.faults = slices.DeleteFunc(c.faults, func(f *Fault) bool { return !f.Until.IsZero() && !now.Before(f.Until) })
}

// takeFault returns the first fault that matches the request and counts it as used
// once. If there is none it returns the zero Fault, which changes nothing.
func (c *Cloud) takeFault(r *Request) Fault {
	defer c.lock()()
	c.endFaults()
	for i, f := range c.faults {
		if !matches(f.Kind, r.Kind) || !matches(f.Method, r.Method) || !matches(f.OrgID, r.OrgID) || !matches(f.Region, r.Region) {
			continue
		}
		taken := *f
		if f.Times == 1 {
			c.faults = slices.Delete(c.faults, i, i+1)
		} else if f.Times > 1 {
			f.Times--
		}
		return taken
	}
	return Fault{}
}

// respond responds to one request as f says.
func (c *Cloud) respond(w http.ResponseWriter, r *http.Request, f Fault, work func() response, entry *Request) {
	if f.LoseReply {
		c.setStatus(entry, work().status)
		c.wait(r.Context(), f.Delay)
		cut(w)
		return
	}
	if !c.wait(r.Context(), f.Delay) || f.Refuse {
		cut(w)
		return
	}
	res, canned := f.response()
	if !canned {
		res = work()
		res.contentType = cmp.Or(f.ContentType, res.contentType)
	}
	res.body = append([]byte(f.Before), res.body...)
	c.setStatus(entry, res.status)
	if f.Truncate {
		res.writeHalf(w)
		return
	}
	res.write(w)
}

// response returns the fault's own response; canned is false if it has none.
func (f Fault) response() (res response, canned bool) {
	if f.Status == 0 && f.Body == "" && f.Redirect == "" {
		return response{}, false
	}
	status := f.Status
	switch {
	case status != 0:
	case f.Redirect != "":
		status = http.StatusTemporaryRedirect
	default:
		status = http.StatusOK
	}
	res = webexError(status, http.StatusText(status))
	if f.Body != "" {
		res.body = []byte(f.Body)
	}
	res.contentType = f.ContentType
	res.header = map[string]string{}
	if f.RetryAfter != "" {
		res.header["Retry-After"] = f.RetryAfter
	}
	if f.Redirect != "" {
		res.header["Location"] = f.Redirect
	}
	return res, true
}

// wait waits for d and reports whether the client is still connected.
func (c *Cloud) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-c.closed:
	}
	return false
}

// cut closes the connection within the status line. If it closed it before, Go's
// client would silently repeat a GET on a kept-alive connection, and the fault
// would be used up without effect.
func cut(w http.ResponseWriter) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, or a recorder
	}
	_, _ = buffered.WriteString("HTTP/1.1 ")
	_ = buffered.Flush()
	_ = conn.Close()
}

// writeHalf announces the whole body and sends half of it.
func (res response) writeHalf(w http.ResponseWriter) {
	w.Header().Set("Content-Length", strconv.Itoa(len(res.body)))
	res.writeHeader(w)
	_, _ = w.Write(res.body[:len(res.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
