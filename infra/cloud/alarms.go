package cloud

import (
	"fmt"
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

// alarm is something that a person must act on.
type alarm struct {
	name, description string
	metric            awscloudwatch.IMetric
	threshold         float64
	below             bool
	// silence is an alarm too.
	silence bool
}

func minutes(n float64) awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(n)) }

// alarms lists them all. What strangers or Webex cause, such as bad signatures
// or a 503, is on the dashboard and wakes nobody.
func (m metrics) alarms() []alarm {
	five, day := minutes(5), awscdk.Duration_Days(jsii.Number(1))
	failures := m.d.failures().AttrQueueName()
	return []alarm{
		{name: "Backlog", description: "A verification has been due for more than 30 minutes.",
			metric: m.own("OldestDue", "Maximum", five, nil), threshold: 30 * 60},
		{name: "Internal", description: "A request was answered 500 internal.",
			metric: m.own("Problems", "Sum", five, map[string]string{"code": "internal"}), threshold: 0},
		{name: "Errors", description: "A function ended in an error or in no time left.",
			metric: m.sum("Errors", five), threshold: 0},
		{name: "Throttles", description: "Lambda refused to run a function: the concurrency of the account is used up.",
			metric: m.sum("Throttles", five), threshold: 0},
		{name: "ScheduleSilent", description: "The schedule has finished no run for 15 minutes.",
			metric: m.own("Runs", "Sum", minutes(15), nil), threshold: 1, below: true, silence: true},
		{name: "FailedRuns", description: "A scheduled run could not start or failed; it is in the queue of failures.",
			metric: m.queue("NumberOfMessagesSent", "Sum", failures, five), threshold: 0},
		{name: "TokenInvalid", description: "More customers than usual lost their refresh token in a day.",
			metric: m.own("TokenInvalid", "Sum", day, nil), threshold: float64(m.d.Settings.Deployment.TokenInvalidPerDay)},
	}
}

// sum adds up what Lambda keeps of each function.
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

// addAlarms makes the alarms, and the topic that they go to.
func (d *deployment) addAlarms(m metrics) []interfacesawscloudwatch.IAlarmRef {
	topic := awssns.NewTopic(d.Stack, jsii.String("Alarms"), &awssns.TopicProps{
		DisplayName: jsii.String("Alarms of " + *d.StackName()), EnforceSSL: jsii.Bool(true),
	})
	// A topic with a policy of its own has lost the default one, by which
	// CloudWatch may publish.
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
	d.output("AlarmTopic", "Topic that alarms go to.", topic.TopicArn())
	return list
}

func (a alarm) props(stack string) *awscloudwatch.AlarmProps {
	props := &awscloudwatch.AlarmProps{
		AlarmName: jsii.String(stack + "-" + a.name), AlarmDescription: jsii.String(a.description + " See Operate in the README."),
		Metric: a.metric, Threshold: jsii.Number(a.threshold), EvaluationPeriods: jsii.Number(1),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
	}
	if a.below {
		props.ComparisonOperator = awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
	}
	if a.silence {
		props.TreatMissingData = awscloudwatch.TreatMissingData_BREACHING
	}
	return props
}
