package cloud_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"signpost/infra/notices"
	"signpost/infra/stage"
)

func like(properties map[string]any) any { return assertions.Match_ObjectLike(&properties) }

func TestFunctionsAreBuiltAssets(t *testing.T) {
	s := production()
	functions := s.all("AWS::Serverless::Function")
	if len(functions) != 7 {
		t.Errorf("%d functions", len(functions))
	}
	for id, properties := range functions {
		code, _ := properties["CodeUri"].(map[string]any)
		if key, _ := code["Key"].(string); !strings.HasSuffix(key, ".zip") || code["Bucket"] == nil {
			t.Errorf("%s: code is %v", id, code)
		}
		reserved := properties["ReservedConcurrentExecutions"]
		if (reserved == 3.0) != (id == "VerifyConfigsFunction") || unset().properties(id)["ReservedConcurrentExecutions"] != nil {
			t.Errorf("%s: %v are reserved", id, reserved)
		}
	}
}

func TestProductionIsProtected(t *testing.T) {
	s := production()
	if !s.protected || unset().protected {
		t.Errorf("termination protection: %v in production, %v elsewhere", s.protected, unset().protected)
	}
	s.has("AWS::DynamoDB::Table", map[string]any{
		"DeletionProtectionEnabled":        true,
		"PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": true},
		"SSESpecification":                 map[string]any{"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": map[string]any{"Fn::GetAtt": []string{"DataKey", "Arn"}}},
	})
	unset().has("AWS::DynamoDB::Table", map[string]any{
		"DeletionProtectionEnabled": false, "SSESpecification": assertions.Match_Absent(),
	})
	unset().ResourceCountIs(jsii.String("AWS::KMS::Key"), jsii.Number(0))
}

// TestWhatOutlivesTheStack: table, key and secrets stay when the stack is deleted,
// are removed when the first deployment fails, and can be adopted by the next
// stack: CloudFormation imports nothing without a deletion policy, and cdk import
// finds resources by these logical ids.
func TestWhatOutlivesTheStack(t *testing.T) {
	lasting := map[string]string{stage.TableID: "AWS::DynamoDB::Table", stage.KeyID: "AWS::KMS::Key"}
	for _, secret := range stage.Secrets("prod") {
		lasting[secret.LogicalID] = "AWS::SecretsManager::Secret"
	}
	s := production()
	for id, resource := range s.plain["Resources"].(map[string]any) {
		policy, kind := resource.(map[string]any)["DeletionPolicy"], resource.(map[string]any)["Type"]
		if kept := policy != nil && policy != "Delete"; kept != (lasting[id] != "") {
			t.Errorf("%s: deletion policy %v", id, policy)
		}
		if lasting[id] != "" && (policy != "RetainExceptOnCreate" || kind != lasting[id]) {
			t.Errorf("%s, a %v: deletion policy %v", id, kind, policy)
		}
		delete(lasting, id)
	}
	if len(lasting) > 0 {
		t.Errorf("the stack has no %v", lasting)
	}
	if name := s.properties(stage.TableID)["TableName"]; name != stage.TableName("prod") {
		t.Errorf("the table's name is %v", name)
	}
}

// TestFirstDeploymentCanFail: resources protected against deletion could be neither
// rolled back nor created again.
func TestFirstDeploymentCanFail(t *testing.T) {
	s := first()
	if protected := s.properties(stage.TableID)["DeletionProtectionEnabled"]; protected != false || s.protected {
		t.Errorf("table protected: %v, stack: %v", protected, s.protected)
	}
	if !production().protected {
		t.Error("a deployed production stage is not protected")
	}
}

// TestKeyIsUsedThroughItsServicesOnly: encryption and decryption are allowed only
// through DynamoDB and Secrets Manager.
func TestKeyIsUsedThroughItsServicesOnly(t *testing.T) {
	policy, _ := production().properties("DataKey")["KeyPolicy"].(map[string]any)
	for _, raw := range policy["Statement"].([]any) {
		statement := raw.(map[string]any)
		text := string(must(json.Marshal(statement)))
		through := strings.Contains(text, "kms:ViaService") && strings.Contains(text, "dynamodb.") && strings.Contains(text, "secretsmanager.") &&
			strings.Contains(text, "kms:CallerAccount")
		for _, action := range statement["Action"].([]any) {
			for _, use := range []string{"crypt", "GenerateDataKey", "CreateGrant", "*"} {
				if strings.Contains(action.(string), use) && !through {
					t.Errorf("%s is allowed: %s", action, text)
				}
			}
		}
	}
}

