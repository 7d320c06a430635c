package cloud

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
)

// count is one metric that is read from the functions' log lines.
type count struct {
	metric  string
	pattern string
	// value is the field whose value each line adds; with "" each line adds 1.
	value string
	// by are the fields that become dimensions.
	by []string
	// of are the functions whose lines are counted, or accessLog; nil means all
	// functions with routes.
	of []string
}

// line is the pattern of the lines with this message that also meet the condition, if
// there is one.
func line(message, condition string) string {
	if condition != "" {
		condition = " && " + condition
	}
	return fmt.Sprintf("{ $.msg = %q%s }", message, condition)
}

// accessLog selects API Gateway's access log instead of a function's log.
const accessLog = "Access"

// onInstallations are the functions that change installations.
var onInstallations = []string{"ActivationFunction", "UpdateApprovedFunction", "VerifyConfigsFunction"}

// counts are all metrics from log lines. Packages gateway, lifecycle and schedule log
// them; the template defines the format of the access log.
var counts = []count{
	{metric: "Problems", pattern: `{ $.msg = "request" && $.code = * }`, by: []string{"code"}},
	{metric: "Launches", pattern: `{ $.msg = "request" && ($.outcome = "launched" || $.outcome = "redeemed") && $.feature = * }`, by: []string{"feature", "outcome"},
		of: []string{"AssignContentFunction", "ManageContentFunction", "LaunchesFunction"}},
	{metric: "VendorKeyRefused", pattern: `{ $.msg = "request" && $.code = "unauthorized" }`, of: []string{"InstallationsFunction"}},
	{metric: "Activated", pattern: `{ $.outcome = "activated" }`, of: []string{"ActivationFunction", "VerifyConfigsFunction"}},
	{metric: "Configurations", pattern: line(lifecycle.MsgFeature, ""), by: []string{"feature", "outcome"}, of: onInstallations},
	{metric: "Drift", pattern: line(lifecycle.MsgFeature, `$.drift IS TRUE`), by: []string{"feature"}, of: onInstallations},
	{metric: "TokenInvalid", pattern: line(lifecycle.MsgTokenInvalid, ""), of: onInstallations},
	// The schedule retries an activation that is refused for this, and logs it.
	{metric: "InvalidClient", pattern: `{ $.webex_code = "invalid_client" }`, of: []string{"UpdateApprovedFunction", "VerifyConfigsFunction"}},
	{metric: "Expiring", pattern: `{ $.token_health = "expiring" }`, of: onInstallations},
	{metric: "FailingForADay", pattern: `{ $.failing_hours >= 24 }`, of: []string{"VerifyConfigsFunction"}},
	{metric: "RefusalsSuspected", pattern: line(lifecycle.MsgRefusalsSuspected, ""), of: onInstallations},
	{metric: "AppDiffers", pattern: line(lifecycle.MsgAppDiffers, ""), of: onInstallations},
	{metric: "WrongRegion", pattern: line(lifecycle.MsgWrongRegion, ""), of: onInstallations},
	{metric: "Removed", pattern: line(lifecycle.MsgRemoved, ""), of: onInstallations},
	{metric: "RolloutHalted", pattern: line(schedule.MsgRollout, `$.outcome = "halted"`), of: []string{"VerifyConfigsFunction"}},
	{metric: "Runs", pattern: line(schedule.MsgVerified, ""), of: []string{"VerifyConfigsFunction"}},
	{metric: "ScheduleRuns", pattern: line(schedule.MsgVerified, `$.schedule = *`), by: []string{"schedule"}, of: []string{"VerifyConfigsFunction"}},
	{metric: "Verified", pattern: line(schedule.MsgVerified, ""), value: "$.verified", of: []string{"VerifyConfigsFunction"}},
	{metric: "Failed", pattern: line(schedule.MsgVerified, ""), value: "$.failed", of: []string{"VerifyConfigsFunction"}},
	{metric: "Left", pattern: line(schedule.MsgVerified, ""), value: "$.left", of: []string{"VerifyConfigsFunction"}},
	{metric: "Due", pattern: line(schedule.MsgBacklog, ""), value: "$.due", of: []string{"VerifyConfigsFunction"}},
	{metric: "OldestDue", pattern: line(schedule.MsgBacklog, ""), value: "$.oldest_s", of: []string{"VerifyConfigsFunction"}},
	{metric: "TooManyRequests", pattern: `{ $.status = "429" }`, of: []string{accessLog}},
}

