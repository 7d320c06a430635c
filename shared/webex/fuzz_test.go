package webex_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"signpost/shared/webex"
)

// FuzzVerify: only tokens whose signed part the cloud signed are accepted.
func FuzzVerify(f *testing.F) {
	b := newBench(f)
	b.setClock(time.Now().Truncate(time.Second))
	signed := map[string]bool{}
	seed := func(token string) string {
		signed[token[:strings.LastIndexByte(token, '.')]] = true
		f.Add(token)
		return token
	}
	good := seed(b.good())
	for _, name := range slices.Sorted(maps.Keys(claimsTests)) {
		seed(b.cloud.Sign(home, nil, claimsTests[name].claims(b)))
	}
	for _, name := range slices.Sorted(maps.Keys(signatureTests)) {
		if token := signatureTests[name].token(f, b); signatureTests[name].want == nil {
			seed(token)
		} else {
			f.Add(token)
		}
	}
	for _, token := range []string{"a.b.c", "..", good + ".", good + "=", "\n" + good, b.withHeader("HS256", ""), b.withPart(1, []byte(`{"sub":"a","SUB":"b"}`))} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := b.Verify(t.Context(), raw, anyAction...)
		explained := b.Explain(t.Context(), raw)
		clean := true
		for _, finding := range explained.Findings {
			clean = clean && finding.Made && finding.Err == nil
		}
		// The action depends on the route and is not among the findings.
		if (err == nil) != clean && !errors.Is(err, webex.ErrWrongAction) {
			t.Errorf("Verify says %v, the explanation %+v", err, explained.Findings)
		}
		if err != nil {
			return
		}
		if !signed[raw[:strings.LastIndexByte(raw, '.')]] {
			t.Errorf("accepted what was not signed: %q", raw)
		}
		// An independent parser reads the same subject.
		var claims jwt.MapClaims
		if _, _, err := jwt.NewParser().ParseUnverified(raw, &claims); err != nil || claims["sub"] != token.Subject {
			t.Errorf("read %q, another parser %q (%v)", token.Subject, claims["sub"], err)
		}
	})
}

// FuzzURLTrust: Go's own HTTP client would call a trusted URL on a trusted host with
// TLS on its default port, or on this machine.
func FuzzURLTrust(f *testing.F) {
	hosts, err := webex.ParseHosts("127.0.0.1,"+webex.DefaultHosts, true)
	if err != nil {
		f.Fatal(err)
	}
	for _, url := range slices.Sorted(maps.Keys(urlTests)) {
		f.Add(url)
	}
	for _, url := range []string{"https://a.wbx2.com.", "https://%77bx2.com", "https:///webexapis.com", "https://ẃbx2.com"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		trusted, forSecret := hosts.CheckURL(raw) == nil, hosts.CheckOAuthURL(raw) == nil
		if forSecret && !trusted {
			t.Errorf("%q may have the client secret but is not trusted", raw)
		}
		if !trusted {
			return
		}
		request, err := http.NewRequest(http.MethodGet, raw, nil)
		if err != nil {
			t.Fatalf("%q is trusted and cannot be requested: %v", raw, err)
		}
		host := strings.ToLower(request.URL.Hostname())
		local := host == "127.0.0.1"
		named := host == "webexapis.com" || host == "webexapis-usgov.webex.com" || hasLabelBelow(host, "webexapis.com") || hasLabelBelow(host, "wbx2.com") || hasLabelBelow(host, "ciscospark.com")
		tls := request.URL.Scheme == "https" && (request.URL.Port() == "" || request.URL.Port() == "443")
		if !local && (!named || !tls) || request.URL.User != nil {
			t.Errorf("%q is trusted and leads to %q by %s", raw, request.URL.Host, request.URL.Scheme)
		}
		if forSecret && !local && host != "webexapis.com" && host != "webexapis-usgov.webex.com" && !hasLabelBelow(host, "webexapis.com") {
			t.Errorf("%q would get the client secret", raw)
		}
	})
}

func hasLabelBelow(host, parent string) bool {
	label, found := strings.CutSuffix(host, "."+parent)
	return found && label != "" && !strings.HasPrefix(label, ".") && !strings.ContainsAny(label, "/\\@:#?%")
}

// FuzzConfigComparison: any configuration equals what is read back after a PUT, in
// both directions, and no other.
func FuzzConfigComparison(f *testing.F) {
	f.Add("https://s.example.com/?d=$(deviceId)&n=<b>", "https://a", "https://m", "")
	f.Add("https://pwa.example.com/%24%28deviceId%29", "", "", "*.example.com")
	f.Add("$($($(", "\u2028", "\x00", "\\u003c")
	f.Fuzz(func(t *testing.T, content, assign, manage, allow string) {
		for _, feature := range webex.Features {
			config := webex.FeatureConfig{Feature: feature, DeviceURL: content, AssignContentURL: assign, ManageContentURL: manage}
			if feature == webex.PersistentWebApp {
				config.XAPIAllowList = allow
			}
			stored, ok := throughJSON(t, config)
			if !ok {
				continue // not UTF-8: JSON cannot carry it, and settings refuse it
			}
			if !config.Equal(stored) || !stored.Equal(config) || !config.Equal(config) {
				t.Errorf("%+v is read back as %+v and differs", config, stored)
			}
			other := stored
			other.DeviceURL += "x"
			if config.Equal(other) || other.Equal(config) {
				t.Errorf("%+v equals %+v", config, other)
			}
		}
	})
}

// throughJSON stores config at a server that adds fields, and reads it back. It
// returns false if config is not UTF-8.
func throughJSON(t *testing.T, config webex.FeatureConfig) (webex.FeatureConfig, bool) {
	t.Helper()
	transport := &memory{t: t}
	client := webex.NewClient(transport)
	if err := client.PutConfig(t.Context(), "https://webexapis.com/c", bearer, config); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(transport.stored) {
		t.Fatalf("PUT no JSON: %q", transport.stored)
	}
	for _, text := range []string{config.DeviceURL, config.AssignContentURL, config.ManageContentURL, config.XAPIAllowList} {
		if strings.ToValidUTF8(text, "") != text {
			return webex.FeatureConfig{}, false
		}
	}
	stored, err := client.GetConfig(t.Context(), config.Feature, "https://webexapis.com/c", bearer)
	if err != nil {
		t.Fatal(err)
	}
	return stored, true
}

// memory is a server that stores one document and returns it with another field.
type memory struct {
	t      *testing.T
	stored []byte
}

func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := []byte("{}")
	if r.Method == http.MethodPut {
		m.stored, _ = io.ReadAll(r.Body)
	} else {
		var document map[string]any
		if err := json.Unmarshal(m.stored, &document); err != nil {
			m.t.Fatal(err)
		}
		document["lastModified"] = "2026-05-04T12:00:00Z"
		answer, _ = json.Marshal(document)
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(answer)), Request: r}, nil
}
