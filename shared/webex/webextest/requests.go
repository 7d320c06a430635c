package webextest

import "time"

// Request is one request that the integration made.
type Request struct {
	Method      string    `json:"method"`
	Path        string    `json:"path"`
	URL         string    `json:"url"`
	Kind        string    `json:"kind"`  // one of the Kind constants
	OrgID       string    `json:"orgId"` // empty if unknown, and for key sets
	Region      string    `json:"region"`
	Status      int       `json:"status"` // 0 until the response, or if the connection was cut before it
	Time        time.Time `json:"time"`   // of its arrival, by the cloud's clock
	ContentType string    `json:"contentType,omitempty"`
	Body        []byte    `json:"-"` // shared: must not be changed
}

// Requests are the integration's requests in order of arrival, without those to the
// control API.
func (c *Cloud) Requests() []Request {
	defer c.lock()()
	requests := make([]Request, len(c.log))
	for i, r := range c.log {
		requests[i] = *r
	}
	return requests
}

// ResetRequests empties the log.
func (c *Cloud) ResetRequests() {
	defer c.lock()()
	c.log = nil
}

// Count counts the logged requests of a kind and method; an empty one means any.
// Requests that a fault was injected into count as well.
func (c *Cloud) Count(kind, method string) int {
	defer c.lock()()
	n := 0
	for _, r := range c.log {
		if matches(kind, r.Kind) && matches(method, r.Method) {
			n++
		}
	}
	return n
}

// OnRequest sets a function that is called with every request after it is logged
// and before it is handled. It may call the Cloud. Nil removes it.
func (c *Cloud) OnRequest(hook func(Request)) {
	defer c.lock()()
	c.hook = hook
}

// matches reports whether a filter, empty for any, accepts a value.
func matches(filter, value string) bool { return filter == "" || filter == value }