// metrics creates the metrics of a deployment.
type metrics struct{ d *deployment }

// addMetrics adds the filters that extract metrics from log lines.
func (d *deployment) addMetrics() metrics {
	for _, c := range counts {
		functions := c.of
		if functions == nil {
			functions = d.withRoutes()
		}
		for _, function := range functions {
			d.addFilter(c, function)
		}
	}
	return metrics{d}
}

func (d *deployment) withRoutes() []string {
	var ids []string
	for _, f := range d.Template.Functions {
		if len(f.Routes) > 0 {
			ids = append(ids, f.LogicalID)
		}
	}
	return ids
}

func (d *deployment) addFilter(c count, function string) {
	transformation := &awslogs.CfnMetricFilter_MetricTransformationProperty{
		MetricNamespace: jsii.String(d.namespace), MetricName: jsii.String(c.metric), MetricValue: jsii.String(cmp.Or(c.value, "1")),
	}
	var dimensions []any
	for _, field := range c.by {
		dimensions = append(dimensions, &awslogs.CfnMetricFilter_DimensionProperty{Key: jsii.String(field), Value: jsii.String("$." + field)})
	}
	if dimensions != nil {
		transformation.Dimensions = dimensions
	}
	awslogs.NewCfnMetricFilter(d.Stack, jsii.String(strings.TrimSuffix(function, "Function")+c.metric), &awslogs.CfnMetricFilterProps{
		LogGroupName: d.logs(function).Ref(), FilterPattern: jsii.String(c.pattern),
		MetricTransformations: []any{transformation},
	})
}

// metric returns a metric; with label "" CloudWatch chooses one.
func metric(namespace, name, statistic, label string, period awscdk.Duration, dimensions map[string]*string) awscloudwatch.IMetric {
	props := &awscloudwatch.MetricProps{
		Namespace: jsii.String(namespace), MetricName: jsii.String(name), Statistic: jsii.String(statistic), Period: period,
	}
	if label != "" {
		props.Label = jsii.String(label)
	}
	if len(dimensions) > 0 {
		props.DimensionsMap = &dimensions
	}
	return awscloudwatch.NewMetric(props)
}

// custom is one of the metrics from log lines. Its label is the values of its
// dimensions, or its name if it has none.
func (m metrics) custom(name, statistic string, period awscdk.Duration, dimensions map[string]string) awscloudwatch.IMetric {
	values := map[string]*string{}
	var label []string
	for _, field := range []string{"feature", "outcome", "code", "schedule"} {
		if value, ok := dimensions[field]; ok {
			values[field] = jsii.String(value)
			label = append(label, value)
		}
	}
	return metric(m.d.namespace, name, statistic, cmp.Or(strings.Join(label, " "), name), period, values)
}

// lambda is one of Lambda's metrics of a function.
func (m metrics) lambda(name, statistic, function string, period awscdk.Duration) awscloudwatch.IMetric {
	return metric("AWS/Lambda", name, statistic, strings.TrimSuffix(function, "Function"), period,
		map[string]*string{"FunctionName": m.d.function(function).Ref()})
}

// sent counts the messages that were sent to a queue.
func (m metrics) sent(queue awssqs.CfnQueue, period awscdk.Duration) awscloudwatch.IMetric {
	return metric("AWS/SQS", "NumberOfMessagesSent", "Sum", "", period, map[string]*string{"QueueName": queue.AttrQueueName()})
}

// serverErrors counts the requests that API Gateway answered 5xx.
func (m metrics) serverErrors(period awscdk.Duration) awscloudwatch.IMetric {
	api := m.d.included.GetResource(jsii.String("HttpApi")).Ref()
	return metric("AWS/ApiGateway", "5xx", "Sum", "", period, map[string]*string{"ApiId": api})
}

// all returns one of Lambda's metrics for every function.
func (m metrics) all(name, statistic string, period awscdk.Duration) []awscloudwatch.IMetric {
	var list []awscloudwatch.IMetric
	for _, f := range m.d.Template.Functions {
		list = append(list, m.lambda(name, statistic, f.LogicalID, period))
	}
	return list
}
