package webextest

import (
	"fmt"
	"net/http"
	"time"
)

func (c *Cloud) controlRelease(_ *http.Request, in struct{ Order []int }) (any, error) {
	replies, err := c.ReleaseActions(in.Order...)
	views := []*replyView{}
	for _, reply := range replies {
		views = append(views, viewReply(reply))
	}
	return views, err
}

func (c *Cloud) controlRotateRefreshTokens(_ *http.Request, in struct{ On bool }) (any, error) {
	c.SetRotateRefreshTokens(in.On)
	return struct{}{}, nil
}

func (c *Cloud) controlSign(_ *http.Request, in struct {
	Region, Alg    string
	Header, Claims map[string]any
}) (any, error) {
	if c.regions[in.Region] == nil {
		return nil, missing("no region %q", in.Region)
	}
	switch in.Alg {
	case "", "ES256":
		return asJWT(c.Sign(in.Region, in.Header, in.Claims), nil)
	case "RS256":
		return asJWT(c.SignRS256(in.Region, in.Header, in.Claims), nil)
	}
	return nil, fmt.Errorf("cannot sign with %q", in.Alg)
}

func (c *Cloud) controlRequests(*http.Request) (any, error) {
	type view struct {
		Request
		Body string `json:"body"`
	}
	views := []view{}
	for _, request := range c.Requests() {
		views = append(views, view{request, string(request.Body)})
	}
	return views, nil
}

// faultView is a fault with its delay in milliseconds.
type faultView struct {
	Fault
	DelayMillis int64 `json:"delayMillis,omitempty"`
}

func (c *Cloud) controlFaults(*http.Request) (any, error) {
	views := []faultView{}
	for _, f := range c.Faults() {
		views = append(views, faultView{f, f.Delay.Milliseconds()})
	}
	return views, nil
}

func (c *Cloud) controlInject(_ *http.Request, in faultView) (any, error) {
	if in.Status != 0 && (in.Status < 200 || in.Status > 599) {
		return nil, fmt.Errorf("status %d", in.Status)
	}
	in.Fault.Delay = time.Duration(in.DelayMillis) * time.Millisecond
	c.Inject(in.Fault)
	return struct{}{}, nil
}
