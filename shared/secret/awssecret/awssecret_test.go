package awssecret_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"signpost/shared/secret"
	"signpost/shared/secret/awssecret"
	"signpost/shared/secret/document"
)

const (
	marker = "s3cr3t-marker"
	id     = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:signpost"
)

// manager is a Secrets Manager with one secret; it returns its environment.
func manager(t *testing.T, answer func(http.ResponseWriter)) map[string]string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ SecretId string }
		if json.NewDecoder(r.Body).Decode(&asked) != nil || asked.SecretId != id ||
			r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" ||
			!strings.Contains(r.Header.Get("Authorization"), "Credential=AKID/") ||
			!strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/secretsmanager/") ||
			r.Header.Get("X-Amz-Security-Token") != "session" {
			t.Errorf("request: %+v, headers %v", asked, r.Header)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		answer(w)
	}))
	t.Cleanup(server.Close)
	return map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "session",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL, "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
	}
}

func TestFetch(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   string
		wrong  string
	}{
		{"string", 200, `{"SecretString":"{\"a\":1}"}`, `{"a":1}`, ""},
		{"binary", 200, `{"SecretBinary":"eyJhIjoxfQ=="}`, `{"a":1}`, ""},
		{"refused", 400, `{"__type":"AccessDeniedException","Message":"` + marker + `"}`, "", "AccessDeniedException"},
		{"not there", 400, `{"__type":"ResourceNotFoundException","Message":"` + marker + `"}`, "", "ResourceNotFoundException"},
		{"redirected", 302, ``, "", "read secret"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			environ := manager(t, func(w http.ResponseWriter) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(test.status)
				w.Write([]byte(test.body))
			})
			fetch, err := awssecret.Fetch(environ, id)
			if err != nil {
				t.Fatal(err)
			}
			got, err := fetch(t.Context())
			if string(got) != test.want || (err != nil) != (test.wrong != "") {
				t.Fatalf("got %s, %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), test.wrong) || !strings.Contains(err.Error(), id) || strings.Contains(err.Error(), marker)) {
				t.Errorf("error: %v", err)
			}
		})
	}
}

func TestFetchNeedsAnEnvironment(t *testing.T) {
	whole := map[string]string{"AWS_REGION": "x", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
	for missing := range whole {
		environ := maps.Clone(whole)
		delete(environ, missing)
		if _, err := awssecret.Fetch(environ, id); err == nil {
			t.Errorf("without %s: no error", missing)
		}
	}
	if _, err := awssecret.Fetch(whole, ""); err == nil {
		t.Error("without an id: no error")
	}
}

func TestOpen(t *testing.T) {
	needs := []document.Part{document.ClientSecret}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))

	literal := document.Location{Needs: needs, JSON: secret.New(`{"clientSecret":"a"}`)}
	source, err := awssecret.Open(t.Context(), nil, literal, func() time.Time { return now }, logger)
	if err != nil || source.Current(t.Context()).ClientSecret.Reveal() != "a" {
		t.Fatalf("literal document: %v", err)
	}

	status := http.StatusOK
	environ := manager(t, func(w http.ResponseWriter) {
		w.WriteHeader(status)
		w.Write([]byte(`{"__type":"AccessDeniedException","SecretString":"{\"clientSecret\":\"` + marker + `\"}"}`))
	})
	source, err = awssecret.Open(t.Context(), environ, document.Location{Needs: needs, ID: id}, func() time.Time { return now }, logger)
	if err != nil {
		t.Fatal(err)
	}
	now, status = now.Add(time.Hour), http.StatusBadRequest
	if source.Current(t.Context()).ClientSecret.Reveal() != marker {
		t.Error("the last good document is gone")
	}
	if !strings.Contains(log.String(), "AccessDenied") || strings.Contains(log.String(), marker) {
		t.Errorf("log: %s", log.String())
	}
	if _, err := awssecret.Open(t.Context(), nil, document.Location{ID: id}, time.Now, logger); err == nil {
		t.Error("opened without an environment")
	}
}
