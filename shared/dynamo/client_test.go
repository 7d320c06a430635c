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
	"signpost/shared/installation/installationtest"
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
		"general endpoint":      {map[string]string{"AWS_ENDPOINT_URL": "here"}, nil, nil},
		"its own endpoint wins": {map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_DYNAMODB": "here"}, nil, nil},
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
			if used, err := dynamo.New(client, "table").Used(t.Context(), installationtest.Key(org), "m", now); used || err != nil {
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

// A request that fails twice is repeated within the shortest time to answer.
func TestClientRepeatsWhatFails(t *testing.T) {
	const throttling = `{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}`
	for failures, wantErr := range []bool{false, false, false, true} {
		s, ops := countingStore(t)
		for range failures {
			ops.answer("GetItem", throttling)
		}
		started := time.Now()
		_, err := s.Used(t.Context(), installationtest.Key(org), "m", now)
		if (err != nil) != wantErr || ops.count("GetItem") != min(failures+1, 3) {
			t.Errorf("%d failures: %v, requests %v", failures, err, ops)
		}
		if took := time.Since(started); took > time.Second {
			t.Errorf("%d failures took %v", failures, took)
		}
	}
}

func TestMissingTableIsNoSentinel(t *testing.T) {
	s, ctx := dynamo.New(dynamo.NewClient(dynamotest.Config(t)), "no-such-table"), t.Context()
	_, _, find := s.Find(ctx, installationtest.Key(org), now)
	_, used := s.Used(ctx, installationtest.Key(org), "m", now)
	_, save := s.Save(ctx, active(org))
	_, commit := s.Commit(ctx, active(org), mark(org, "m"), nil, now)
	_, claim := s.Claim(ctx, installation.Ref{Key: installationtest.Key(org)}, installation.NewLease("me", now), now)
	create := s.Create(ctx, newLaunch(org), region, mark(org, "m"))
	for _, err := range []error{find, used, save, commit, claim, create} {
		wantSentinel(t, err, nil)
	}
	_, _, due := s.Due(ctx, 0, now, "", 1)
	_, count := s.CountDue(ctx, 0, now)
	_, _, take := s.Take(ctx, "id", now)
	if due == nil || count == nil || take == nil {
		t.Errorf("due: %v, count: %v, take: %v", due, count, take)
	}
}
