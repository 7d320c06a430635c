package cloud

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awspipes"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"signpost/infra/notices"
)

// How long a pipe retries an event that the bus does not accept: most of the day
// for which the stream keeps a record.
const (
	pipeRetries = 185
	pipeMaxAge  = 23 * 60 * 60
	// One record at a time: the largest is far below the 256 KiB that a state
	// machine accepts, and a failing record does not delay others in its batch.
	pipeBatchSize = 1
)

// addNotices adds the pipe that sends changes of installations from the table's
// stream to the vendor's event bus, at least once, after they are committed.
func (d *deployment) addNotices() {
	bus := awsevents.NewCfnEventBus(d.Stack, jsii.String("Notices"), &awsevents.CfnEventBusProps{
		Name: d.StackName(), Description: jsii.String("Changes of the customers' installations"),
	})
	d.missed = awssqs.NewCfnQueue(d.Stack, jsii.String("MissedNotices"), &awssqs.CfnQueueProps{
		MessageRetentionPeriod: jsii.Number(14 * 24 * 60 * 60), SqsManagedSseEnabled: jsii.Bool(true),
	})
	machine := d.addEventMachine()
	stream := d.table().AttrStreamArn()
	role := d.addRole("NoticesPipeRole", "pipes.amazonaws.com", map[string]awsiam.PolicyDocument{
		"Notices": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
			allow(stream, "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
			allow(machine, "states:StartSyncExecution"),
			allow(bus.AttrArn(), "events:PutEvents"),
			allow(d.missed.AttrArn(), "sqs:SendMessage"),
		}}),
	})
	awspipes.NewCfnPipe(d.Stack, jsii.String("NoticesPipe"), &awspipes.CfnPipeProps{
		Description: jsii.String("Sends changes of installations to the vendor's bus"),
		RoleArn:     role, Source: stream, Enrichment: machine, Target: bus.AttrArn(),
		SourceParameters: &awspipes.CfnPipe_PipeSourceParametersProperty{
			FilterCriteria: &awspipes.CfnPipe_FilterCriteriaProperty{Filters: []any{
				&awspipes.CfnPipe_FilterProperty{Pattern: jsii.String(notices.Filter)},
			}},
			DynamoDbStreamParameters: &awspipes.CfnPipe_PipeSourceDynamoDBStreamParametersProperty{
				StartingPosition: jsii.String("TRIM_HORIZON"), BatchSize: jsii.Number(pipeBatchSize),
				MaximumRetryAttempts: jsii.Number(pipeRetries), MaximumRecordAgeInSeconds: jsii.Number(pipeMaxAge),
				DeadLetterConfig: &awspipes.CfnPipe_DeadLetterConfigProperty{Arn: d.missed.AttrArn()},
			},
		},
		TargetParameters: &awspipes.CfnPipe_PipeTargetParametersProperty{
			EventBridgeEventBusParameters: &awspipes.CfnPipe_PipeTargetEventBridgeEventBusParametersProperty{
				Source: jsii.String(notices.Source), DetailType: jsii.String(notices.DetailType),
			},
		},
	})
	d.addWebhook(bus)
	d.output("NoticesBus", "Event bus with the changes of installations.", bus.Ref())
}

// addEventMachine adds the state machine that turns records into events, and
// returns its ARN. It calls nothing, so its role has no permission. It has no log:
// the pipe retries a record on which it fails, then puts it with the error into
// the queue of missed notices.
func (d *deployment) addEventMachine() *string {
	role := d.addRole("EventMachineRole", "states.amazonaws.com", nil)
	machine := awsstepfunctions.NewCfnStateMachine(d.Stack, jsii.String("EventMachine"), &awsstepfunctions.CfnStateMachineProps{
		StateMachineType: jsii.String("EXPRESS"), RoleArn: role, DefinitionString: jsii.String(notices.Definition()),
	})
	return machine.AttrArn()
}

// addRole adds a role that a service assumes for this account, and returns its ARN.
func (d *deployment) addRole(id, service string, policies map[string]awsiam.PolicyDocument) *string {
	return awsiam.NewRole(d.Stack, jsii.String(id), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String(service), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": d.Account()}},
		}),
		InlinePolicies: &policies,
	}).RoleArn()
}

func allow(on *string, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings(actions...), Resources: &[]*string{on},
	})
}
