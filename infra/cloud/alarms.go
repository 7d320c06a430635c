package cloud

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

type alarm struct {
	name, description string
	metric            awscloudwatch.IMetric
	// threshold raises the alarm if the metric exceeds it; with silence, if the metric
	// is below it or missing.
	threshold float64
	silence   bool
}

func minutes(n float64) awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(n)) }

// The alarm FailedShare is raised if more than this share of an hour's verifications
// failed, and at least this many.
const (
	failedShare   = 0.2
	failedMinimum = 5
)

// alarms returns all alarms. Conditions that need no action, such as bad signatures
// or a short failure of Webex, are on the dashboard only. Conditions that are logged
// at each attempt have a period of a day, since attempts are up to a day apart.
func (m metrics) alarms() []alarm {
	five, hour, day := minutes(5), minutes(60), awscdk.Duration_Days(jsii.Number(1))
	counted := func(name string, period awscdk.Duration) awscloudwatch.IMetric {
		return m.custom(name, "Sum", period, nil)
	}
	return append([]alarm{
		{name: "Internal", description: "A request was answered 500 internal.",
			metric: m.custom("Problems", "Sum", five, map[string]string{"code": "internal"})},
		{name: "Errors", description: "A function failed or timed out.", metric: m.sum("Errors", five)},
		{name: "Throttles", description: "Lambda refused to run a function: the concurrency of the account is used up.",
			metric: m.sum("Throttles", five)},
		{name: "FailedRuns", description: "A scheduled run could not start or failed; it is in the queue of failures.",
			metric: m.sent(m.d.failures(), five)},
		{name: "MissedNotices", description: "Events for the vendor could not be delivered to the bus or the webhook; the queue of missed notices has them.",
			metric: m.sent(m.d.missed, five)},
		{name: "Backlog", description: "A verification, or the next page of a pass, has been due for more than 30 minutes.",
			metric: m.custom("OldestDue", "Maximum", five, nil), threshold: 30 * 60},
		{name: "InvalidClient", description: "Webex refuses the OAuth client: its id or its secret is wrong.", metric: counted("InvalidClient", hour)},
		{name: "RefusalsSuspected", description: "Webex refused the tokens of several organizations in a row. None is marked invalid, since the cause is probably in this deployment.",
			metric: counted("RefusalsSuspected", hour)},
		{name: "FailedShare", description: fmt.Sprintf("More than %.0f %% of an hour's verifications failed, and at least %d.", 100*failedShare, failedMinimum),
			metric: m.failedShare(hour), threshold: failedShare},
		{name: "FailingForADay", description: "A customer's configurations could not be verified for 24 hours.", metric: counted("FailingForADay", day)},
		{name: "Expiring", description: "A customer's refresh token ends in less than 14 days, since Webex does not extend it.", metric: counted("Expiring", day)},
		{name: "TokenInvalid", description: "More customers than deployment.tokenInvalidPerDay lost their refresh token in a day.",
			metric: counted("TokenInvalid", day), threshold: float64(m.d.Settings.Deployment.TokenInvalidPerDay)},
		{name: "AppDiffers", description: "A customer approved something, and Webex's message about it was lost.", metric: counted("AppDiffers", day)},
		{name: "RolloutHalted", description: "A rollout of the channels has halted, since too large a share of a stage failed.", metric: counted("RolloutHalted", five)},
		{name: "TooManyRequests", description: "Callers were answered 429: a route's limit, which all callers share, was reached.",
			metric: counted("TooManyRequests", five)},
		{name: "ServerErrors", description: "More than 10 requests in 5 minutes were answered 5xx.", metric: m.serverErrors(five), threshold: 10},
	}, m.silenceAlarms()...)
}

// silenceAlarms returns an alarm for each schedule: in a metric of all of them, the
// others would hide one that has stopped.
func (m metrics) silenceAlarms() (list []alarm) {
	if m.d.Settings.Deployment.SchedulesOff() {
		return nil
	}
	for i := range max(1, m.d.Settings.Deployment.VerifyRuns) {
		schedule := strconv.Itoa(i) // its first shard, by the template's mapping VerifyRuns
		list = append(list, alarm{name: "ScheduleSilent" + schedule, description: "Schedule " + schedule + " has finished no run for 15 minutes.",
			metric: m.custom("ScheduleRuns", "Sum", minutes(15), map[string]string{"schedule": schedule}), threshold: 1, silence: true})
	}
	return list
}

// failedShare is the share of verifications that failed; 0 if so few failed that the
// cause may be a single customer's.
func (m metrics) failedShare(period awscdk.Duration) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(fmt.Sprintf("IF(failed >= %d, failed / (failed + verified), 0)", failedMinimum)),
		UsingMetrics: &map[string]awscloudwatch.IMetric{
			"failed": m.custom("Failed", "Sum", period, nil), "verified": m.custom("Verified", "Sum", period, nil),
		},
		Period: period, Label: jsii.String("Failed share"),
	})
}

// sum adds up one of Lambda's metrics over all functions.
func (m metrics) sum(name string, period awscdk.Duration) awscloudwatch.IMetric {
	each := map[string]awscloudwatch.IMetric{}
	var terms []string
	for i, metric := range m.all(name, "Sum", period) {
		id := fmt.Sprintf("m%d", i)
		each[id] = metric
		terms = append(terms, "FILL("+id+",0)")
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(strings.Join(terms, "+")), UsingMetrics: &each, Period: period, Label: jsii.String(name),
	})
}

func (d *deployment) addAlarms(m metrics) []interfacesawscloudwatch.IAlarmRef {
	topic := awssns.NewTopic(d.Stack, jsii.String("Alarms"), &awssns.TopicProps{
		DisplayName: jsii.String("Alarms of " + *d.StackName()), EnforceSSL: jsii.Bool(true),
	})
	// Any added statement replaces the topic's default policy, which allows CloudWatch
	// to publish.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("AlarmsOfThisAccount"), Actions: jsii.Strings("sns:Publish"), Resources: &[]*string{topic.TopicArn()},
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": d.Account()}},
	}))
	if address := d.Settings.Deployment.AlarmEmail; address != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(address), nil))
	}
	action := awscloudwatchactions.NewSnsAction(topic)
	var list []interfacesawscloudwatch.IAlarmRef
	for _, a := range m.alarms() {
		made := awscloudwatch.NewAlarm(d.Stack, jsii.String(a.name+"Alarm"), a.props(*d.StackName()))
		made.AddAlarmAction(action)
		made.AddOkAction(action)
		list = append(list, made)
	}
	d.output("AlarmTopic", "Topic that alarms notify.", topic.TopicArn())
	return list
}

func (a alarm) props(stack string) *awscloudwatch.AlarmProps {
	props := &awscloudwatch.AlarmProps{
		AlarmName: jsii.String(stack + "-" + a.name), AlarmDescription: jsii.String(a.description + " See infra/docs/operate.md#" + strings.ToLower(strings.TrimRight(a.name, "0123"))),
		Metric: a.metric, Threshold: jsii.Number(a.threshold), EvaluationPeriods: jsii.Number(1),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
	}
	if a.silence {
		props.ComparisonOperator = awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
		props.TreatMissingData = awscloudwatch.TreatMissingData_BREACHING
	}
	return props
}
