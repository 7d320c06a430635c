package cloudlogs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"signpost/infra/cloudlogs"
	"signpost/infra/support"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// insights stands for CloudWatch Logs: log groups on two pages, and a query that is
// complete when it is asked for the second time.
func insights(t *testing.T, ends string) *cloudlogs.Source {
	t.Helper()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch _, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); action {
		case "DescribeLogGroups":
			switch {
			case in["logGroupNamePrefix"] != "signpost-prod-":
				fmt.Fprint(w, `{"logGroups":[]}`)
			case in["nextToken"] == nil:
				fmt.Fprint(w, `{"logGroups":[{"logGroupName":"signpost-prod-ActivationLogs-1X"}],"nextToken":"2"}`)
			default:
				fmt.Fprint(w, `{"logGroups":[{"logGroupName":"signpost-prod-VerifyConfigsLogs-2Y"},{"logGroupName":"signpost-prod-eu-VerifyConfigsLogs-3Z"},{"logGroupName":"signpost-prod-other"}]}`)
			}
		case "StartQuery":
			want := map[string]any{
				"logGroupNames": []any{"signpost-prod-ActivationLogs-1X", "signpost-prod-VerifyConfigsLogs-2Y"}, "limit": 500.0,
				"startTime": float64(now.Add(-time.Hour).Unix()), "endTime": float64(now.Unix() + 1),
				"queryString": `fields @timestamp, @log, @message | filter org = "3a6f\"x" | sort @timestamp desc`,
			}
			if diff := cmp.Diff(want, in); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
			fmt.Fprint(w, `{"queryId":"q"}`)
		case "GetQueryResults":
			if asked++; asked == 1 {
				fmt.Fprint(w, `{"status":"Running","results":[]}`)
				return
			}
			fmt.Fprintf(w, `{"status":%q,"results":[
				[{"field":"@timestamp","value":"2026-03-01 11:30:00.250"},{"field":"@log","value":"123456789012:signpost-prod-VerifyConfigsLogs-2Y"},
				 {"field":"@message","value":"{\"level\":\"ERROR\",\"msg\":\"not verified\",\"org\":\"3a6f\",\"status\":500}\n"}],
				[{"field":"@timestamp","value":"2026-03-01 11:20:00.000"},{"field":"@log","value":"123456789012:signpost-prod-ActivationLogs-1X"},
				 {"field":"@message","value":"START RequestId: 1"}]]}`, ends)
		}
	}))
	t.Cleanup(server.Close)
	stack := "signpost-prod"
	if ends == "no groups" {
		stack = "signpost-gone"
	}
	return cloudlogs.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
	}, stack, func() time.Time { return now })
}

func TestLines(t *testing.T) {
	got, err := insights(t, "Complete").Lines(t.Context(), `3a6f"x`, now.Add(-time.Hour))
	want := []support.Line{{At: time.Date(2026, 3, 1, 11, 30, 0, 250_000_000, time.UTC), Source: "VerifyConfigs", Message: "not verified", Tone: "bad", Rest: "status=500"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestFailedQueries(t *testing.T) {
	for ends, want := range map[string]string{"Failed": "query the logs of signpost-prod: the query ended as Failed", "no groups": "find the log groups of signpost-gone: there are none"} {
		if _, err := insights(t, ends).Lines(t.Context(), `3a6f"x`, now.Add(-time.Hour)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", ends, err)
		}
	}
}