func TestSecretsAreCreatedEmpty(t *testing.T) {
	for name, s := range map[string]synthesis{"prod": production(), "dev": unset()} {
		for id, secret := range map[string]string{"IntegrationSecret": "integration", "ContentSecret": "content"} {
			properties := s.properties(id)
			if properties["Name"] != "signpost-"+name+"/"+secret || properties["SecretString"] != nil || properties["GenerateSecretString"] != nil {
				t.Errorf("%s: %v", id, properties)
			}
			if (properties["KmsKeyId"] != nil) != (name == "prod") {
				t.Errorf("%s of %s: key %v", id, name, properties["KmsKeyId"])
			}
		}
	}
}

func TestProperties(t *testing.T) {
	for _, test := range []struct {
		resource, property string
		want               map[string]any
	}{
		{"HttpApi", "Domain", map[string]any{
			"DomainName": "signpost.example.com", "CertificateArn": full().Deployment.CertificateARN, "SecurityPolicy": "TLS_1_2",
			"EndpointConfiguration": "REGIONAL", "Route53": map[string]any{"HostedZoneId": "Z0123456789"},
		}},
		// The functions authenticate callers. Without this `sam deploy --guided` asks about each route.
		{"HttpApi", "Auth", map[string]any{"EnableIamAuthorizer": false}},
		{"ActivationFunction", "Tags", map[string]any{"application": "signpost", "stage": "prod", "team": "signage"}},
	} {
		if diff := cmp.Diff(test.want, production().properties(test.resource)[test.property]); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", test.property, test.resource, diff)
		}
	}
	if unset().properties("HttpApi")["Domain"] != nil {
		t.Error("a stage without a domain has one")
	}
}

func TestNotices(t *testing.T) {
	s := production()
	s.has("AWS::Pipes::Pipe", map[string]any{
		"Source": map[string]any{"Fn::GetAtt": []string{"InstallationsTable", "StreamArn"}},
		"Target": map[string]any{"Fn::GetAtt": []string{"Notices", "Arn"}},
		"SourceParameters": like(map[string]any{
			"FilterCriteria":           map[string]any{"Filters": []any{map[string]any{"Pattern": notices.Filter}}},
			"DynamoDBStreamParameters": like(map[string]any{"StartingPosition": "TRIM_HORIZON"}),
		}),
		"Enrichment": map[string]any{"Fn::GetAtt": []string{"EventMachine", "Arn"}},
		"TargetParameters": map[string]any{
			"EventBridgeEventBusParameters": map[string]any{"Source": "signpost", "DetailType": "$.type"},
		},
	})
	// It calls nothing, so its role allows nothing.
	machine := s.properties("EventMachine")
	if machine["StateMachineType"] != "EXPRESS" || machine["DefinitionString"] != notices.Definition() {
		t.Errorf("the state machine is %v", machine)
	}
	role, _ := machine["RoleArn"].(map[string]any)["Fn::GetAtt"].([]any)
	if properties := s.properties(role[0].(string)); properties["Policies"] != nil || properties["ManagedPolicyArns"] != nil {
		t.Errorf("the state machine's role is %v", properties)
	}
	s.has("AWS::IAM::Role", map[string]any{
		"Policies": []any{like(map[string]any{"PolicyDocument": like(map[string]any{"Statement": assertions.Match_ArrayWith(&[]any{
			map[string]any{
				"Effect": "Allow", "Action": "states:StartSyncExecution",
				"Resource": map[string]any{"Fn::GetAtt": []string{"EventMachine", "Arn"}},
			},
		})})})},
	})
}

// TestEveryFilterReadsALogGroupOfTheTemplate also checks that a filter feeds each
// metric of an alarm or the dashboard.
func TestEveryFilterReadsALogGroupOfTheTemplate(t *testing.T) {
	s := production()
	fed := map[string]bool{}
	for _, properties := range s.all("AWS::Logs::MetricFilter") {
		group, _ := properties["LogGroupName"].(map[string]any)["Ref"].(string)
		if s.resource(group)["Type"] != "AWS::Logs::LogGroup" {
			t.Errorf("%v reads %q", properties["FilterPattern"], group)
		}
		for _, raw := range properties["MetricTransformations"].([]any) {
			fed[raw.(map[string]any)["MetricName"].(string)] = true
		}
	}
	for _, properties := range s.all("AWS::CloudWatch::Alarm") {
		name := properties["AlarmName"].(string)
		for _, metric := range s.watched(name) {
			if own, is := strings.CutPrefix(metric, "Signpost/prod "); is && !fed[strings.Fields(own)[0]] {
				t.Errorf("%s watches %s, which nothing feeds", name, metric)
			}
		}
	}
	board := string(must(json.Marshal(s.plain)))
	for _, part := range strings.Split(board, `\"Signpost/prod\",\"`)[1:] {
		name, _, _ := strings.Cut(part, `\"`)
		if !fed[name] {
			t.Errorf("the dashboard shows %s, which nothing feeds (%v)", name, slices.Sorted(maps.Keys(fed)))
		}
	}
	if !strings.Contains(board, `\"Signpost/prod\",\"Configurations\"`) {
		t.Error("the dashboard shows none of Signpost's metrics")
	}
}
