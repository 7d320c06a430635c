package smoke

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// target is the deployment.
type target struct {
	base     *url.URL
	loopback bool
	client   *http.Client
	// unreachable is set by the first request without a response.
	unreachable bool
}

func newTarget(address string) (*target, error) {
	base, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("%q is not an address", address)
	}
	ip := net.ParseIP(base.Hostname())
	loopback := base.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if base.Scheme != "https" && !loopback {
		return nil, fmt.Errorf("%q is not an https address", address)
	}
	return &target{base: base, loopback: loopback, client: &http.Client{Timeout: 15 * time.Second, CheckRedirect: noRedirect}}, nil
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (t *target) send(ctx context.Context, method, path, accept, body string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, t.base.String()+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Accept", accept)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := t.client.Do(request)
	if err != nil {
		t.unreachable = true
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return answer{response.StatusCode, response.Header, string(text)}, err
}

// check is one check. Its error is a [skipped] if it does not apply.
type check struct {
	name string
	do   func(context.Context, *target) error
}

// skipped is the reason why a check was skipped.
type skipped string

func (s skipped) Error() string { return string(s) }

var checks = []check{
	{"the activation page answers, with security headers", page},
	{"a forged activation code is refused", forged("/activation")},
	{"a forged management action is refused", forged("/actions")},
	{"a forged cross-launch is refused", forged("/crossLaunch/digital_signage/assignContent")},
	{"a launch is refused without the content API key", withoutKey},
	{"unknown routes are not found", unknownRoutes},
	{"plain HTTP is not answered", plainHTTP},
	{"TLS below 1.2 is refused", oldTLS},
}

// headers are those of every response, and a part of their values; packages gateway
// and page set them.
var headers = map[string]string{
	"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
	"Strict-Transport-Security": "max-age=", "Content-Security-Policy": "frame-ancestors 'none'",
}

func secured(a answer) error {
	var problems []error
	for name, want := range headers {
		if got := a.header.Get(name); !strings.Contains(got, want) {
			problems = append(problems, fmt.Errorf("%s is %q, without %q", name, got, want))
		}
	}
	return errors.Join(problems...)
}

func page(ctx context.Context, t *target) error {
	a, err := t.send(ctx, http.MethodGet, "/activation", "text/html", "")
	if err != nil {
		return err
	}
	if a.status != http.StatusOK || !strings.Contains(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.body, "<form") {
		return fmt.Errorf("it answers %d %s", a.status, a.header.Get("Content-Type"))
	}
	return secured(a)
}

// forged posts a well-formed token that is signed with a random key instead of
// Webex's.
func forged(path string) func(context.Context, *target) error {
	return func(ctx context.Context, t *target) error {
		token, err := forge(time.Now())
		if err != nil {
			return err
		}
		a, err := t.send(ctx, http.MethodPost, path, "application/json", `{"jwt":"`+token+`"}`)
		if err != nil {
			return err
		}
		var problem struct{ Code string }
		if err := json.Unmarshal([]byte(a.body), &problem); err != nil {
			return fmt.Errorf("it answers %d without a code", a.status)
		}
		if a.status != http.StatusUnauthorized || problem.Code != "bad_signature" && problem.Code != "unknown_key" {
			return fmt.Errorf("it answers %d %s instead of 401 bad_signature or unknown_key", a.status, problem.Code)
		}
		return secured(a)
	}
}

func forge(now time.Time) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"sub": "smoke", "appId": "00000000-0000-4000-8000-000000000000", "jti": rand.Text(), "iat": now.Unix(), "action": "provision",
	})
	token.Header["kid"] = "forged-" + rand.Text()
	return token.SignedString(key)
}

func withoutKey(ctx context.Context, t *target) error {
	a, err := t.send(ctx, http.MethodPost, "/launches/smoke", "application/json", "{}")
	if err == nil && a.status != http.StatusUnauthorized {
		err = fmt.Errorf("it answers %d instead of 401", a.status)
	}
	return err
}

func unknownRoutes(ctx context.Context, t *target) error {
	for _, route := range [][2]string{{"GET", "/"}, {"GET", "/actions"}, {"DELETE", "/activation"}, {"POST", "/nothing/here"}} {
		a, err := t.send(ctx, route[0], route[1], "application/json", "")
		if err != nil {
			return err
		}
		if a.status != http.StatusNotFound {
			return fmt.Errorf("%s %s answers %d", route[0], route[1], a.status)
		}
	}
	return nil
}
