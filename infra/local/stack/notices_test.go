package stack_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
	"signpost/shared/version"
)

// delivered is what EventBridge delivers of an event.
type delivered struct {
	Version, ID, Source, Account, Region string
	DetailType                           string `json:"detail-type"`
	Time                                 time.Time
	Resources                            []string
	Detail                               json.RawMessage
}

// TestEvents: the events for the vendor's bus are logged, kept to be read, and delivered
// to an address, which is tried again after a failure; with a new table of the project's
// template and with an existing one.
func TestEvents(t *testing.T) {
	var attempts atomic.Int64
	got := make(chan delivered, 8)
	subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if attempts.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var event delivered
		if body, err := io.ReadAll(r.Body); err != nil || json.Unmarshal(body, &event) != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Api-Key") != "events-key" {
			t.Errorf("%s %s: %s", r.Method, r.Header, body)
		}
		got <- event
	}))
	defer subscriber.Close()
	o := optionsOf(t, "template.yaml", map[string]string{"EVENTS_URL": subscriber.URL, "EVENTS_KEY": "events-key"})
	for _, notice := range []string{"installation.activated", "installation.removed"} {
		s := customer.StartWith(t, o)
		_, err := customer.Table(s.DynamoDBURL()).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.TableName()), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "org#o#app"}, "sk": &types.AttributeValueMemberS{Value: "installation"}, "state": &types.AttributeValueMemberS{Value: "active"},
			"notice": &types.AttributeValueMemberS{Value: notice}, "event": &types.AttributeValueMemberS{Value: `{"orgKey":"o"}`}, "version": &types.AttributeValueMemberN{Value: "7"},
			"features":     &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"f": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"status": &types.AttributeValueMemberS{Value: "in_sync"}}}}},
			"refreshToken": &types.AttributeValueMemberB{Value: []byte("geheim")},
		}})
		if err != nil {
			t.Fatal(err)
		}
		event := <-got // the test's time limit bounds the wait
		before := ""
		if notice == "installation.removed" {
			before = `"before":{"features":{"f":{"status":"in_sync"}},"state":"active"},`
		}
		want := `{` + before + `"orgKey":"o","reference":"","signpostVersion":"` + version.Version + `","type":"` + notice + `","version":7}`
		if event.Version != "0" || event.ID == "" || event.Source != "signpost" || event.DetailType != notice || event.Time.IsZero() || string(event.Detail) != want {
			t.Errorf("delivered %+v with %s, want %s", event, event.Detail, want)
		}
		if !strings.Contains(s.Logs(), "notices | "+notice+" "+want) || strings.Count(s.Logs(), "notices |") != 1 {
			t.Errorf("log:\n%s", s.Logs())
		}
		var kept struct{ Events []delivered }
		answer := customer.Send(t, s.URL(), customer.Request{Method: "GET", Path: stack.EventsPath})
		if err := json.Unmarshal([]byte(answer.Body), &kept); err != nil || len(kept.Events) != 1 || kept.Events[0].ID != event.ID {
			t.Errorf("kept: %d %s", answer.Status, answer.Body)
		}
		s.Stop()
	}
}
