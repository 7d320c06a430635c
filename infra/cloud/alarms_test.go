package cloud_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/google/go-cmp/cmp"
)

// TestAlarms: exactly these exist, each notifies the topic, and only those for
// silent schedules treat missing data as a fault.
func TestAlarms(t *testing.T) {
	s := production()
	var names []string
	for _, properties := range s.all("AWS::CloudWatch::Alarm") {
		name := strings.TrimPrefix(properties["AlarmName"].(string), "signpost-prod-")
		names = append(names, name)
		if len(properties["AlarmActions"].([]any)) != 1 {
			t.Errorf("%s notifies nobody", name)
		}
		if silent := properties["TreatMissingData"] == "breaching"; silent != strings.HasPrefix(name, "ScheduleSilent") {
			t.Errorf("%s: missing data are %v", name, properties["TreatMissingData"])
		}
	}
	slices.Sort(names)
	want := []string{"AppDiffers", "Backlog", "Errors", "Expiring", "FailedRuns", "FailedShare", "FailingForADay", "Internal", "InvalidClient", "MissedNotices",
		"RefusalsSuspected", "RolloutHalted", "ScheduleSilent0", "ScheduleSilent1", "ServerErrors", "Throttles", "TokenInvalid", "TooManyRequests"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
	runbook := string(must(os.ReadFile("../docs/operate.md")))
	for _, name := range names {
		if !strings.Contains(runbook, "\n### "+strings.TrimRight(name, "0123")+"\n") {
			t.Errorf("infra/docs/operate.md has no entry for %s", name)
		}
	}
	s.has("AWS::SNS::TopicPolicy", map[string]any{
		"PolicyDocument": like(map[string]any{"Statement": assertions.Match_ArrayWith(&[]any{like(map[string]any{
			"Effect": "Allow", "Action": "sns:Publish", "Principal": map[string]any{"Service": "cloudwatch.amazonaws.com"},
		})})}),
	})
	s.has("AWS::SNS::Subscription", map[string]any{"Protocol": "email", "Endpoint": "ops@example.com"})
	s.has("AWS::CloudWatch::Alarm", map[string]any{"AlarmName": "signpost-prod-TokenInvalid", "Threshold": 5})
}

// TestEveryScheduleHasItsAlarm: each schedule that VerifyRuns enables has an alarm,
// by the name that its function logs.
func TestEveryScheduleHasItsAlarm(t *testing.T) {
	s := production()
	runs := s.plain["Mappings"].(map[string]any)["VerifyRuns"].(map[string]any)
	for number, schedules := range runs {
		for i, place := range []string{"First", "Second", "Third", "Fourth"}[:must(strconv.Atoi(number))] {
			var input struct{ Shards []int }
			if err := json.Unmarshal([]byte(schedules.(map[string]any)[place].(string)), &input); err != nil || slices.Min(input.Shards) != i {
				t.Errorf("%s, %s: %v %v", number, place, input, err)
			}
		}
	}
	for _, schedule := range []string{"0", "1"} { // of the two that production has
		want := []string{`Signpost/prod ScheduleRuns [{"Name":"schedule","Value":"` + schedule + `"}]`}
		if diff := cmp.Diff(want, s.watched("signpost-prod-ScheduleSilent"+schedule)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if unset().watched("signpost-dev-ScheduleSilent0") == nil || unset().watched("signpost-dev-ScheduleSilent1") != nil {
		t.Error("the one schedule of the unset stage has no alarm, or another has")
	}
}

func TestDisabledSchedulesHaveNoAlarm(t *testing.T) {
	events := moving().properties("VerifyConfigsFunction")["Events"].(map[string]any)
	if state := events["EveryMinute"].(map[string]any)["Properties"].(map[string]any)["State"]; state != "DISABLED" {
		t.Errorf("the first schedule's state is %v", state)
	}
	if moving().watched("signpost-dev-ScheduleSilent0") != nil {
		t.Error("a disabled schedule has an alarm for its silence")
	}
}

// watched returns the metrics that an alarm watches, nil if there is no such alarm.
func (s synthesis) watched(alarm string) []string {
	var list []string
	metrics, _ := s.alarm(alarm)["Metrics"].([]any)
	for _, raw := range metrics {
		if stat, is := raw.(map[string]any)["MetricStat"].(map[string]any); is {
			metric := stat["Metric"].(map[string]any)
			list = append(list, fmt.Sprintf("%s %s %s", metric["Namespace"], metric["MetricName"], must(json.Marshal(metric["Dimensions"]))))
		}
	}
	return list
}

// TestAlarmsOfTheAPI: they watch this stack's API and its access log.
func TestAlarmsOfTheAPI(t *testing.T) {
	s := production()
	s.has("AWS::CloudWatch::Alarm", map[string]any{
		"AlarmName": "signpost-prod-ServerErrors", "MetricName": "5xx", "Namespace": "AWS/ApiGateway",
		"Dimensions": []any{map[string]any{"Name": "ApiId", "Value": map[string]any{"Ref": "HttpApi"}}},
	})
	s.has("AWS::Logs::MetricFilter", map[string]any{
		"LogGroupName": map[string]any{"Ref": "AccessLogs"}, "FilterPattern": `{ $.status = "429" }`,
	})
}

// TestFailedShare: the expression refers to its metrics, and ignores the few
// failures of a single customer.
func TestFailedShare(t *testing.T) {
	metric := func(id, name string) any {
		return like(map[string]any{"Id": id, "ReturnData": false, "MetricStat": like(map[string]any{"Metric": like(map[string]any{"MetricName": name})})})
	}
	production().has("AWS::CloudWatch::Alarm", map[string]any{
		"AlarmName": "signpost-prod-FailedShare", "Threshold": 0.2,
		"Metrics": assertions.Match_ArrayWith(&[]any{
			like(map[string]any{"Expression": "IF(failed >= 5, failed / (failed + verified), 0)"}),
			metric("failed", "Failed"), metric("verified", "Verified"),
		}),
	})
}
