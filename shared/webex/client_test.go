package webex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/shared/secret"
	"signpost/shared/webex"
)

var bearer = secret.New("access-token")

// serve answers every request with handler and returns its base URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestCallErrorsAreSorted(t *testing.T) {
	tests := map[string]struct {
		answer     http.HandlerFunc
		want       []error
		retryAfter time.Duration
	}{
		"not found":        {status(404, `{"message":"gone"}`), []error{webex.ErrNotFound, webex.ErrRejected}, 0},
		"unauthorized":     {status(401, ``), []error{webex.ErrUnauthorized, webex.ErrRejected}, 0},
		"forbidden":        {status(403, `{}`), []error{webex.ErrRejected}, 0},
		"HTML error":       {status(503, `<html>`), []error{webex.ErrUnavailable}, 0},
		"throttled":        {throttled("17"), []error{webex.ErrUnavailable}, 17 * time.Second},
		"throttled for so": {throttled("99999999999999"), []error{webex.ErrUnavailable}, 24 * time.Hour},
		"throttled badly":  {throttled("soon"), []error{webex.ErrUnavailable}, 0},
		"truncated JSON":   {status(200, `{"signageUrl":`), []error{webex.ErrUnavailable}, 0},
		"too large":        {status(200, `{"a":"`+strings.Repeat("a", 1<<20)+`"}`), []error{webex.ErrUnavailable}, 0},
		"cut":              {cut, []error{webex.ErrUnavailable}, 0},
	}
	all := []error{webex.ErrNotFound, webex.ErrUnauthorized, webex.ErrRejected, webex.ErrUnavailable, webex.ErrInvalidGrant, webex.ErrInvalidClient}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := webex.NewClient(nil).GetConfig(t.Context(), webex.DigitalSignage, serve(t, test.answer), bearer)
			for _, sentinel := range all {
				if want := slices.Contains(test.want, sentinel); errors.Is(err, sentinel) != want {
					t.Errorf("%v is %q: want %v", err, sentinel, want)
				}
			}
			if got := webex.RetryAfter(err); got != test.retryAfter {
				t.Errorf("retry after %v, want %v", got, test.retryAfter)
			}
			if strings.Contains(fmt.Sprint(err), bearer.Reveal()) || strings.Contains(fmt.Sprint(err), "127.0.0.1") {
				t.Errorf("error shows a secret or a body: %v", err)
			}
		})
	}
}

// Every form of answer that stores no configuration is recognized, and a stored one
// is read in every form.
func TestGetConfig(t *testing.T) {
	const full = `{"signageUrl":"https://s","crossLaunch":{"assignContent":{"url":"https://a"},"manageContent":{"url":"https://m"}}}`
	stored := webex.FeatureConfig{Feature: webex.DigitalSignage, DeviceURL: "https://s", AssignContentURL: "https://a", ManageContentURL: "https://m"}
	content := func(url string) webex.FeatureConfig {
		return webex.FeatureConfig{Feature: webex.DigitalSignage, DeviceURL: url}
	}
	tests := map[string]struct {
		status int
		body   string
		want   webex.FeatureConfig
		err    error
	}{
		"stored":                  {200, full, stored, nil},
		"behind a mark":           {200, "\ufeff" + full, stored, nil},
		"names in another case":   {200, strings.NewReplacer("signageUrl", "SignageURL", "crossLaunch", "crosslaunch", "assignContent", "AssignContent", `"url"`, `"URL"`).Replace(full), stored, nil},
		"exact name before other": {200, `{"SIGNAGEURL":"https://x","signageUrl":"https://s","signageURL":"https://y"}`, content("https://s"), nil},
		"odd unused members":      {200, full[:len(full)-1] + `,"pwaUrl":7,"directXapiAccessAllowListOverride":[],"version":{"a":1}}`, stored, nil},
		"odd launches":            {200, `{"signageUrl":"https://s","crossLaunch":[]}`, content("https://s"), nil},
		"odd link":                {200, `{"signageUrl":"https://s","crossLaunch":{"assignContent":"x","manageContent":{"url":7}}}`, content("https://s"), nil},
		"odd address":             {200, `{"signageUrl":{"href":"https://s"}}`, content(""), nil},
		"empty address":           {200, `{"signageUrl":""}`, content(""), nil},
		"204":                     {204, "", webex.FeatureConfig{}, webex.ErrNotFound},
		"404":                     {404, "{}", webex.FeatureConfig{}, webex.ErrNotFound},
		"410":                     {410, "{}", webex.FeatureConfig{}, webex.ErrNotFound},
		"nothing":                 {200, "", webex.FeatureConfig{}, webex.ErrNotFound},
		"white space":             {200, " \r\n", webex.FeatureConfig{}, webex.ErrNotFound},
		"a mark":                  {200, "\ufeff", webex.FeatureConfig{}, webex.ErrNotFound},
		"null":                    {200, "null", webex.FeatureConfig{}, webex.ErrNotFound},
		"an empty object":         {200, "{}", webex.FeatureConfig{}, webex.ErrNotFound},
		"null for the address":    {200, `{"signageUrl":null}`, webex.FeatureConfig{}, webex.ErrNotFound},
		"no address":              {200, `{"crossLaunch":{}}`, webex.FeatureConfig{}, webex.ErrNotFound},
		"the other's address":     {200, `{"pwaUrl":"https://p"}`, webex.FeatureConfig{}, webex.ErrNotFound},
		"cut short":               {200, full[:len(full)-1], webex.FeatureConfig{}, webex.ErrUnavailable},
		"cut before the address":  {200, `{"version":2`, webex.FeatureConfig{}, webex.ErrUnavailable},
		"a list":                  {200, "[]", webex.FeatureConfig{}, webex.ErrUnavailable},
		"a page":                  {200, "<html>", webex.FeatureConfig{}, webex.ErrUnavailable},
		"forbidden":               {403, "", webex.FeatureConfig{}, webex.ErrRejected},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := webex.NewClient(nil).GetConfig(t.Context(), webex.DigitalSignage, serve(t, status(test.status, test.body)), bearer)
			if got != test.want || !errors.Is(err, test.err) || (test.err == webex.ErrUnavailable && errors.Is(err, webex.ErrNotFound)) {
				t.Errorf("got %+v, %v; want %+v, %v", got, err, test.want, test.err)
			}
		})
	}
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

