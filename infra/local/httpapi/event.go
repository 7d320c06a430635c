package httpapi

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// event is API Gateway's payload format 2.0.
type event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpContext `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"`
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

func newEvent(r *http.Request, m match, body []byte, id string, now time.Time) []byte {
	domain := hostName(r.Host)
	prefix, _, _ := strings.Cut(domain, ".")
	source := hostName(r.RemoteAddr)
	text, isBase64 := encodeBody(r.Header, body)
	e := event{
		Version:               "2.0",
		RouteKey:              m.route.key(),
		RawPath:               r.URL.Path,
		RawQueryString:        r.URL.RawQuery,
		Cookies:               cookies(r.Header),
		Headers:               headers(r, source),
		QueryStringParameters: queryParameters(r.URL.Query()),
		PathParameters:        m.parameters,
		Body:                  text,
		IsBase64Encoded:       isBase64,
		RequestContext: requestContext{
			AccountID: "123456789012", APIID: "local",
			DomainName: domain, DomainPrefix: prefix,
			RequestID: id, RouteKey: m.route.key(), Stage: "$default",
			Time: now.UTC().Format("02/Jan/2006:15:04:05 +0000"), TimeEpoch: now.UnixMilli(),
			HTTP: httpContext{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto,
				SourceIP: source, UserAgent: r.UserAgent(),
			},
		},
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false) // \u003c would count six bytes towards the limit
	_ = encoder.Encode(e)        // strings and numbers always encode
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}

// hopByHop are headers that API Gateway does not forward; cookies have a
// separate member.
var hopByHop = map[string]bool{
	"Connection": true, "Cookie": true, "Expect": true, "Keep-Alive": true,
	"Proxy-Connection": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true,
}

// headers returns the request's headers, with names in lower case and repeated
// values joined by commas, and those that API Gateway adds.
func headers(r *http.Request, source string) map[string]string {
	result := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		if !hopByHop[name] {
			result[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	forwarded := source
	if before := result["x-forwarded-for"]; before != "" {
		forwarded = before + ", " + source
	}
	result["x-forwarded-for"] = forwarded
	result["x-forwarded-proto"] = "http"
	result["x-forwarded-port"] = "80"
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		result["x-forwarded-port"] = port
	}
	return result
}

func cookies(header http.Header) []string {
	var result []string
	for _, line := range header["Cookie"] {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				result = append(result, cookie)
			}
		}
	}
	return result
}

func queryParameters(query url.Values) map[string]string {
	result := map[string]string{}
	for name, values := range query {
		result[name] = strings.Join(values, ",")
	}
	return result
}

// hostName returns the host of "host:port" or "host".
func hostName(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

// newRequestID returns a random request id in API Gateway's form.
func newRequestID() string {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}
