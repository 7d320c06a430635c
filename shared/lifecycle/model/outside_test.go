package model_test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// outside sends requests from a bubble through goroutines that live outside:
// while one is on its way, no time passes in the bubble, whereas a connection
// of the bubble's own, once idle, would stop its time for good. What crosses is
// plain data, since a bubble's channels must not leave it.
type outside struct {
	free    chan *line
	workers sync.WaitGroup
	lines   []*line
}

// line carries one request at a time.
type line struct {
	requests chan outsideRequest
	answers  chan outsideAnswer
}

type outsideRequest struct {
	method, url string
	header      http.Header
	body        []byte
}

type outsideAnswer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

// newOutside must be called outside of any bubble.
func newOutside(lines int) *outside {
	o := &outside{free: make(chan *line, lines)}
	for range lines {
		l := &line{requests: make(chan outsideRequest), answers: make(chan outsideAnswer)}
		o.lines = append(o.lines, l)
		o.free <- l
		o.workers.Go(func() {
			for request := range l.requests {
				l.answers <- request.send()
			}
		})
	}
	return o
}

func (o *outside) close() {
	for _, l := range o.lines {
		close(l.requests)
	}
	o.workers.Wait()
}

// Do implements the SDK's HTTP client.
func (o *outside) Do(r *http.Request) (*http.Response, error) {
	body, err := readAll(r.Body)
	if err != nil {
		return nil, err
	}
	l := <-o.free
	l.requests <- outsideRequest{r.Method, r.URL.String(), r.Header.Clone(), body}
	answer := <-l.answers
	o.free <- l
	if answer.err != nil {
		return nil, answer.err
	}
	return &http.Response{
		StatusCode: answer.status, Header: answer.header, Request: r,
		Body: io.NopCloser(bytes.NewReader(answer.body)), ContentLength: int64(len(answer.body)),
	}, nil
}

func (r outsideRequest) send() outsideAnswer {
	request, err := http.NewRequest(r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return outsideAnswer{err: err}
	}
	request.Header = r.header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return outsideAnswer{err: err}
	}
	body, err := readAll(response.Body)
	return outsideAnswer{response.StatusCode, response.Header, body, err}
}
