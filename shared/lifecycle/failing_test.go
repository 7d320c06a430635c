package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// notice is the notice in the table's row, as its stream brings it.
func (w *world) notice() string {
	w.t.Helper()
	out, err := w.client.GetItem(w.t.Context(), &dynamodb.GetItemInput{TableName: &w.table, Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "org#" + installationtest.Key(w.org.ID()).Text()}, "sk": &types.AttributeValueMemberS{Value: "installation"},
	}})
	w.must(err)
	notice, _ := out.Item["notice"].(*types.AttributeValueMemberS)
	if notice == nil {
		return ""
	}
	return notice.Value
}

// TestLongFailure tests a failure of days: after a day one notice, then less frequent
// tries, and a notice of the recovery.
func TestLongFailure(t *testing.T) {
	w := activatedWorld(t)
	w.alone()
	w.fault(webextest.Fault{Kind: webextest.KindSignage, Status: 403})
	w.pass(66 * time.Minute)
	w.verifyDue()
	began := w.clock()
	tries := map[int]int{} // by day
	var notices []string
	for day := 0; day < 12; {
		row, _ := w.stored()
		w.pass(row.Schedule.DueAt.Sub(w.clock()))
		w.verifyDue()
		if notice := w.notice(); notice != "" {
			notices = append(notices, notice)
		}
		day = int(w.clock().Sub(began).Hours() / 24)
		tries[day]++
		row, _ = w.stored()
		if failing := row.Schedule.Failing(w.clock()); failing != (w.clock().Sub(row.Schedule.FailingSince) >= 24*time.Hour) {
			t.Errorf("after %v: failing is %v", w.clock().Sub(began), failing)
		}
	}
	if tries[3] < 20 || tries[3] > 30 || tries[10] < 3 || tries[10] > 6 {
		t.Errorf("tries by day: %v", tries)
	}
	if len(notices) != 1 || notices[0] != "configuration.failing" {
		t.Errorf("notices = %v", notices)
	}
	for _, want := range []string{`"failing_hours":0`, `"failing_hours":25`, `"webex_status":403`} {
		if !strings.Contains(w.log.text(), want) {
			t.Errorf("no line with %s", want)
		}
	}
	w.provide(webex.PersistentWebApp, lifecycle.Content{DeviceURL: webApp + "&new"}) // restarts the back-off, not the time
	w.pass(7 * time.Hour)
	w.verifyDue()
	if row, _ := w.stored(); row.Schedule.Failures != 1 || !row.Schedule.Failing(w.clock()) || row.Schedule.DueAt.Sub(w.clock()) > time.Minute {
		t.Errorf("a setting changed: %+v", row.Schedule)
	}
	w.cloud.ClearFaults()
	w.pass(time.Minute)
	w.verifyDue()
	if row, _ := w.stored(); w.notice() != "configuration.recovered" || !row.Schedule.FailingSince.IsZero() {
		t.Errorf("recovered: notice %q, failing since %v", w.notice(), row.Schedule.FailingSince)
	}
	before, _ := w.stored()
	w.hours(1)
	if row, _ := w.stored(); row.Version != before.Version {
		t.Errorf("written again, with notice %q", w.notice())
	}
}