func throttled(retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Mon, 04 May 2026 12:00:00 GMT")
		w.Header().Set("Retry-After", retryAfter)
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"17": 17 * time.Second, " 17 ": 17 * time.Second, "1.5": 1500 * time.Millisecond, "0.25": 250 * time.Millisecond, "1e2": 100 * time.Second,
		"99999999999999": 24 * time.Hour, "1e300": 24 * time.Hour, "1e999": 0, "Inf": 24 * time.Hour, "NaN": 0,
		"0": 0, "-5": 0, "soon": 0, "": 0,
		"Mon, 04 May 2026 12:00:30 GMT": 30 * time.Second, "Monday, 04-May-26 12:01:00 GMT": time.Minute, "Mon May  4 13:00:00 2026": time.Hour,
		"Tue, 04 May 2027 12:00:00 GMT": 24 * time.Hour, "Mon, 04 May 2026 11:59:00 GMT": 0, "Mon, 04 May 2026": 0,
	} {
		_, err := webex.NewClient(nil).GetApp(t.Context(), serve(t, throttled(value)), bearer)
		if got := webex.RetryAfter(err); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
	// Without a Date there is no clock to compare with.
	_, err := webex.NewClient(nil).GetApp(t.Context(), serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		w.Header().Set("Retry-After", "Mon, 04 May 2026 12:00:30 GMT")
		w.WriteHeader(http.StatusServiceUnavailable)
	}), bearer)
	if got := webex.RetryAfter(err); got != 0 {
		t.Errorf("a date without a Date: %v", got)
	}
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestCredentialsFollowNoRedirect(t *testing.T) {
	stolen := 0
	thief := serve(t, func(http.ResponseWriter, *http.Request) { stolen++ })
	host := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief, http.StatusTemporaryRedirect) })
	client := webex.NewClient(nil)
	credentials := webex.Credentials{ClientID: "id", ClientSecret: secret.New("client-secret")}
	_, getErr := client.GetApp(t.Context(), host, bearer)
	_, tokenErr := client.Exchange(t.Context(), host, credentials, secret.New("refresh"))
	for _, err := range []error{getErr, tokenErr, client.PutConfig(t.Context(), host, bearer, webex.FeatureConfig{Feature: webex.DigitalSignage})} {
		if !errors.Is(err, webex.ErrRejected) {
			t.Errorf("redirect: error = %v, want ErrRejected", err)
		}
	}
	if stolen != 0 {
		t.Errorf("%d requests followed the redirect", stolen)
	}
}

