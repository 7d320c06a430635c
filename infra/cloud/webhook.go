package cloud

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"signpost/infra/notices"
	"signpost/infra/stage"
)

// How long EventBridge retries an event that the webhook answers with 429 or 5xx, or not at
// all: its maximum. After other answers it does not try again.
const (
	webhookRetries = 185
	webhookMaxAge  = 24 * 60 * 60
)

// addWebhook posts each event on the bus to the vendor's address, with a key in a header
// that proves the sender: EventBridge cannot sign a body. What is not accepted goes
// to the queue of missed notices.
func (d *deployment) addWebhook(bus awsevents.CfnEventBus) {
	if d.Settings.Deployment.Webhook == "" {
		return
	}
	destination := awsevents.NewCfnApiDestination(d.Stack, jsii.String("Webhook"), &awsevents.CfnApiDestinationProps{
		Description:   jsii.String("The vendor's address for events"),
		ConnectionArn: d.addWebhookConnection().AttrArn(), HttpMethod: jsii.String("POST"),
		InvocationEndpoint: jsii.String(d.Settings.Deployment.Webhook),
	})
	role := d.addRole("WebhookRole", "events.amazonaws.com", map[string]awsiam.PolicyDocument{
		"Webhook": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
			allow(destination.AttrArn(), "events:InvokeApiDestination"),
		}}),
	})
	rule := awsevents.NewCfnRule(d.Stack, jsii.String("WebhookRule"), &awsevents.CfnRuleProps{
		Description: jsii.String("Posts changes of installations to the webhook"), EventBusName: bus.Ref(),
		EventPattern: map[string]any{"source": []string{notices.Source}},
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("Webhook"), Arn: destination.AttrArn(), RoleArn: role,
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{
				MaximumRetryAttempts: jsii.Number(webhookRetries), MaximumEventAgeInSeconds: jsii.Number(webhookMaxAge),
			},
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: d.missed.AttrArn()},
		}},
	})
	// Rules put events into a queue by the queue's policy, not by their role.
	awssqs.NewCfnQueuePolicy(d.Stack, jsii.String("MissedNoticesPolicy"), &awssqs.CfnQueuePolicyProps{
		Queues: &[]*string{d.missed.Ref()},
		PolicyDocument: awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
			awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
				Actions: jsii.Strings("sqs:SendMessage"), Resources: &[]*string{d.missed.AttrArn()},
				Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)},
				Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": rule.AttrArn()}},
			}),
		}}),
	})
}

// addWebhookConnection adds the connection that sends the current key, the key itself, and
// the one that is next, so that the receiver can accept that before it is sent.
// CloudFormation reads a key only when it writes the connection: a key that changed in its
// secret would never be sent, so each number has a secret of its own.
func (d *deployment) addWebhookConnection() awsevents.CfnConnection {
	number := d.Settings.Deployment.WebhookKeyNumber()
	current := d.addWebhookKey(number)
	d.addWebhookKey(number + 1)
	return awsevents.NewCfnConnection(d.Stack, jsii.String("WebhookConnection"), &awsevents.CfnConnectionProps{
		Description:       jsii.String("The key that is sent to the webhook"),
		AuthorizationType: jsii.String("API_KEY"),
		AuthParameters: &awsevents.CfnConnection_AuthParametersProperty{
			ApiKeyAuthParameters: &awsevents.CfnConnection_ApiKeyAuthParametersProperty{
				ApiKeyName: jsii.String(notices.KeyHeader), ApiKeyValue: jsii.String(valueOf(*current.Ref())),
			},
		},
	})
}

func (d *deployment) addWebhookKey(number int) awssecretsmanager.CfnSecret {
	return awssecretsmanager.NewCfnSecret(d.Stack, jsii.String("WebhookKey"+strconv.Itoa(number)), &awssecretsmanager.CfnSecretProps{
		Name: jsii.String(stage.WebhookKeyName(d.Settings.Name, number)), KmsKeyId: d.key,
		Description:          jsii.String("Sent to the webhook in the header " + notices.KeyHeader + "; generated at random"),
		GenerateSecretString: randomKey(),
	})
}
