package cloud

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"signpost/shared/webex"
)

// outsideCodes are the codes of problem answers whose cause is a caller or Webex. They
// raise no alarm.
var outsideCodes = []string{
	"bad_signature", "unknown_key", "bad_algorithm", "wrong_app", "token_expired", "token_replayed",
	"unauthorized", "webex_rejected", "webex_unavailable",
}

const halfWidth = 12

// addDashboard adds the dashboard, which shows the last day.
func (d *deployment) addDashboard(m metrics, alarms []interfacesawscloudwatch.IAlarmRef) {
	board := awscloudwatch.NewDashboard(d.Stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName: d.StackName(), Start: jsii.String("-P1D"),
	})
	board.AddWidgets(awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
		Title: jsii.String("Conditions that need action"), Alarms: &alarms, Width: jsii.Number(2 * halfWidth), Height: jsii.Number(3),
	}))
	hour, five := minutes(60), minutes(5)
	board.AddWidgets(
		graph("Customers", m.custom("Activated", "Sum", hour, nil), m.custom("Removed", "Sum", hour, nil), m.custom("TokenInvalid", "Sum", hour, nil),
			m.custom("AppDiffers", "Sum", hour, nil), m.custom("WrongRegion", "Sum", hour, nil)),
		graph("Configurations, by feature and outcome", m.byFeature("Configurations", "pushed", "deleted", "held", "failed")...),
	)
	board.AddWidgets(
		graph("Drift found", m.byFeature("Drift", "")...),
		graph("Launches, by feature", m.byFeature("Launches", "launched", "redeemed")...),
	)
	board.AddWidgets(
		graph("Schedule", m.custom("Runs", "Sum", five, nil), m.custom("Verified", "Sum", five, nil), m.custom("Failed", "Sum", five, nil),
			m.custom("FailingForADay", "Sum", five, nil), m.sent(d.failures(), five)),
		graph("Due work that runs found and left, and age of the oldest in seconds",
			m.custom("Due", "Maximum", five, nil), m.custom("Left", "Maximum", five, nil), m.custom("OldestDue", "Maximum", five, nil)),
	)
	var refused []awscloudwatch.IMetric
	for _, code := range outsideCodes {
		refused = append(refused, m.custom("Problems", "Sum", five, map[string]string{"code": code}))
	}
	refused = append(refused, m.custom("VendorKeyRefused", "Sum", five, nil))
	board.AddWidgets(
		graph("Refused requests, and failures of Webex", refused...),
		graph("500 internal, all 5xx, 429", m.custom("Problems", "Sum", five, map[string]string{"code": "internal"}), m.serverErrors(five), m.custom("TooManyRequests", "Sum", five, nil)),
	)
	board.AddWidgets(
		graph("Errors and throttles", append(m.all("Errors", "Sum", five), m.sum("Throttles", five))...),
		graph("Duration, 99th percentile", m.all("Duration", "p99", five)...),
	)
}

// byFeature are a metric's values for each feature and outcome.
func (m metrics) byFeature(name string, outcomes ...string) []awscloudwatch.IMetric {
	var list []awscloudwatch.IMetric
	for _, feature := range webex.Features {
		for _, outcome := range outcomes {
			dimensions := map[string]string{"feature": string(feature)}
			if outcome != "" {
				dimensions["outcome"] = outcome
			}
			list = append(list, m.custom(name, "Sum", minutes(60), dimensions))
		}
	}
	return list
}

func graph(title string, lines ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String(title), Left: &lines, Width: jsii.Number(halfWidth), LiveData: jsii.Bool(true),
	})
}
