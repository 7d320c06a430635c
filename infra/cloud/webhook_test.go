package cloud_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
)

// TestWebhook: a rule posts every event on the bus with the current key; the next key
// exists; what is not accepted goes to the queue of missed notices, which allows that rule
// only.
func TestWebhook(t *testing.T) {
	s := production()
	attribute := func(id, name string) map[string]any { return map[string]any{"Fn::GetAtt": []any{id, name}} }
	s.has("AWS::Events::ApiDestination", map[string]any{
		"InvocationEndpoint": "https://erp.example.com/events", "HttpMethod": "POST", "ConnectionArn": attribute("WebhookConnection", "Arn"),
	})
	s.has("AWS::Events::Connection", map[string]any{
		"AuthorizationType": "API_KEY",
		"AuthParameters": map[string]any{"ApiKeyAuthParameters": map[string]any{
			"ApiKeyName":  "X-Api-Key",
			"ApiKeyValue": map[string]any{"Fn::Join": []any{"", []any{"{{resolve:secretsmanager:", map[string]any{"Ref": "WebhookKey3"}, "}}"}}},
		}},
	})
	s.has("AWS::Events::Rule", map[string]any{
		"EventBusName": map[string]any{"Ref": "Notices"}, "EventPattern": map[string]any{"source": []any{"signpost"}},
		"Targets": []any{map[string]any{
			"Id": "Webhook", "Arn": attribute("Webhook", "Arn"), "RoleArn": assertions.Match_AnyValue(),
			"RetryPolicy":      map[string]any{"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400},
			"DeadLetterConfig": map[string]any{"Arn": attribute("MissedNotices", "Arn")},
		}},
	})
	s.has("AWS::SQS::QueuePolicy", map[string]any{
		"Queues": []any{map[string]any{"Ref": "MissedNotices"}},
		"PolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": attribute("MissedNotices", "Arn"),
			"Principal": map[string]any{"Service": "events.amazonaws.com"},
			"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": attribute("WebhookRule", "Arn")}},
		}}},
	})
	for id, name := range map[string]string{"WebhookKey3": "signpost-prod/webhook-key-3", "WebhookKey4": "signpost-prod/webhook-key-4"} {
		key := s.properties(id)
		if key["Name"] != name || key["GenerateSecretString"] == nil || key["SecretString"] != nil {
			t.Errorf("%s is %v", id, key)
		}
	}
	for id := range unset().plain["Resources"].(map[string]any) {
		if strings.HasPrefix(id, "Webhook") || id == "MissedNoticesPolicy" {
			t.Errorf("a stage without a webhook has %s", id)
		}
	}
}
