package webextest

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is a misbehaviour that is injected into the answers to the integration.
//
// A fault with a Status, Body or Redirect answers instead of doing the work,
// unless it loses the reply. Any other lets the work be done and spoils the rest. Where several faults fit a
// request, the one injected first is used.
type Fault struct {
	// Which requests it hits; empty means any.
	Kind   string `json:"kind,omitempty"` // one of the Kind constants
	Method string `json:"method,omitempty"`
	OrgID  string `json:"orgId,omitempty"` // never fits a request for a key set
	Region string `json:"region,omitempty"`

	// Times is how many requests it hits. 0: all, until [Cloud.ClearFaults].
	Times int `json:"times,omitempty"`

	// Until is when it ends by itself, by the cloud's clock; zero is never.
	Until time.Time `json:"until,omitzero"`

	// Status answers with this status instead of doing the work. The body is an
	// error in Webex's form unless Body says otherwise.
	Status int `json:"status,omitempty"`
	// RetryAfter is the Retry-After header, sent with Status 429 [java].
	RetryAfter string `json:"retryAfter,omitempty"`
	// Body and ContentType answer with this body; Status 0 then means 200.
	// ContentType alone labels the answer to the work.
	Body        string `json:"body,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	// Before is sent before the body, such as a byte order mark.
	Before string `json:"before,omitempty"`
	// Redirect answers with this Location; Status 0 then means 307.
	Redirect string `json:"redirect,omitempty"`

	// Delay, in real time, comes before the work; the work is not done if the
	// client hangs up meanwhile. With LoseReply it comes after the work.
	Delay time.Duration `json:"-"`
	// LoseReply does the work, then cuts the connection.
	LoseReply bool `json:"loseReply,omitempty"`
	// Refuse cuts the connection before the work.
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

// Faults are those still to come, with the Times that are left of them.
func (c *Cloud) Faults() []Fault {
	defer c.lock()()
	c.endFaults()
	faults := make([]Fault, len(c.faults))
	for i, f := range c.faults {
		faults[i] = *f
	}
	return faults
}

// endFaults forgets the faults whose time is over. It is called with the lock
// held.
func (c *Cloud) endFaults() {
	now := c.now()
	c.faults = slices.DeleteFunc(c.faults, func(f *Fault) bool { return !f.Until.IsZero() && !now.Before(f.Until) })
}

// takeFault uses up one hit of the first fault that fits the request. Without
// one it returns the zero Fault, which spoils nothing.
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

// respond answers one request, spoiled by f.
func (c *Cloud) respond(w http.ResponseWriter, r *http.Request, f Fault, work func() answer, entry *Request) {
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
	a, canned := f.answer()
	if !canned {
		a = work()
		a.contentType = cmp.Or(f.ContentType, a.contentType)
	}
	a.body = append([]byte(f.Before), a.body...)
	c.setStatus(entry, a.status)
	if f.Truncate {
		a.writeHalf(w)
		return
	}
	a.write(w)
}

// answer is what the fault says instead of the work, if it does.
func (f Fault) answer() (a answer, canned bool) {
	if f.Status == 0 && f.Body == "" && f.Redirect == "" {
		return answer{}, false
	}
	status := f.Status
	switch {
	case status != 0:
	case f.Redirect != "":
		status = http.StatusTemporaryRedirect
	default:
		status = http.StatusOK
	}
	a = webexError(status, http.StatusText(status))
	if f.Body != "" {
		a.body = []byte(f.Body)
	}
	a.contentType = f.ContentType
	a.header = map[string]string{}
	if f.RetryAfter != "" {
		a.header["Retry-After"] = f.RetryAfter
	}
	if f.Redirect != "" {
		a.header["Location"] = f.Redirect
	}
	return a, true
}

// wait reports whether d passed while somebody still waited for the answer.
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

// cut breaks the connection in the middle of the status line. Not before it: Go's
// client silently repeats a GET when a kept-alive connection ends without a byte,
// and the fault would be used up without anybody seeing it.
func cut(w http.ResponseWriter) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, or a recorder: the server's way to cut
	}
	_, _ = buffered.WriteString("HTTP/1.1 ")
	_ = buffered.Flush()
	_ = conn.Close()
}

// writeHalf announces the whole body and sends half of it.
func (a answer) writeHalf(w http.ResponseWriter) {
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	a.writeHeader(w)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