func TestPutKeepsReplacementValuesByteForByte(t *testing.T) {
	var body, contentType string
	host := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body, contentType = string(raw), r.Header.Get("Content-Type")
	})
	config := webex.FeatureConfig{
		Feature: webex.PersistentWebApp, DeviceURL: "https://pwa.example.com/?d=$(deviceId)&n=$(deviceName)<",
		AssignContentURL: "https://a.example.com/a", ManageContentURL: "https://a.example.com/m", XAPIAllowList: "*.example.com",
	}
	if err := webex.NewClient(nil).PutConfig(t.Context(), host, bearer, config); err != nil {
		t.Fatal(err)
	}
	want := `{"crossLaunch":{"assignContent":{"url":"https://a.example.com/a"},"manageContent":{"url":"https://a.example.com/m"}},` +
		`"directXapiAccessAllowListOverride":"*.example.com",` +
		`"pwaUrl":"https://pwa.example.com/?d=$(deviceId)&n=$(deviceName)<"}` + "\n"
	if body != want || contentType != "application/json" {
		t.Errorf("body = %s (%s)\nwant  %s", body, contentType, want)
	}
}

func TestExchange(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		want   webex.Tokens
		err    error
	}{
		"all": {
			status(200, `{"access_token":"a","expires_in":64800,"refresh_token":"new","refresh_token_expires_in":7776000}`),
			webex.Tokens{Access: secret.New("a"), AccessLife: 18 * time.Hour, Refresh: secret.New("new"), RefreshLife: 90 * 24 * time.Hour}, nil,
		},
		"same refresh token": {
			status(200, `{"access_token":"a","expires_in":60,"refresh_token":"refresh"}`),
			webex.Tokens{Access: secret.New("a"), AccessLife: time.Minute}, nil,
		},
		"empty and missing": {status(200, `{"access_token":"a","refresh_token":""}`), webex.Tokens{Access: secret.New("a")}, nil},
		"empty life": {
			status(200, `{"access_token":"a","expires_in":"","refresh_token":"new","refresh_token_expires_in":""}`),
			webex.Tokens{Access: secret.New("a"), Refresh: secret.New("new")}, nil,
		},
		"no life at all": {
			status(200, `{"access_token":"a","expires_in":{"x":[]},"refresh_token":"new","refresh_token_expires_in":null}`),
			webex.Tokens{Access: secret.New("a"), Refresh: secret.New("new")}, nil,
		},
		"life as a fraction": {status(200, `{"access_token":"a","expires_in":60.5}`), webex.Tokens{Access: secret.New("a"), AccessLife: time.Minute}, nil},
		"life as text":       {status(200, `{"access_token":"a","expires_in":"60"}`), webex.Tokens{Access: secret.New("a"), AccessLife: time.Minute}, nil},
		"negative life":      {status(200, `{"access_token":"a","expires_in":-5,"refresh_token_expires_in":-1}`), webex.Tokens{Access: secret.New("a")}, nil},
		"no access token":    {status(200, `{}`), webex.Tokens{}, webex.ErrUnavailable},
		"truncated":          {status(200, `{"access_tok`), webex.Tokens{}, webex.ErrUnavailable},
		"dead refresh token": {status(400, `{"error":"invalid_grant"}`), webex.Tokens{}, webex.ErrInvalidGrant},
		"wrong client":       {status(401, `{"error":"invalid_client"}`), webex.Tokens{}, webex.ErrInvalidClient},
		"HTML 400":           {status(400, `<html>`), webex.Tokens{}, webex.ErrRejected},
		"server error":       {status(500, `{"error":"invalid_grant"}`), webex.Tokens{}, webex.ErrUnavailable},
		"throttled":          {throttled("3"), webex.Tokens{}, webex.ErrUnavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var form string
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				raw, _ := io.ReadAll(r.Body)
				form = string(raw)
				test.answer(w, r)
			})
			credentials := webex.Credentials{ClientID: "id", ClientSecret: secret.New("client-secret")}
			got, err := webex.NewClient(nil).Exchange(t.Context(), url, credentials, secret.New("refresh"))
			if !errors.Is(err, test.err) || (test.err == webex.ErrUnavailable && errors.Is(err, webex.ErrInvalidGrant)) || !sameTokens(got, test.want) {
				t.Errorf("got %+v (%q), %v; want %+v, %v", got, got.Access.Reveal(), err, test.want, test.err)
			}
			if want := "client_id=id&client_secret=client-secret&grant_type=refresh_token&refresh_token=refresh"; form != want {
				t.Errorf("form = %q, want %q", form, want)
			}
			if text := fmt.Sprint(err); strings.Contains(text, "client-secret") || strings.Contains(text, "<html>") {
				t.Errorf("error shows a secret or a body: %v", err)
			}
		})
	}
}

