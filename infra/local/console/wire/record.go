package wire

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"time"
)

// maxBody bounds recorded bodies, in bytes; it is the simulator's own limit.
const maxBody = 1 << 20

// Client returns a client that records what Webex sends. A nil base means a
// time limit of 15 s and no redirects.
func (l *Log) Client(base *http.Client) *http.Client {
	client := http.Client{
		Timeout:       15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if base != nil {
		client = *base
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = &transport{log: l, next: client.Transport}
	return &client
}

type transport struct {
	log  *Log
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
		r = r.Clone(r.Context()) // RoundTrip must not change its request
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	e := t.log.begin(&Exchange{
		FromWebex: true, OrgID: orgOfToken(sent), Method: r.Method, URL: redactText(r.URL.String()),
		Request: message(r.Header, sent),
	})
	response, err := t.next.RoundTrip(r)
	if err != nil {
		t.log.end(e, 0, "no response: "+redactText(err.Error()), Message{})
		return nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	failure := ""
	if err != nil {
		failure = "the response was cut off"
	}
	t.log.end(e, response.StatusCode, failure, message(response.Header, answer))
	response.Body = body{io.MultiReader(bytes.NewReader(answer), failing{err}, response.Body), response.Body}
	return response, nil
}

// body reads what was recorded, and the rest.
type body struct {
	io.Reader
	io.Closer
}

// failing is a reader that returns its error, or io.EOF if it is nil.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

// Handler records the requests to Webex.
func (l *Log) Handler(webex http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(io.LimitReader(r.Body, maxBody)) // the handler gets the error when it reads on
		r.Body = body{io.MultiReader(bytes.NewReader(sent), r.Body), r.Body}
		e := l.begin(&Exchange{
			OrgID: l.orgOfRequest(r, sent), Method: r.Method, URL: redactText("http://" + r.Host + r.URL.RequestURI()),
			Request: message(r.Header, sent),
		})
		answer := &recorder{ResponseWriter: w}
		whole := false
		defer func() { // also when the handler panics to close the connection
			l.end(e, answer.status, answer.failure(r, whole), message(w.Header(), answer.body.Bytes()))
		}()
		webex.ServeHTTP(answer, r)
		whole = true
	})
}

var orgInPath = regexp.MustCompile(`/organizations/([^/]+)/`)

// orgOfRequest finds the organization of a request by its path or by the
// refresh token that it exchanges.
func (l *Log) orgOfRequest(r *http.Request, body []byte) string {
	if match := orgInPath.FindStringSubmatch(r.URL.Path); match != nil {
		return match[1]
	}
	if token := parameters(r.Header.Get("Content-Type"), body).Get("refresh_token"); token != "" {
		return l.orgOf(token)
	}
	return ""
}

// recorder keeps a copy of the response, up to maxBody.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// Unwrap lets the handler cut the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements [io.Writer].
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if room := maxBody - r.body.Len(); room > 0 {
		r.body.Write(b[:min(room, len(b))])
	}
	return r.ResponseWriter.Write(b)
}

// failure says why the response is incomplete, "" if it is not.
func (r *recorder) failure(request *http.Request, whole bool) string {
	switch {
	case r.status != 0 && whole:
		return ""
	case r.status != 0:
		return "the response was cut off"
	case request.Context().Err() != nil:
		return "Signpost stopped waiting for it"
	default:
		return "the connection was cut"
	}
}
