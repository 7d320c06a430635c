package dynamo_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
)

func TestOpen(t *testing.T) {
	tests := map[string]struct {
		environment map[string]string
		faults      []string
		auth        []string // of a request's headers
	}{
		"endpoint alone": {
			map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": "here"}, nil,
			[]string{"Credential=local/", "/us-east-1/dynamodb/"},
		},
		"general endpoint": {
			map[string]string{"AWS_ENDPOINT_URL": "here"}, nil, nil,
		},
		"its own endpoint wins": {
			map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_DYNAMODB": "here"}, nil, nil,
		},
		"as on Lambda": {
			map[string]string{
				"AWS_ENDPOINT_URL_DYNAMODB": "here", "AWS_REGION": "eu-central-1",
				"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session",
			}, nil,
			[]string{"Credential=AKID/", "/eu-central-1/dynamodb/", "x-amz-security-token"},
		},
		"nothing":     {nil, []string{"AWS_REGION", "AWS_ACCESS_KEY_ID"}, nil},
		"no secret":   {map[string]string{"AWS_REGION": "r", "AWS_ACCESS_KEY_ID": "AKID"}, []string{"AWS_SECRET_ACCESS_KEY"}, nil},
		"no URL":      {map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": "localhost:8000"}, []string{"AWS_ENDPOINT_URL_DYNAMODB"}, nil},
		"strange URL": {map[string]string{"AWS_ENDPOINT_URL": "ftp://localhost"}, []string{"AWS_ENDPOINT_URL"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var auth string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				auth = r.Header.Get("Authorization")
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.Write([]byte("{}"))
			}))
			defer server.Close()
			for name, value := range test.environment {
				if value == "here" {
					test.environment[name] = server.URL
				}
			}
			client, err := dynamo.Open(test.environment)
			if (err != nil) != (test.faults != nil) {
				t.Fatalf("error = %v, want %v", err, test.faults)
			}
			for _, fault := range test.faults {
				if !strings.Contains(err.Error(), fault) {
					t.Errorf("error %v does not name %s", err, fault)
				}
			}
			if err != nil {
				return
			}
			if used, err := dynamo.New(client, "table").Used(t.Context(), org, "m", now); used || err != nil {
				t.Errorf("used %v: %v", used, err)
			}
			for _, part := range append(test.auth, "Signature=") {
				if !strings.Contains(auth, part) {
					t.Errorf("Authorization %q lacks %q", auth, part)
				}
			}
		})
	}
}

// Two failures are survived, within the budget of the narrowest answer.
func TestClientRepeatsWhatFails(t *testing.T) {
	const trouble = `{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}`
	for failures, wantErr := range []bool{false, false, false, true} {
		s, ops := countingStore(t)
		for range failures {
			ops.answer("GetItem", trouble)
		}
		started := time.Now()
		_, err := s.Used(t.Context(), org, "m", now)
		if (err != nil) != wantErr || ops.count("GetItem") != min(failures+1, 3) {
			t.Errorf("%d failures: %v, requests %v", failures, err, ops)
		}
		if took := time.Since(started); took > time.Second {
			t.Errorf("%d failures took %v", failures, took)
		}
	}
}

func TestMissingTableIsTheStoresTrouble(t *testing.T) {
	s := dynamo.New(dynamo.NewClient(dynamotest.Config(t)), "no-such-table")
	_, _, err := s.Find(t.Context(), org, now)
	wantSentinel(t, err, nil)
	_, err = s.Used(t.Context(), org, "m", now)
	wantSentinel(t, err, nil)
	_, err = s.Save(t.Context(), active(org))
	wantSentinel(t, err, nil)
	_, err = s.Commit(t.Context(), active(org), mark(org, "m"), nil, now)
	wantSentinel(t, err, nil)
	_, err = s.Claim(t.Context(), installation.Ref{OrgKey: org}, installation.NewLease("me", now), now)
	wantSentinel(t, err, nil)
	wantSentinel(t, s.Create(t.Context(), newLaunch(org), region, mark(org, "m")), nil)
	if _, _, err = s.Due(t.Context(), 0, now, "", 1); err == nil {
		t.Error("listed what is due")
	}
	if _, err = s.CountDue(t.Context(), 0, now); err == nil {
		t.Error("counted what is due")
	}
	if _, _, err = s.Take(t.Context(), "id", now); err == nil {
		t.Error("took a launch")
	}
}