// A refused exchange blames the refresh token, our client, or neither.
func TestRefusedExchanges(t *testing.T) {
	const usual = `{"message":"The request could not be understood.","errors":[{"description":"no"}],"trackingId":"x"}`
	tests := map[string]struct {
		status int
		body   string
		code   string
		want   error // of sorts, nil for none
	}{
		"dead token":        {400, `{"error":"invalid_grant"}`, "invalid_grant", webex.ErrInvalidGrant},
		"dead token by 401": {401, `{"error":"invalid_grant"}`, "invalid_grant", webex.ErrInvalidGrant},
		"wrong secret":      {401, `{"error":"invalid_client"}`, "invalid_client", webex.ErrInvalidClient},
		"wrong secret, 400": {400, `{"error":"invalid_client"}`, "invalid_client", webex.ErrInvalidClient},
		"wrong client":      {400, `{"error":"unauthorized_client"}`, "unauthorized_client", webex.ErrInvalidClient},
		"usual 401":         {401, usual, "invalid_client", webex.ErrInvalidClient},
		"empty 401":         {401, "", "invalid_client", webex.ErrInvalidClient},
		"wrong grant type":  {400, `{"error":"unsupported_grant_type"}`, "unsupported_grant_type", nil},
		"usual 400":         {400, usual, "", webex.ErrGrantRejected},
		"empty 400":         {400, "", "", webex.ErrGrantRejected},
		"unknown code":      {400, `{"error":"token_gone"}`, "", webex.ErrGrantRejected},
		"invalid request":   {400, `{"error":"invalid_request"}`, "invalid_request", webex.ErrGrantRejected},
		"invalid scope":     {400, `{"error":"invalid_scope"}`, "invalid_scope", webex.ErrGrantRejected},
		"forbidden":         {403, usual, "", nil},
		"unavailable":       {503, `{"error":"invalid_grant"}`, "", nil},
	}
	sorts := []error{webex.ErrInvalidGrant, webex.ErrInvalidClient, webex.ErrGrantRejected, webex.ErrUnauthorized}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := webex.NewClient(nil).Exchange(t.Context(), serve(t, status(test.status, test.body)), webex.Credentials{ClientID: "id"}, secret.New("refresh"))
			for _, sort := range sorts {
				if errors.Is(err, sort) != (sort == test.want) {
					t.Errorf("%v is %q: %v", err, sort, errors.Is(err, sort))
				}
			}
			if failure, ok := errors.AsType[*webex.APIError](err); !ok || failure.Status != test.status || failure.Code != test.code {
				t.Errorf("error = %+v", failure)
			}
		})
	}
	// A partial refusal does not count against the token.
	half := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":"invalid_grant","error_desc`)
	})
	if _, err := webex.NewClient(nil).Exchange(t.Context(), half, webex.Credentials{ClientID: "id"}, secret.New("refresh")); errors.Is(err, webex.ErrInvalidGrant) || !errors.Is(err, webex.ErrGrantRejected) {
		t.Errorf("half a refusal: %v", err)
	}
	if err := (&webex.APIError{Op: "PATCH app", Status: 400}); errors.Is(err, webex.ErrGrantRejected) {
		t.Errorf("%v is about a token", err)
	}
}

func sameTokens(a, b webex.Tokens) bool {
	return a.Access.Equal(b.Access) && a.Refresh.Equal(b.Refresh) && a.AccessLife == b.AccessLife && a.RefreshLife == b.RefreshLife
}

func TestCallsEndWithTheirContext(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{})
	url := serve(t, func(http.ResponseWriter, *http.Request) { close(arrived); <-release })
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err := webex.NewClient(nil).GetApp(ctx, url, bearer)
	if !errors.Is(err, webex.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}

func TestDeleteOfWhatIsGone(t *testing.T) {
	for _, code := range []int{200, 204, 404, 410} {
		if err := webex.NewClient(nil).DeleteConfig(t.Context(), webex.DigitalSignage, serve(t, status(code, ``)), bearer); err != nil {
			t.Errorf("%d: error = %v, want none", code, err)
		}
	}
}

func TestRetryAfterIsTheLongest(t *testing.T) {
	wish := func(d time.Duration) error {
		return fmt.Errorf("call: %w", &webex.APIError{Status: 429, RetryAfter: d})
	}
	tests := map[string]struct {
		err  error
		want time.Duration
	}{
		"none":        {nil, 0},
		"other":       {errors.New("other"), 0},
		"one":         {wish(time.Minute), time.Minute},
		"joined":      {errors.Join(wish(0), nil, errors.New("other"), fmt.Errorf("all: %w", errors.Join(wish(time.Second), wish(time.Hour)))), time.Hour},
		"two wrapped": {fmt.Errorf("%w: %w", wish(0), wish(time.Minute)), time.Minute},
	}
	for name, test := range tests {
		if got := webex.RetryAfter(test.err); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
